//! Points in time: UTC and marked so from the server, the browser's own zone after hydration.

use vigia_domain::time::civil::Civil;

use crate::i18n::Texts;

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Hours and minutes alone, where the day is clear.
    Time,
    /// The day, hours and minutes.
    Minute,
    /// The day, down to the second.
    Second,
}

/// RFC 3339 in UTC, for `datetime`.
pub(crate) fn rfc3339(at_ms: i64) -> String {
    Civil::of(at_ms).to_text()
}

/// `11 Jan 2025, 14:00 UTC` from the server; in the browser's zone, without a mark, once `local`. The month is a word: which of two numbers
/// is the day is read in two ways.
pub(crate) fn moment(t: &Texts, at_ms: i64, detail: Detail, local: bool) -> String {
    let Civil { year, month, day, hour, minute, second, .. } = civil(at_ms, local);
    let mark = if local { "" } else { " UTC" };
    let month = usize::try_from(month - 1).ok().and_then(|month| t.date_months.split(' ').nth(month)).unwrap_or_default();
    match detail {
        Detail::Time => format!("{hour:02}:{minute:02}{mark}"),
        Detail::Minute => format!("{day} {month} {year}, {hour:02}:{minute:02}{mark}"),
        Detail::Second => format!("{day} {month} {year}, {hour:02}:{minute:02}:{second:02}{mark}"),
    }
}

/// `2025-01-11T14:00`, as a field for date and time has it.
pub(crate) fn field_text(at_ms: i64, local: bool) -> String {
    let Civil { year, month, day, hour, minute, .. } = civil(at_ms, local);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}")
}

fn civil(at_ms: i64, local: bool) -> Civil {
    Civil::of(at_ms + if local { zone_offset_ms(at_ms) } else { 0 })
}

/// The zone of what [`moment`] writes: `UTC`, or how far the browser's own was from it then, as `UTC−06:00`.
pub(crate) fn zone(at_ms: i64, local: bool) -> String {
    zone_of(if local { zone_offset_ms(at_ms) / 60_000 } else { 0 })
}

fn zone_of(minutes: i64) -> String {
    let (sign, size) = (if minutes < 0 { '−' } else { '+' }, minutes.abs());
    if size == 0 { "UTC".to_owned() } else { format!("UTC{sign}{:02}:{:02}", size / 60, size % 60) }
}

/// To the second, and in which zone: for who wants to know it exactly.
pub(crate) fn exactly(t: &Texts, at_ms: i64, local: bool) -> String {
    let text = moment(t, at_ms, Detail::Second, local);
    if local { format!("{text} {}", zone(at_ms, local)) } else { text }
}

#[cfg(target_arch = "wasm32")]
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "minutes of a zone's offset")]
fn zone_offset_ms(at_ms: i64) -> i64 {
    let minutes_behind = js_sys::Date::new(&(at_ms as f64).into()).get_timezone_offset();
    -(minutes_behind * 60_000.0) as i64
}

#[cfg(not(target_arch = "wasm32"))]
const fn zone_offset_ms(_at_ms: i64) -> i64 {
    0
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::i18n::{EN, ES};

    #[test]
    fn the_server_writes_utc_and_says_so() {
        assert_eq!(moment(&EN, 1_736_604_018_380, Detail::Minute, false), "11 Jan 2025, 14:00 UTC");
        assert_eq!(moment(&ES, 1_736_604_018_380, Detail::Second, false), "11 ene 2025, 14:00:18 UTC");
        assert_eq!(moment(&ES, 1_766_448_018_380, Detail::Minute, false), "23 dic 2025, 00:00 UTC");
        assert_eq!(moment(&ES, 1_736_604_018_380, Detail::Time, false), "14:00 UTC");
        assert_eq!(field_text(1_736_604_018_380, false), "2025-01-11T14:00");
        assert_eq!(exactly(&EN, 1_736_604_018_380, false), "11 Jan 2025, 14:00:18 UTC");
    }

    #[test]
    fn a_zone_is_told_by_how_far_it_is_from_utc() {
        assert_eq!([-480, 840, 345, 0, -210].map(zone_of), ["UTC−08:00", "UTC+14:00", "UTC+05:45", "UTC", "UTC−03:30"]);
    }
}
