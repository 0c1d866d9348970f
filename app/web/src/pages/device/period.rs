//! How far back a history goes.

use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

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
}

impl Period {
    /// In the order of the picker.
    pub(super) const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];

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
        }
    }

    /// The word by which a server function is asked.
    #[cfg(target_arch = "wasm32")]
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
        }
    }

    /// Its length.
    pub(crate) const fn span_ms(self) -> i64 {
        match self {
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
            Self::Week => 7 * 86_400_000,
        }
    }

    /// Buckets: 10 s, 5 min and 20 min wide, what a screen can show.
    pub(crate) const fn points(self) -> u32 {
        match self {
            Self::Hour => 360,
            Self::Day => 288,
            Self::Week => 504,
        }
    }

    /// Width of a bucket.
    pub(super) const fn bucket_ms(self) -> i64 {
        self.span_ms() / self.points() as i64
    }

    pub(super) const fn label(self, t: &'static Texts) -> &'static str {
        match self {
            Self::Hour => t.history_hour,
            Self::Day => t.history_day,
            Self::Week => t.history_week,
        }
    }

    pub(super) const fn label_long(self, t: &'static Texts) -> &'static str {
        match self {
            Self::Hour => t.history_hour_long,
            Self::Day => t.history_day_long,
            Self::Week => t.history_week_long,
        }
    }
}
