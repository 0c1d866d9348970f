//! Devices that introduced themselves with a provisioning key and that nobody has claimed yet.

use serde::{Deserialize, Serialize};

use crate::device::DeviceKind;

/// A device that waits. Instants are milliseconds since the epoch, RFC 3339 on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct Unclaimed {
    /// The id that it wants.
    pub id: String,
    /// The name of the key that it showed.
    pub key: String,
    /// What the key says that it is.
    pub kind: Option<DeviceKind>,
    /// Whether it is connected.
    pub online: bool,
    /// When it first came.
    #[serde(rename = "created_at", with = "crate::time::wire")]
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = String, format = DateTime))]
    pub created_ms: i64,
    /// When it last connected.
    #[serde(rename = "seen_at", with = "crate::time::wire")]
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = String, format = DateTime))]
    pub seen_ms: i64,
    /// When it was claimed, while it has not signed in with its own token yet.
    #[serde(rename = "claimed_at", with = "crate::time::wire::option")]
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<String>, format = DateTime))]
    pub claimed_ms: Option<i64>,
    /// The newest of what it sent, newest first; nothing of it is stored as readings.
    pub messages: Vec<Waiting>,
}

/// A message of a device that nobody has claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct Waiting {
    /// When it came.
    #[serde(rename = "received_at", with = "crate::time::wire")]
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = String, format = DateTime))]
    pub received_ms: i64,
    /// On which topic.
    pub topic: String,
    /// The beginning of the payload, as text.
    pub excerpt: String,
    /// The payload's whole length in bytes.
    pub bytes: i64,
}

/// What a claimed device is now. Its token goes to the device itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct Claimed {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: DeviceKind,
}
