//! What stretch of time a chart shows.

use serde::{Deserialize, Serialize};
use vigia_domain::time::civil::Civil;

use crate::format::{Detail, moment};
use crate::i18n::Texts;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Nothing was measured before 2000.
const EARLIEST_MS: i64 = 946_684_800_000;
/// The longest own period: ten years and a little.
const LONGEST_MS: i64 = 3_660 * DAY_MS;
/// The shortest: narrower, and there is nothing between two readings.
const SHORTEST_MS: i64 = MINUTE_MS;
/// The most points of an own period: what a screen can show.
const MOST_POINTS: i64 = 400;
/// Widths of buckets that people can say. From a quarter of an hour on they are made of quarters.
const WIDTHS_MS: [i64; 19] = [
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    MINUTE_MS,
    2 * MINUTE_MS,
    5 * MINUTE_MS,
    15 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    4 * HOUR_MS,
    8 * HOUR_MS,
    12 * HOUR_MS,
    DAY_MS,
    7 * DAY_MS,
    30 * DAY_MS,
];

/// How far back from now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Range {
    /// 1 h
    #[default]
    Hour,
    /// 24 h
    Day,
    /// 7 d
    Week,
    /// 30 d
    Month,
    /// 365 d
    Year,
}

impl Range {
    /// In the order of the picker.
    pub(crate) const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Year];

    /// The word in the address.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Year => "1y",
        }
    }

    /// The one of that word.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.word() == word)
    }

    /// Its length.
    pub(crate) const fn span_ms(self) -> i64 {
        match self {
            Self::Hour => HOUR_MS,
            Self::Day => DAY_MS,
            Self::Week => 7 * DAY_MS,
            Self::Month => 30 * DAY_MS,
            Self::Year => 365 * DAY_MS,
        }
    }

    /// 10 s, 5 min, a quarter of an hour, an hour and a day.
    const fn bucket_ms(self) -> i64 {
        match self {
            Self::Hour => 10_000,
            Self::Day => 5 * MINUTE_MS,
            Self::Week => 15 * MINUTE_MS,
            Self::Month => HOUR_MS,
            Self::Year => DAY_MS,
        }
    }

    pub(crate) const fn label(self, t: &'static Texts) -> &'static str {
        match self {
            Self::Hour => t.history_hour(),
            Self::Day => t.history_day(),
            Self::Week => t.history_week(),
            Self::Month => t.history_month(),
            Self::Year => t.history_year(),
        }
    }

    pub(crate) const fn label_long(self, t: &'static Texts) -> &'static str {
        match self {
            Self::Hour => t.history_hour_long(),
            Self::Day => t.history_day_long(),
            Self::Week => t.history_week_long(),
            Self::Month => t.history_month_long(),
            Self::Year => t.history_year_long(),
        }
    }
}

/// A stretch of time, as `1h` or `<ms>..<ms>` when a server function is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Period {
    /// It ends now.
    Last(Range),
    /// `[from, to)`, ms since the epoch.
    Between {
        /// Start.
        from_ms: i64,
        /// End.
        to_ms: i64,
    },
}

impl Default for Period {
    fn default() -> Self {
        Self::Last(Range::default())
    }
}

impl Period {
    /// Between two instants in either order, made long or short enough to be drawn.
    pub(crate) fn between(one_ms: i64, other_ms: i64) -> Self {
        let (from_ms, to_ms) = (one_ms.min(other_ms).max(EARLIEST_MS), one_ms.max(other_ms).max(EARLIEST_MS));
        Self::Between { from_ms, to_ms: to_ms.clamp(from_ms + SHORTEST_MS, from_ms + LONGEST_MS) }
    }

    /// Its length.
    pub(crate) const fn span_ms(self) -> i64 {
        match self {
            Self::Last(range) => range.span_ms(),
            Self::Between { from_ms, to_ms } => to_ms - from_ms,
        }
    }

    /// Width of a bucket.
    pub(crate) fn bucket_ms(self) -> i64 {
        match self {
            Self::Last(range) => range.bucket_ms(),
            Self::Between { .. } => WIDTHS_MS.into_iter().find(|width| self.span_ms() / width <= MOST_POINTS).unwrap_or(30 * DAY_MS),
        }
    }

    /// When it begins and ends, ms since the epoch. Buckets of quarters of an hour and more begin where those do, so that they are made of
    /// them; the last one is not over yet. Those of an own period are whole, too.
    pub(crate) fn around(self, now_ms: i64) -> (i64, i64) {
        let bucket_ms = self.bucket_ms();
        let up = |at: i64| (at + bucket_ms - 1).div_euclid(bucket_ms) * bucket_ms;
        match self {
            Self::Last(Range::Hour | Range::Day) => (now_ms - self.span_ms(), now_ms),
            Self::Last(_) => {
                let to_ms = now_ms.div_euclid(bucket_ms) * bucket_ms + bucket_ms;
                (to_ms - self.span_ms(), to_ms)
            }
            Self::Between { from_ms, to_ms } => (from_ms.div_euclid(bucket_ms) * bucket_ms, up(to_ms)),
        }
    }

    /// How far back lies what it is compared with: whole days, so that the same hours lie above each other.
    pub(crate) const fn shift_ms(self) -> i64 {
        let span_ms = self.span_ms();
        if span_ms <= DAY_MS {
            DAY_MS
        } else if span_ms <= 7 * DAY_MS {
            7 * DAY_MS
        } else if span_ms <= 31 * DAY_MS {
            30 * DAY_MS
        } else {
            365 * DAY_MS
        }
    }

    /// The same length before it.
    pub(crate) fn earlier(self, now_ms: i64) -> Self {
        let (from_ms, to_ms) = self.edges(now_ms);
        Self::between(from_ms - (to_ms - from_ms), from_ms)
    }

    /// The same length after it; `None` when that has not begun yet.
    pub(crate) fn later(self, now_ms: i64) -> Option<Self> {
        let Self::Between { from_ms, to_ms } = self else { return None };
        if to_ms >= now_ms {
            return None;
        }
        let span = to_ms - from_ms;
        // What comes near to now is what ends now, and moves.
        let live = Range::ALL.into_iter().find(|range| range.span_ms() == span && to_ms + span + span / 2 >= now_ms);
        Some(live.map_or_else(|| Self::between(to_ms, to_ms + span), Self::Last))
    }

    /// Start and end as people would say them.
    pub(crate) fn edges(self, now_ms: i64) -> (i64, i64) {
        match self {
            // A link to it should not be another one every second.
            Self::Last(range) => {
                let to_ms = now_ms.div_euclid(MINUTE_MS) * MINUTE_MS;
                (to_ms - range.span_ms(), to_ms)
            }
            Self::Between { from_ms, to_ms } => (from_ms, to_ms),
        }
    }

    /// In words. `local`: in the browser's own zone.
    pub(crate) fn label_long(self, t: &'static Texts, local: bool) -> String {
        match self {
            Self::Last(range) => range.label_long(t).to_owned(),
            Self::Between { from_ms, to_ms } => {
                let say = |at_ms| moment(t, at_ms, Detail::Minute, local);
                t.history_between(say(from_ms), say(to_ms))
            }
        }
    }

    /// What it is compared with, in words.
    pub(crate) const fn compared(self, t: &'static Texts) -> &'static str {
        match self.shift_ms() {
            DAY_MS => t.history_before_day(),
            604_800_000 => t.history_before_week(),
            2_592_000_000 => t.history_before_month(),
            _ => t.history_before_year(),
        }
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        match period {
            Period::Last(range) => range.word().to_owned(),
            Period::Between { from_ms, to_ms } => format!("{from_ms}..{to_ms}"),
        }
    }
}

impl TryFrom<String> for Period {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if let Some(range) = Range::of_word(&text) {
            return Ok(Self::Last(range));
        }
        let (from, to) = text.split_once("..").ok_or("a period is a range or two instants")?;
        let read = |text: &str| text.parse::<i64>().ok().filter(|ms| (0..=253_402_300_800_000).contains(ms));
        let (from, to) = read(from).zip(read(to)).ok_or("an instant is milliseconds since the epoch")?;
        Ok(Self::between(from, to))
    }
}

/// An instant of the address: as a field for date and time writes it, in UTC, with or without seconds and `Z`.
pub(crate) fn instant(text: &str) -> Option<i64> {
    let bare = text.strip_suffix('Z').unwrap_or(text);
    let rest = match bare.len() {
        16 => ":00.000Z",
        19 => ".000Z",
        _ => return None,
    };
    Civil::from_text(&format!("{bare}{rest}")).map(Civil::at_ms)
}

/// The same instant for the address.
pub(crate) fn instant_text(at_ms: i64) -> String {
    let text = Civil::of(at_ms).to_text();
    format!("{}Z", &text[..text.len().min(19)])
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use vigia_domain::rollup::QUARTER_MS;

    use super::*;

    const NOW: i64 = 1_736_604_018_380;

    #[test]
    fn what_is_longer_is_made_of_whole_quarters_and_now_lies_in_its_last_bucket() {
        assert_eq!(Period::Last(Range::Day).around(NOW), (NOW - DAY_MS, NOW));
        for period in [Range::Week, Range::Month, Range::Year].map(Period::Last) {
            let (from, to) = period.around(NOW);
            assert_eq!((from % QUARTER_MS, period.bucket_ms() % QUARTER_MS, to - from), (0, 0, period.span_ms()));
            assert!(to > NOW && to - period.bucket_ms() <= NOW);
        }
    }

    #[test]
    fn an_own_period_holds_no_more_points_than_a_screen_and_none_is_finer_than_a_second() {
        for span in [1, MINUTE_MS, HOUR_MS, 5 * HOUR_MS, DAY_MS, 40 * DAY_MS, 20_000 * DAY_MS] {
            let period = Period::between(NOW, NOW - span);
            let (from, to) = period.around(NOW);
            let points = (to - from) / period.bucket_ms();
            assert!((1..=MOST_POINTS + 2).contains(&points) && period.bucket_ms() >= 1000, "{span}: {points}");
            assert_eq!((to - from) % period.bucket_ms(), 0);
        }
    }

    #[test]
    fn periods_stand_side_by_side_and_the_last_one_leads_back_to_now() {
        let before = Period::Last(Range::Hour).earlier(NOW);
        assert_eq!(before.span_ms(), HOUR_MS);
        assert_eq!(before.later(NOW), Some(Period::Last(Range::Hour)));
        assert_eq!(before.earlier(NOW).later(NOW), Some(before));
        assert_eq!(Period::Last(Range::Day).later(NOW), None);
    }

    #[test]
    fn a_period_is_read_as_it_is_written_and_nothing_else_is_one() {
        for period in [Period::Last(Range::Month), Period::between(NOW - DAY_MS, NOW)] {
            assert_eq!(Period::try_from(String::from(period)), Ok(period));
        }
        for text in ["", "hour", "1..", "..", "a..b", "1736604018380", "-5..9", "1..99999999999999999999"] {
            assert!(Period::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn instants_are_read_as_fields_and_links_write_them() {
        assert_eq!(instant("2025-01-11T14:00"), Some(1_736_604_000_000));
        assert_eq!(instant(&instant_text(1_736_604_018_000)), Some(1_736_604_018_000));
        for text in ["", "2025-01-11", "2025-02-30T00:00", "2025-01-11 14:00", "ñ025-01-11T14:0"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
