//! `[log]`

use serde::Deserialize;

use super::{Entry, quoted};

/// What is logged and how. Logs go to stderr.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// A filter of `tracing`: `info`, `warn,vigia_backend=debug`.
    pub filter: String,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum LogFormat {
    /// One readable line.
    Text,
    /// One JSON object.
    Json,
}

impl TryFrom<String> for LogFormat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("{text:?} is no format; write \"text\" or \"json\"")),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

impl Log {
    pub(super) fn entries(&self) -> Vec<Entry> {
        let format = match self.format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        };
        vec![
            Entry { key: "format", value: Some(quoted(format)), doc: "\"text\" for people, \"json\" for log collectors." },
            Entry {
                key: "filter",
                value: Some(quoted(&self.filter)),
                doc: "Least level, and levels per module: \"info\", \"warn,vigia_backend=debug\".",
            },
        ]
    }
}
