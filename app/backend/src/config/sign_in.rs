//! `[sign_in]`

use serde::Deserialize;

use super::{BadSetting, Entry};

/// How often somebody may be wrong when signing in.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignIn {
    /// Wrong tries at one account from one address in ten minutes.
    pub tries: u32,
    /// Wrong tries from one address in ten minutes, whatever it tries.
    pub tries_per_address: u32,
}

impl Default for SignIn {
    fn default() -> Self {
        Self { tries: 10, tries_per_address: 60 }
    }
}

impl SignIn {
    pub(super) fn check(&self) -> Result<(), BadSetting> {
        for (key, tries) in [("sign_in.tries", self.tries), ("sign_in.tries_per_address", self.tries_per_address)] {
            if !(1..=10_000).contains(&tries) {
                return Err(BadSetting::Value {
                    key,
                    problem: format!("{tries} tries in ten minutes"),
                    fix: "write 1 to 10000".to_owned(),
                });
            }
        }
        Ok(())
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        vec![
            Entry {
                key: "tries",
                value: Some(self.tries.to_string()),
                doc: "Wrong tries at one account from one address in ten minutes; then 429 until some have passed.",
            },
            Entry {
                key: "tries_per_address",
                value: Some(self.tries_per_address.to_string()),
                doc: "Wrong tries from one address in ten minutes, whatever it tries. More where many people share one.",
            },
        ]
    }
}
