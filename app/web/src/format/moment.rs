//! Points in time: UTC and marked so from the server, the browser's own zone after hydration.

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
    let c = Civil::of(at_ms);
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", c.year, c.month, c.day, c.hour, c.minute, c.second, c.millisecond)
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

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    millisecond: i64,
}

impl Civil {
    /// Howard Hinnant's `civil_from_days`, <https://howardhinnant.github.io/date_algorithms.html>.
    fn of(at_ms: i64) -> Self {
        let (days, ms) = (at_ms.div_euclid(86_400_000), at_ms.rem_euclid(86_400_000));
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        Self {
            year: yoe + era * 400 + i64::from(month <= 2),
            month,
            day: doy - (153 * mp + 2) / 5 + 1,
            hour: ms / 3_600_000,
            minute: ms / 60_000 % 60,
            second: ms / 1000 % 60,
            millisecond: ms % 1000,
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn moments_agree_with_the_domains_own() {
        for at_ms in [0, 1_736_604_018_380, 951_782_399_999, 4_102_444_800_000, -1, 1_709_164_800_000] {
            assert_eq!(rfc3339(at_ms), vigia_domain::time::to_text(at_ms));
        }
        assert_eq!(moment(1_736_604_018_380, Detail::Minute, false), "2025-01-11 14:00 UTC");
        assert_eq!(moment(1_736_604_018_380, Detail::Second, false), "2025-01-11 14:00:18 UTC");
    }
}
