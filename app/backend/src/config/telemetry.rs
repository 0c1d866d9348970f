//! `[telemetry]`

use serde::Deserialize;

use super::{BadSetting, Entry, quoted};

/// The time-series store.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// `sql`: in the database above.
    pub engine: String,
    /// For how many days readings are kept; 0: for ever.
    pub raw_days: u32,
    /// For how many days what they come to per quarter of an hour is kept; 0: for ever.
    pub quarters_days: u32,
    /// As soon as so many readings wait in the log, they become chunks.
    pub seal_readings: usize,
}

/// What [`Telemetry::seal_readings`] may be. Fewer make chunks that are written over and over, more would fill the log.
const SEAL_READINGS: std::ops::RangeInclusive<usize> = 100..=250_000;

impl Default for Telemetry {
    fn default() -> Self {
        Self { engine: "sql".to_owned(), raw_days: 0, quarters_days: 0, seal_readings: 250_000 }
    }
}

impl Telemetry {
    pub(super) fn check(&self) -> Result<(), BadSetting> {
        if self.engine != "sql" {
            return Err(BadSetting::Value {
                key: "telemetry.engine",
                problem: format!("{:?} is not an engine of this version", self.engine),
                fix: "write \"sql\"".to_owned(),
            });
        }
        if self.quarters_days > 0 && (self.raw_days == 0 || self.quarters_days < self.raw_days) {
            return Err(BadSetting::Value {
                key: "telemetry.quarters_days",
                problem: "quarters of an hour are what is left of readings, and cannot go before them".to_owned(),
                fix: "set telemetry.raw_days, and telemetry.quarters_days to as many days or more (0: for ever)".to_owned(),
            });
        }
        if !SEAL_READINGS.contains(&self.seal_readings) {
            return Err(BadSetting::Value {
                key: "telemetry.seal_readings",
                problem: format!("{} is not among {} to {}", self.seal_readings, SEAL_READINGS.start(), SEAL_READINGS.end()),
                fix: "leave it out, or write 250000".to_owned(),
            });
        }
        Ok(())
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        vec![
            Entry { key: "engine", value: Some(quoted(&self.engine)), doc: "Where readings are kept: \"sql\", in the database above." },
            Entry {
                key: "raw_days",
                value: Some(self.raw_days.to_string()),
                doc: "For how many days readings are kept; 0: for ever. What they came to per quarter of an hour stays.",
            },
            Entry {
                key: "quarters_days",
                value: Some(self.quarters_days.to_string()),
                doc: "For how many days what they came to per quarter of an hour (energy, mean, least, most) is kept; 0: for ever.",
            },
            Entry {
                key: "seal_readings",
                value: Some(self.seal_readings.to_string()),
                doc: "As soon as so many readings wait in the log (100 to 250000), or the oldest is ten minutes old, they are compressed.\n\
                      Fewer take less memory and a quicker start, more compress with less work.",
            },
        ]
    }
}
