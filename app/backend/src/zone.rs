//! Time zones by their names: the zones are compiled in.

use jiff::civil::Date;
use jiff::tz::{self, TimeZone};

/// The longest name of a zone, in bytes; there is none of half of that.
const LONGEST: usize = 64;

/// Whether there is a zone of this name.
#[must_use]
pub fn is_zone(name: &str) -> bool {
    name.len() <= LONGEST && tz::db().get(name).is_ok()
}

/// When a day (`2026-11-23`) begins in a zone, or one that is so many days later; milliseconds since the epoch. Without a zone, and in one that there
/// is not, in UTC. `None`: no day.
#[must_use]
pub fn day_begins(day: &str, days_later: i64, zone: Option<&str>) -> Option<i64> {
    let zone = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let day: Date = day.parse().ok()?;
    let day = day.checked_add(jiff::Span::new().try_days(days_later).ok()?).ok()?;
    Some(day.to_zoned(zone).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use vigia_domain::time;

    use super::*;

    #[test]
    fn a_day_begins_where_its_reader_is() {
        let begins = |zone, later| day_begins("2026-11-23", later, zone).map(time::to_text);
        assert_eq!(begins(Some("America/Mexico_City"), 0).as_deref(), Some("2026-11-23T06:00:00.000Z"));
        assert_eq!(begins(None, 1).as_deref(), Some("2026-11-24T00:00:00.000Z"));
        assert_eq!(begins(Some("Mars/Olympus"), 0).as_deref(), Some("2026-11-23T00:00:00.000Z"));
        assert_eq!((day_begins("yesterday", 0, None), is_zone("America/Mexico_City"), is_zone("America/Nowhere")), (None, true, false));
    }
}
