//! Points in time: UTC and marked so from the server, the browser's own zone after hydration.

use vigia_domain::time::civil::Civil;

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Hours and minutes, with the day when it is not clear.
    Minute,
    /// Down to the second, with the day.
    Second,
}

/// RFC 3339 in UTC, for `datetime`.
pub(crate) fn rfc3339(at_ms: i64) -> String {
    Civil::of(at_ms).to_text()
}

/// `2025-01-11 14:00 UTC` from the server; in the browser's zone, without a mark, once `local`.
pub(crate) fn moment(at_ms: i64, detail: Detail, local: bool) -> String {
    let shift_ms = if local { zone_offset_ms(at_ms) } else { 0 };
    let c = Civil::of(at_ms + shift_ms);
    let mark = if local { "" } else { " UTC" };
    match detail {
        Detail::Minute => format!("{:04}-{:02}-{:02} {:02}:{:02}{mark}", c.year, c.month, c.day, c.hour, c.minute),
        Detail::Second => format!("{:04}-{:02}-{:02} {:02}:{:02}:{:02}{mark}", c.year, c.month, c.day, c.hour, c.minute, c.second),
    }
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

    #[test]
    fn the_server_writes_utc_and_says_so() {
        assert_eq!(moment(1_736_604_018_380, Detail::Minute, false), "2025-01-11 14:00 UTC");
        assert_eq!(moment(1_736_604_018_380, Detail::Second, false), "2025-01-11 14:00:18 UTC");
    }
}
