//! A reading: the values that one device had at one instant.

use serde::{Deserialize, Serialize};

use crate::limits::NAME_BYTES;

/// Values of one device at one instant, as a decoder found them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Milliseconds since the epoch by the device's clock; `None` when it sent no time.
    pub at_ms: Option<i64>,
    /// Metric and value, each metric once, every value finite. Units are those of the name.
    pub values: Vec<(String, f64)>,
}

/// Why a value or its name is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    /// The name breaks the grammar of metrics.
    #[error("the name {0:?} is not 1 to 64 of letters, digits and : _ . -")]
    Name(String),
    /// Not a number that can be stored.
    #[error("{0} is not a finite number")]
    NotFinite(String),
    /// More values than one reading may hold.
    #[error("more than {limit} values in one reading", limit = crate::limits::VALUES_PER_READING)]
    TooMany,
}

/// Checks a metric's or attribute's name: `[A-Za-z0-9:_.-]{1,64}`.
///
/// # Errors
/// [`BadValue::Name`] with the beginning of the name.
pub fn check_name(name: &str) -> Result<(), BadValue> {
    let fits = !name.is_empty() && name.len() <= NAME_BYTES && name.bytes().all(|b| b.is_ascii_alphanumeric() || b":_.-".contains(&b));
    if fits { Ok(()) } else { Err(BadValue::Name(name.chars().take(NAME_BYTES).collect())) }
}

impl Reading {
    /// A reading without values yet.
    #[must_use]
    pub fn at(at_ms: Option<i64>) -> Self {
        Self { at_ms, values: Vec::new() }
    }

    /// Adds a value; a metric named twice keeps the later one.
    ///
    /// # Errors
    /// [`BadValue`] for a bad name, a value that is not finite, or one value too many.
    pub fn push(&mut self, name: &str, value: f64) -> Result<(), BadValue> {
        check_name(name)?;
        if !value.is_finite() {
            return Err(BadValue::NotFinite(name.to_owned()));
        }
        if let Some(old) = self.values.iter_mut().find(|(n, _)| n == name) {
            old.1 = value;
            return Ok(());
        }
        if self.values.len() == crate::limits::VALUES_PER_READING {
            return Err(BadValue::TooMany);
        }
        self.values.push((name.to_owned(), value));
        Ok(())
    }
}
