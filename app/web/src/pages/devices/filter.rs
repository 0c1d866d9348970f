//! Which devices are shown: in the address, so that it can be kept and works without a script.

use leptos::prelude::*;
use vigia_domain::device::Presence;

use crate::i18n::use_texts;

/// A choice by state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    All,
    Online,
    Offline,
}

impl Filter {
    pub(super) fn of(word: Option<&str>) -> Self {
        match word {
            Some("online") => Self::Online,
            Some("offline") => Self::Offline,
            _ => Self::All,
        }
    }

    pub(super) fn takes(self, presence: Presence) -> bool {
        match self {
            Self::All => true,
            Self::Online => presence == Presence::Online,
            Self::Offline => presence != Presence::Online,
        }
    }
}

#[component]
pub(super) fn FilterBar(filter: Memo<Filter>) -> impl IntoView {
    let t = use_texts();
    let choice = move |of: Filter, href: &'static str, label: &'static str| {
        view! { <a href=href data-noscroll="" aria-current=move || (filter.get() == of).then_some("true")>{label}</a> }
    };
    view! {
        <nav class="segments" aria-label=t.devices_filter_label>
            {choice(Filter::All, "/devices", t.devices_filter_all)}
            {choice(Filter::Online, "/devices?show=online", t.devices_filter_online)}
            {choice(Filter::Offline, "/devices?show=offline", t.devices_filter_offline)}
        </nav>
    }
}
