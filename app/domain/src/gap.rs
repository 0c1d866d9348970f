//! Why a stretch of a history has no readings, as far as somebody knows.

use serde::{Deserialize, Serialize};

/// What is known of a gap. Nothing is guessed: where nobody knows, that is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The device said goodbye at its beginning and has not come back.
    Goodbye,
    /// Messages came and were set aside, because the device's clock was wrong.
    Clock {
        /// How many.
        messages: u64,
    },
    /// Messages came and were set aside for other reasons.
    Refused {
        /// How many.
        messages: u64,
    },
    /// The device sent other values meanwhile, and not this one.
    OtherValues,
    /// Nothing came from the device, while others were heard: we were there.
    Silent,
    /// Nothing came from it, and nobody knows more.
    Unknown,
}

/// A gap with its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// When the gap begins, milliseconds since the epoch.
    pub from_ms: i64,
    /// Why it is.
    pub cause: Cause,
}
