//! `[telemetry]`

use serde::Deserialize;

use super::{BadSetting, Entry, quoted};

/// The time-series store.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// `sql`: in the database above.
    pub engine: String,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { engine: "sql".to_owned() }
    }
}

impl Telemetry {
    pub(super) fn check(&self) -> Result<(), BadSetting> {
        if self.engine == "sql" {
            return Ok(());
        }
        Err(BadSetting::Value {
            key: "telemetry.engine",
            problem: format!("{:?} is not an engine of this version", self.engine),
            fix: "write \"sql\"".to_owned(),
        })
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        vec![Entry { key: "engine", value: Some(quoted(&self.engine)), doc: "Where readings are kept: \"sql\", in the database above." }]
    }
}
