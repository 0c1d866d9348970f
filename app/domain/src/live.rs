//! What the live channel carries.

use serde::{Deserialize, Serialize};

use crate::device::Presence;

/// What a client of `/api/v1/live` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientMessage {
    /// Topics to hear of, `device/<id>` each.
    Subscribe(Vec<String>),
    /// Topics to hear of no longer.
    Unsubscribe(Vec<String>),
}

/// What a client hears: `{"topic":"device/x","at":"...","values":{"power_w":512.3}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Update {
    /// `device/<id>`.
    pub topic: String,
    /// RFC 3339, UTC, milliseconds: the device's time of these values.
    pub at: String,
    /// Metric and value; only what this message brought. Empty when only the state changed.
    pub values: std::collections::BTreeMap<String, f64>,
    /// Whether the device is online, when this message says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<bool>,
    /// When the device was last heard of, RFC 3339, in the message that repeats what is known to who begins to follow it.
    /// Other messages tell of what was heard just now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<String>,
}

impl Update {
    /// Whether the device is online by this message: as it says, else because its values were heard.
    #[must_use]
    pub fn says_online(&self) -> bool {
        self.online.unwrap_or(!self.values.is_empty())
    }

    /// What is known of the device by this message, when it was last heard of at `seen_ms`.
    #[must_use]
    pub fn presence(&self, seen_ms: Option<i64>) -> Presence {
        match (self.says_online(), seen_ms) {
            (true, _) => Presence::Online,
            // Its connection ended before it had said anything.
            (false, None) if self.values.is_empty() => Presence::Never,
            (false, _) => Presence::Offline,
        }
    }
}

/// A subscription that was refused: `{"topic":..., "error": {"status": 404, "detail": ...}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The topic asked for.
    pub topic: String,
    /// Why not.
    pub error: RefusalReason,
}

/// Status and sentence of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalReason {
    /// As an HTTP status: 403, 404 or 422.
    pub status: u16,
    /// For a person.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_says_whether_its_device_is_there() {
        let update = |online, values: &[f64]| Update {
            topic: "device/m1".to_owned(),
            at: "2026-01-01T00:00:00.000Z".to_owned(),
            values: values.iter().map(|v| ("power_w".to_owned(), *v)).collect(),
            online,
            seen_at: None,
        };
        assert_eq!(update(None, &[1.0]).presence(None), Presence::Online, "whoever sends values is there");
        assert_eq!(update(Some(true), &[]).presence(None), Presence::Online, "it connected");
        assert_eq!(update(Some(false), &[]).presence(None), Presence::Never, "it left without a word");
        assert_eq!(update(Some(false), &[]).presence(Some(1)), Presence::Offline);
        assert_eq!(update(Some(false), &[1.0]).presence(None), Presence::Offline, "its last values, and then it left");
    }
}
