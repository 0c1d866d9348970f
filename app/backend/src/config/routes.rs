//! `[[mqtt.routes]]`: topics of one's own.

use serde::{Deserialize, Serialize};
use vigia_domain::decode::Decoder;
use vigia_domain::decode::route::{Route, Routes};
use vigia_domain::ids::DeviceId;

use super::BadSetting;

/// A topic, what reads it, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TopicRoute {
    /// `plant/{device}/data`; without `{device}` it needs a device.
    pub topic: String,
    /// What reads its messages.
    pub decoder: Decoder,
    /// Whose messages they are, where the topic does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
}

/// Reads every row, and puts them before the built-in ones.
pub(super) fn table(rows: &[TopicRoute]) -> Result<Routes, BadSetting> {
    let rows = rows.iter().map(|row| {
        Route::new(&row.topic, row.decoder, row.device.clone()).map_err(|bad| BadSetting::Value {
            key: "mqtt.routes",
            problem: format!("{:?}: {bad}", row.topic),
            fix: "write { topic = \"plant/{device}/data\", decoder = \"native\" }, or a topic and its device".to_owned(),
        })
    });
    Ok(Routes::with(rows.collect::<Result<_, _>>()?))
}
