//! `[sign_in]`

use serde::Deserialize;

use super::{BadSetting, Entry};

/// How often something may be tried or asked for in ten minutes.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    /// For one account, from one address.
    pub per_account: u32,
    /// From one address.
    pub per_address: u32,
}

/// How often somebody may be wrong when signing in, and ask for links.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignIn {
    /// Wrong tries at one account from one address in ten minutes.
    pub tries: u32,
    /// Wrong tries from one address in ten minutes, whatever it tries.
    pub tries_per_address: u32,
    /// Links by mail and registrations for one account, asked for from one address in ten minutes.
    pub links: u32,
    /// The same from one address, for whomever.
    pub links_per_address: u32,
}

impl Default for SignIn {
    fn default() -> Self {
        Self { tries: 10, tries_per_address: 60, links: 3, links_per_address: 20 }
    }
}

impl SignIn {
    /// Wrong tries.
    #[must_use]
    pub fn most_tries(&self) -> Most {
        Most { per_account: self.tries, per_address: self.tries_per_address }
    }

    /// Links and registrations that are asked for.
    #[must_use]
    pub fn most_links(&self) -> Most {
        Most { per_account: self.links, per_address: self.links_per_address }
    }

    pub(super) fn check(&self) -> Result<(), BadSetting> {
        for (key, tries) in [
            ("sign_in.tries", self.tries),
            ("sign_in.tries_per_address", self.tries_per_address),
            ("sign_in.links", self.links),
            ("sign_in.links_per_address", self.links_per_address),
        ] {
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
            Entry {
                key: "links",
                value: Some(self.links.to_string()),
                doc: "Links by mail and registrations for one account that are asked for from one address in ten minutes.",
            },
            Entry {
                key: "links_per_address",
                value: Some(self.links_per_address.to_string()),
                doc: "Links by mail and registrations that are asked for from one address in ten minutes, for whomever.",
            },
        ]
    }
}
