//! `[database]`

use serde::Deserialize;

use super::{BadSetting, Entry, Secret, quoted};

/// The relational database.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `postgres://...`, or nothing for SQLite files in the data folder.
    pub url: Option<Secret>,
}

impl Database {
    pub(super) fn check(&self) -> Result<(), BadSetting> {
        match self.url.as_ref().map(Secret::expose) {
            None | Some("sqlite:") => Ok(()),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => Ok(()),
            Some(_) => Err(BadSetting::Value {
                key: "database.url",
                problem: "it is neither sqlite nor PostgreSQL".to_owned(),
                fix: "write \"sqlite:\" for files in the data folder, or \"postgres://user:password@host/database\"".to_owned(),
            }),
        }
    }

    /// The PostgreSQL address, if that is what is set.
    #[must_use]
    pub fn postgres(&self) -> Option<&Secret> {
        self.url.as_ref().filter(|url| url.expose().starts_with("postgres"))
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        vec![Entry {
            key: "url",
            value: Some(self.url.as_ref().map_or_else(|| quoted("sqlite:"), |url| quoted(&url.redacted_url()))),
            doc: "\"sqlite:\" keeps two files in the data folder; \"postgres://user:password@host/database\" uses PostgreSQL 13 or newer.",
        }]
    }
}
