//! Things that happened to a device, as opposed to values it had.

use serde::{Deserialize, Serialize};

/// One event: `{"type": "dose_taken", "ts": ..., "payload": {...}}` on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Milliseconds since the epoch by the device's clock; `None` when it sent no time.
    pub at_ms: Option<i64>,
    /// What happened, in the device's words: a name by the grammar of metrics.
    pub kind: String,
    /// The rest, as it came.
    pub payload: serde_json::Value,
}
