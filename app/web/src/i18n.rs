//! Languages: which there are, which one a request wants, and every text in it.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

include!(concat!(env!("OUT_DIR"), "/texts.rs"));

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Spanish, the first language of the house.
    #[default]
    Es,
    /// English.
    En,
}

impl Lang {
    /// The word in the cookie and in `<html lang>`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
        }
    }

    /// The other one, which the switch offers.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Es => Self::En,
            Self::En => Self::Es,
        }
    }

    /// Every text in this language.
    pub(crate) const fn texts(self) -> &'static Texts {
        match self {
            Self::Es => &ES,
            Self::En => &EN,
        }
    }

    /// The language named by a code like `en`, `en-GB` or `es_MX`.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        match code.trim().get(..2)?.to_ascii_lowercase().as_str() {
            "es" => Some(Self::Es),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The first known language of an `Accept-Language` header, by its weights.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn of_accept(header: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for part in header.split(',') {
            let (code, weight) = part.split_once(";q=").unwrap_or((part, "1"));
            let weight = weight.trim().parse().unwrap_or(0.0);
            if let Some(lang) = Self::of_code(code)
                && weight > best.map_or(0.0, |(w, _)| w)
            {
                best = Some((weight, lang));
            }
        }
        best.map(|(_, lang)| lang)
    }
}

/// The texts of this page. It has one language for its whole life: the switch loads it anew.
pub(crate) fn use_texts() -> &'static Texts {
    use_context::<Lang>().unwrap_or_default().texts()
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_known_language_wins() {
        assert_eq!(Lang::of_accept("en-US,en;q=0.9,es;q=0.8"), Some(Lang::En));
        assert_eq!(Lang::of_accept("de, es-MX;q=0.7, en;q=0.3"), Some(Lang::Es));
        assert_eq!(Lang::of_accept("fr, *;q=0.1"), None);
        assert_eq!(Lang::of_accept("ñ,é;q=x"), None);
        assert_eq!(Lang::of_accept(""), None);
    }

    #[test]
    fn one_and_many_are_told_apart_in_both_languages() {
        assert_eq!(ES.devices_count(1), "1 equipo");
        assert_eq!(ES.devices_count(1204), "1,204 equipos");
        assert_eq!(EN.devices_count(0), "0 devices");
    }
}
