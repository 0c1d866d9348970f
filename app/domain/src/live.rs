//! What the live channel carries.

use serde::{Deserialize, Serialize};

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
