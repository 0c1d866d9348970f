//! What the history shows, as it stands in the address: so it can be kept, and back works.

use leptos_router::params::ParamsMap;

use super::figures::FigureSet;
use crate::components::chart::Move;
use crate::components::chart::period::{Period, Range, instant, instant_text};

/// A choice of what is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    /// The metric; empty for the foremost.
    pub(super) metric: String,
    /// Another one beside it.
    pub(super) other: Option<String>,
    pub(super) period: Period,
    /// A part of the period, seen closer.
    pub(super) zoom: Option<Period>,
    /// Whether its own past stands behind it.
    pub(super) compare: bool,
}

impl View {
    /// What the address asks for. What it says wrong is as if it said nothing.
    pub(super) fn of(query: &ParamsMap) -> Self {
        let word = |name| query.get_str(name).filter(|word| !word.is_empty());
        let both = |(from, to): (&str, &str)| instant(from).zip(instant(to)).map(|(from, to)| Period::between(from, to));
        let range = word("range").and_then(Range::of_word).map(Period::Last);
        Self {
            metric: word("metric").unwrap_or_default().to_owned(),
            other: word("other").map(str::to_owned),
            period: range.or_else(|| both((word("from")?, word("to")?))).unwrap_or_default(),
            zoom: word("zoom").and_then(|zoom| both(zoom.split_once("..")?)),
            compare: word("compare").is_some(),
        }
    }

    /// The same with metrics that the device has.
    pub(super) fn known(self, set: &FigureSet) -> Self {
        let metric = set.chosen(Some(&self.metric)).unwrap_or_default().0;
        let other = self.other.filter(|other| *other != metric && set.metrics().contains(other));
        Self { metric, other, ..self }
    }

    /// What is seen of it.
    pub(super) fn seen(&self) -> Period {
        self.zoom.unwrap_or(self.period)
    }

    /// Of another period; whoever goes there sees all of it.
    pub(super) fn over(&self, period: Period) -> Self {
        Self { period, zoom: None, ..self.clone() }
    }

    /// Where a move leads; `None`: nowhere.
    pub(super) fn after(&self, to: Move, now_ms: i64) -> Option<Self> {
        Some(match to {
            Move::Zoom(from, to) => Self { zoom: Some(Period::between(seconds(from), seconds(to))), ..self.clone() },
            Move::Whole => self.over(self.period),
            Move::Own(from, to) => self.over(Period::between(from, to)),
            Move::Earlier => self.over(self.period.earlier(now_ms)),
            Move::Later => self.over(self.period.later(now_ms)?),
        })
    }

    /// Its address on the page.
    pub(super) fn href(&self) -> String {
        let mut address = String::from("?");
        for (name, value) in self.fields() {
            if address.len() > 1 {
                address.push('&');
            }
            address.push_str(name);
            address.push('=');
            value.bytes().for_each(|b| escape(&mut address, b));
        }
        address
    }

    /// The fields of its address.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let between = |from_ms, to_ms| (instant_text(from_ms), instant_text(to_ms));
        let mut fields = vec![("metric", self.metric.clone())];
        match self.period {
            Period::Last(range) => fields.push(("range", range.word().to_owned())),
            Period::Between { from_ms, to_ms } => {
                let (from, to) = between(from_ms, to_ms);
                fields.extend([("from", from), ("to", to)]);
            }
        }
        fields.extend(self.other.clone().map(|other| ("other", other)));
        if self.compare {
            fields.push(("compare", "1".to_owned()));
        }
        if let Some(Period::Between { from_ms, to_ms }) = self.zoom {
            let (from, to) = between(from_ms, to_ms);
            fields.push(("zoom", format!("{from}..{to}")));
        }
        fields
    }
}

const fn seconds(at_ms: i64) -> i64 {
    at_ms.div_euclid(1000) * 1000
}

/// As it may stand in a query: the address may have brought any text here.
fn escape(address: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
        address.push(char::from(byte));
    } else {
        address.push_str(&format!("%{byte:02X}"));
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    fn read(address: &str) -> View {
        let mut query = ParamsMap::new();
        for (name, value) in address.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('=')) {
            query.insert(name.to_owned(), value.replace("%3A", ":"));
        }
        View::of(&query)
    }

    #[test]
    fn a_view_is_read_as_its_address_says_it() {
        let now = 1_736_604_018_000;
        let view = View { metric: "power_w".into(), other: Some("voltage_v".into()), compare: true, ..View::default() };
        for view in [
            view.clone(),
            view.over(Period::Last(Range::Year)),
            view.over(Period::between(now - 7_200_000, now)),
            view.after(Move::Zoom(now - 600_000, now), now).expect("there"),
        ] {
            assert_eq!(read(&view.href()), view, "{}", view.href());
        }
    }

    #[test]
    fn what_an_address_says_wrong_is_as_if_it_said_nothing() {
        for address in ["?range=2h", "?from=2025-01-01T00:00", "?from=x&to=y", "?zoom=1..2", "?range=", "?zoom=.."] {
            assert_eq!(read(address), View::default(), "{address}");
        }
        let own = read("?from=2025-01-02T00:00&to=2025-01-01T00:00").period;
        assert_eq!(own, Period::between(1_735_689_600_000, 1_735_776_000_000), "the wrong way round");
    }

    #[test]
    fn any_text_stays_inside_its_field() {
        let view = View { metric: "\"><script>&x=1#ñ".into(), ..View::default() };
        assert_eq!(view.href(), "?metric=%22%3E%3Cscript%3E%26x%3D1%23%C3%B1&range=1h");
    }
}
