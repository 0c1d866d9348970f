//! Instants as `i64` milliseconds since the Unix epoch, and the texts they come in and go out as.

pub mod civil;
pub mod wire;

use jiff::{SignedDuration, Timestamp, fmt::temporal::DateTimePrinter};

use crate::limits::{AHEAD_MS, EARLIEST_MS};

/// Below this a number is seconds, from it on milliseconds: 1e11 s is the year 5138, 1e11 ms is 1973.
const SECONDS_BELOW: f64 = 1e11;

/// Why a time is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTime {
    /// Neither a number nor RFC 3339.
    #[error("the time {0:?} is neither Unix seconds or milliseconds nor RFC 3339")]
    Unreadable(String),
    /// Before 2000: a clock that was never set.
    #[error("the time {0} is before the year 2000: the device's clock is not set")]
    TooEarly(String),
    /// More than ten minutes ahead of the server.
    #[error("the time {0} is more than 10 minutes ahead of the server's clock")]
    TooLate(String),
}

/// Unix seconds (fractions allowed) or milliseconds, told apart by size, to milliseconds.
///
/// # Errors
/// [`BadTime::Unreadable`] for what is not finite or does not fit.
pub fn from_number(value: f64) -> Result<i64, BadTime> {
    let ms = if value.abs() < SECONDS_BELOW { value * 1000.0 } else { value };
    if !ms.is_finite() || ms.abs() > 9e15 {
        return Err(BadTime::Unreadable(value.to_string()));
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded above, and rounded")]
    Ok(ms.round() as i64)
}

/// RFC 3339, or a number as text, to milliseconds.
///
/// # Errors
/// [`BadTime::Unreadable`] for anything else.
pub fn from_text(text: &str) -> Result<i64, BadTime> {
    if let Ok(number) = text.parse::<f64>() {
        return from_number(number);
    }
    text.parse::<Timestamp>().map(|t| t.as_millisecond()).map_err(|_| BadTime::Unreadable(shortened(text)))
}

/// RFC 3339 or Unix milliseconds, as the ranges of the HTTP interface have them.
///
/// # Errors
/// [`BadTime::Unreadable`] for anything else.
pub fn from_query(text: &str) -> Result<i64, BadTime> {
    if let Ok(ms) = text.parse::<i64>() {
        return if ms.unsigned_abs() < 9_000_000_000_000_000 { Ok(ms) } else { Err(BadTime::Unreadable(shortened(text))) };
    }
    text.parse::<Timestamp>().map(|t| t.as_millisecond()).map_err(|_| BadTime::Unreadable(shortened(text)))
}

/// Checks that a device's time lies from 2000 to ten minutes ahead of `now_ms`.
///
/// # Errors
/// [`BadTime::TooEarly`] or [`BadTime::TooLate`].
pub fn plausible(at_ms: i64, now_ms: i64) -> Result<i64, BadTime> {
    if at_ms < EARLIEST_MS {
        Err(BadTime::TooEarly(to_text(at_ms)))
    } else if at_ms > now_ms + AHEAD_MS {
        Err(BadTime::TooLate(to_text(at_ms)))
    } else {
        Ok(at_ms)
    }
}

/// RFC 3339, UTC, always with three digits of milliseconds. An instant outside jiff's range is written as its number.
#[must_use]
pub fn to_text(at_ms: i64) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    let Ok(at) = Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_millis(at_ms)) else { return at_ms.to_string() };
    PRINTER.timestamp_to_string(&at)
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_782_000_000_000;

    #[test]
    fn seconds_milliseconds_fractions_and_texts_mean_the_same() {
        assert_eq!(from_number(1_736_604_018.38), Ok(1_736_604_018_380));
        assert_eq!(from_number(1_736_604_018_380.0), Ok(1_736_604_018_380));
        assert_eq!(from_text("1736604018.38"), Ok(1_736_604_018_380));
        assert_eq!(from_text("2025-01-11T14:00:18.380Z"), Ok(1_736_604_018_380));
        assert_eq!(from_text("2025-01-11T08:00:18.380-06:00"), Ok(1_736_604_018_380));
        assert!(from_text("yesterday").is_err());
        assert!(from_number(f64::NAN).is_err());
        assert!(from_number(f64::INFINITY).is_err());
    }

    #[test]
    fn a_clock_never_set_and_one_of_next_year_are_told_apart() {
        assert!(matches!(plausible(5_000, NOW), Err(BadTime::TooEarly(_))));
        assert!(matches!(plausible(NOW + 365 * 86_400_000, NOW), Err(BadTime::TooLate(_))));
        assert_eq!(plausible(NOW + AHEAD_MS, NOW), Ok(NOW + AHEAD_MS));
        assert!(plausible(NOW + AHEAD_MS + 1, NOW).is_err());
        assert_eq!(plausible(EARLIEST_MS, NOW), Ok(EARLIEST_MS));
    }

    #[test]
    fn times_go_out_as_rfc_3339_with_milliseconds() {
        assert_eq!(to_text(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(to_text(1_736_604_018_380), "2025-01-11T14:00:18.380Z");
        assert_eq!(from_query("2025-01-11T14:00:18.380Z"), Ok(1_736_604_018_380));
        assert_eq!(from_query("1736604018380"), Ok(1_736_604_018_380));
        assert_eq!(from_query("1000"), Ok(1000), "a query's number is always milliseconds");
    }
}
