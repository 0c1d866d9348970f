//! `[ingest]`

use std::collections::BTreeSet;

use serde::Deserialize;
use vigia_domain::plausible::Limit;
use vigia_domain::reading::check_name;

use super::{BadSetting, Entry, inline, quoted};

/// What is taken from devices.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ingest {
    /// What values may be.
    pub limits: Vec<Limit>,
    /// The tag of a line that names its device.
    pub line_protocol_device_tag: String,
    /// Tags whose values stand in the metric's name.
    pub line_protocol_name_tags: Vec<String>,
}

impl Default for Ingest {
    fn default() -> Self {
        Self { limits: Vec::new(), line_protocol_device_tag: "device".to_owned(), line_protocol_name_tags: Vec::new() }
    }
}

impl Ingest {
    pub(super) fn check(&self) -> Result<(), BadSetting> {
        let mut named = BTreeSet::new();
        for limit in &self.limits {
            let metric = &limit.metric;
            check_name(metric).map_err(|e| bad(e.to_string(), "write the metric's whole name, such as \"voltage_v\""))?;
            if limit.least.is_none() && limit.most.is_none() && limit.change_per_s.is_none() {
                return Err(bad(format!("the limit of {metric} limits nothing"), "give it least, most or change_per_s"));
            }
            let numbers = [limit.least, limit.most, limit.change_per_s];
            if numbers.iter().flatten().any(|number| !number.is_finite()) || limit.range().is_some_and(|range| range.least > range.most) {
                return Err(bad(
                    format!("no value of {metric} lies within its limit"),
                    "least is at most most, both are numbers; a side that is not given stays as it is known of the quantity",
                ));
            }
            if limit.change_per_s.is_some_and(|most| most <= 0.0) {
                return Err(bad(format!("{metric} may never change"), "change_per_s is more than 0"));
            }
            if !named.insert((metric, limit.kind.map(|kind| kind.as_str()))) {
                return Err(bad(format!("{metric} is limited twice"), "write one limit of a metric, or one of each kind"));
            }
        }
        if self.line_protocol_device_tag.is_empty() {
            return Err(BadSetting::Value {
                key: "ingest.line_protocol_device_tag",
                problem: "it is empty".to_owned(),
                fix: "write the tag's name, such as \"device\" or \"host\"".to_owned(),
            });
        }
        Ok(())
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        vec![
            Entry {
                key: "limits",
                value: Some(inline(&self.limits)),
                doc: "What values may be, beyond what is certain of their quantity; others are set aside with their reason:\n\
                      [{ metric = \"voltage_v\", kind = \"energy_meter\", least = 90, most = 150, change_per_s = 50 }]",
            },
            Entry {
                key: "line_protocol_device_tag",
                value: Some(quoted(&self.line_protocol_device_tag)),
                doc: "The tag that names the device in line protocol.",
            },
            Entry {
                key: "line_protocol_name_tags",
                value: Some(inline(&self.line_protocol_name_tags)),
                doc: "Tags whose values stand in the metric's name, such as [\"cpu\"]: cpu_cpu0_usage_idle. Other tags are left out.",
            },
        ]
    }
}

fn bad(problem: String, fix: &str) -> BadSetting {
    BadSetting::Value { key: "ingest.limits", problem, fix: fix.to_owned() }
}
