//! `[limits]`

use std::num::NonZeroU32;

use serde::Deserialize;

use super::{BadSetting, Entry};

/// How many requests are taken. Tenfold of each may come at once.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestLimits {
    /// In a second, of one person, key or device.
    pub per_key: NonZeroU32,
    /// In a second, of one network address that says not who it is, or says it wrongly.
    pub per_address: NonZeroU32,
}

/// Far above what a program sends that waits for each answer.
const PER_KEY: NonZeroU32 = NonZeroU32::new(500).expect("some");
const PER_ADDRESS: NonZeroU32 = NonZeroU32::new(50).expect("some");
const MOST: u32 = 1_000_000;

impl Default for RequestLimits {
    fn default() -> Self {
        Self { per_key: PER_KEY, per_address: PER_ADDRESS }
    }
}

impl RequestLimits {
    pub(super) fn check(self) -> Result<(), BadSetting> {
        for (key, limit) in [("limits.per_key", self.per_key), ("limits.per_address", self.per_address)] {
            if limit.get() > MOST {
                return Err(BadSetting::Value { key, problem: format!("{limit} requests a second"), fix: format!("write 1 to {MOST}") });
            }
        }
        Ok(())
    }

    pub(super) fn entries(self) -> Vec<Entry> {
        vec![
            Entry {
                key: "per_key",
                value: Some(self.per_key.to_string()),
                doc: "Requests a second of one person, key or device, and ten times as many at once; then 429 with Retry-After.",
            },
            Entry {
                key: "per_address",
                value: Some(self.per_address.to_string()),
                doc: "Requests a second from one network address without a credential that is good, likewise.",
            },
        ]
    }
}
