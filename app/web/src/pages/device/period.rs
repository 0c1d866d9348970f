//! How far back a history goes.

use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};
#[cfg(not(target_arch = "wasm32"))]
use vigia_domain::rollup::QUARTER_MS;

use crate::i18n::Texts;

/// A period that ends now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Period {
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

impl Period {
    /// In the order of the picker.
    pub(super) const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Year];

    /// The one in the address.
    pub(super) fn of(query: &ParamsMap) -> Self {
        Self::ALL.into_iter().find(|p| query.get_str("range") == Some(p.word())).unwrap_or_default()
    }

    /// The word in the address.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Year => "1y",
        }
    }

    /// The word by which a server function is asked.
    #[cfg(target_arch = "wasm32")]
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// Its length.
    pub(crate) const fn span_ms(self) -> i64 {
        match self {
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
            Self::Week => 7 * 86_400_000,
            Self::Month => 30 * 86_400_000,
            Self::Year => 365 * 86_400_000,
        }
    }

    /// Buckets: 10 s, 5 min, a quarter of an hour, an hour and a day wide, what a screen can show.
    pub(crate) const fn points(self) -> u32 {
        match self {
            Self::Hour => 360,
            Self::Day => 288,
            Self::Week => 672,
            Self::Month => 720,
            Self::Year => 365,
        }
    }

    /// Width of a bucket.
    pub(crate) const fn bucket_ms(self) -> i64 {
        self.span_ms() / self.points() as i64
    }

    /// When it begins and ends, ms since the epoch. Buckets of quarters of an hour and more begin where those do, so that they are made of
    /// them; the last one is not over yet.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) const fn around(self, now_ms: i64) -> (i64, i64) {
        let bucket_ms = self.bucket_ms();
        let to_ms = if bucket_ms < QUARTER_MS { now_ms } else { now_ms.div_euclid(bucket_ms) * bucket_ms + bucket_ms };
        (to_ms - self.span_ms(), to_ms)
    }

    pub(super) const fn label(self, t: &'static Texts) -> &'static str {
        match self {
            Self::Hour => t.history_hour,
            Self::Day => t.history_day,
            Self::Week => t.history_week,
            Self::Month => t.history_month,
            Self::Year => t.history_year,
        }
    }

    pub(super) const fn label_long(self, t: &'static Texts) -> &'static str {
        match self {
            Self::Hour => t.history_hour_long,
            Self::Day => t.history_day_long,
            Self::Week => t.history_week_long,
            Self::Month => t.history_month_long,
            Self::Year => t.history_year_long,
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn what_is_longer_is_made_of_whole_quarters_and_now_lies_in_its_last_bucket() {
        let now = 1_736_604_018_380;
        assert_eq!(Period::Day.around(now), (now - 86_400_000, now));
        for period in [Period::Week, Period::Month, Period::Year] {
            let (from, to) = period.around(now);
            assert_eq!((from % QUARTER_MS, period.bucket_ms() % QUARTER_MS, to - from), (0, 0, period.span_ms()));
            assert!(to > now && to - period.bucket_ms() <= now);
        }
    }
}
