//! `[data]`

use std::path::PathBuf;

use serde::Deserialize;

use super::{BadSetting, Entry, quoted};

/// Where files are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// The folder of the databases.
    pub dir: PathBuf,
}

impl Default for Data {
    fn default() -> Self {
        Self { dir: PathBuf::from("./data") }
    }
}

impl Data {
    pub(super) fn check(&self) -> Result<(), BadSetting> {
        if self.dir.as_os_str().is_empty() {
            return Err(BadSetting::Value {
                key: "data.dir",
                problem: "it is empty".to_owned(),
                fix: "write a folder, for example \"./data\"".to_owned(),
            });
        }
        Ok(())
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        vec![Entry {
            key: "dir",
            value: Some(quoted(&self.dir.to_string_lossy())),
            doc: "The folder of the databases; made at the first start, readable by its owner alone.",
        }]
    }
}
