//! The parts of a device's page, as they stand in its address beside what the history shows.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;

use super::view::View;
use crate::components::tabs::{Tab, Tabs};
use crate::i18n::use_texts;

/// A part of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    /// What it measures: values and history.
    #[default]
    Overview,
    /// What it sends, as it comes; what was set aside; a payload to try.
    Messages,
    /// What it says of itself.
    About,
}

impl Part {
    /// The one that an address names; any other word is the first.
    pub(super) fn of(query: &ParamsMap) -> Self {
        match query.get_str("tab") {
            Some("messages") => Self::Messages,
            Some("about") => Self::About,
            _ => Self::Overview,
        }
    }

    /// Its address. What the history shows stays in it, so that one comes back to the same curve.
    pub(super) fn href(self, query: &ParamsMap) -> String {
        let view = View::of(query);
        let kept = if view == View::default() { String::from("?") } else { view.href() };
        let mark = if kept.len() > 1 { "&" } else { "" };
        match self {
            Self::Overview => kept,
            Self::Messages => format!("{kept}{mark}tab=messages"),
            Self::About => format!("{kept}{mark}tab=about"),
        }
    }
}

/// Whether a part is shown.
pub(super) fn is_open(part: Part) -> Signal<bool> {
    let query = use_query_map();
    Memo::new(move |_| query.with(Part::of) == part).into()
}

/// The way from part to part; `aside`: how many things were set aside.
#[component]
pub(super) fn Parts(aside: Signal<usize>) -> impl IntoView {
    let (t, query) = (use_texts(), use_query_map());
    let tab = |part: Part, label: &'static str, mark: Signal<Option<String>>| Tab {
        label,
        href: Signal::derive(move || query.with(|query| part.href(query))),
        is_open: is_open(part),
        mark,
    };
    let none = Signal::stored(None);
    let aside = Signal::derive(move || Some(aside.get()).filter(|n| *n > 0).map(|n| t.device_tab_aside(n as u64)));
    let tabs = vec![
        tab(Part::Overview, t.device_tab_overview(), none),
        tab(Part::Messages, t.device_tab_messages(), aside),
        tab(Part::About, t.device_tab_about(), none),
    ];
    view! { <Tabs label=t.device_tabs() tabs/> }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> ParamsMap {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_part_keeps_what_the_history_shows_and_nothing_else() {
        let at = query(&[("metric", "voltage_v"), ("range", "24h"), ("tab", "messages"), ("x", "<b>")]);
        assert_eq!(Part::of(&at), Part::Messages);
        assert_eq!(Part::Overview.href(&at), "?metric=voltage_v&range=24h");
        assert_eq!(Part::About.href(&at), "?metric=voltage_v&range=24h&tab=about");
        let bare = query(&[("tab", "<script>")]);
        assert_eq!((Part::of(&bare), Part::Messages.href(&bare).as_str()), (Part::Overview, "?tab=messages"));
    }
}
