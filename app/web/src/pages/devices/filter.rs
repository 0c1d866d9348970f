//! Which devices are shown: in the address, so that it can be kept and works without a script, and decided by the server.

use leptos::prelude::*;
use leptos_router::location::Url;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

use crate::components::icon::{Icon, Shape};
use crate::i18n::use_texts;

/// A choice by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Show {
    #[default]
    All,
    Online,
    Offline,
}

impl Show {
    /// The word in the address, by which a server function is asked, too.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Online => "online",
            Self::Offline => "offline",
        }
    }
}

/// What the address asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Words of names, ids and owners.
    pub(super) text: String,
    pub(super) show: Show,
    /// Where the page begins; empty for the first.
    pub(super) from: String,
}

impl Wanted {
    pub(super) fn of(query: &ParamsMap) -> Self {
        let word = |name| query.get_str(name).unwrap_or_default().trim().to_owned();
        let show = match query.get_str("show") {
            Some("online") => Show::Online,
            Some("offline") => Show::Offline,
            _ => Show::All,
        };
        Self { text: word("q"), show, from: word("from") }
    }

    /// Whether anything is left out.
    pub(super) fn leaves_out(&self) -> bool {
        !self.text.is_empty() || self.show != Show::All
    }

    /// The address of this choice, from another page on.
    pub(super) fn page(&self, from: &str) -> String {
        let mut address = String::from("/devices");
        let show = if self.show == Show::All { "" } else { self.show.word() };
        for (name, value) in [("q", self.text.as_str()), ("show", show), ("from", from)] {
            if !value.is_empty() {
                address.push(if address.contains('?') { '&' } else { '?' });
                address.push_str(name);
                address.push('=');
                address.push_str(&Url::escape(value));
            }
        }
        address
    }

    /// The address of the first page of another state.
    fn showing(&self, show: Show) -> String {
        Self { show, ..self.clone() }.page("")
    }
}

/// A field for words and a choice of state. A form and links: the browser alone can use them.
#[component]
pub(super) fn FilterBar(wanted: Wanted) -> impl IntoView {
    let t = use_texts();
    let choice = |of: Show, label: &'static str| {
        view! { <a href=wanted.showing(of) data-noscroll="" aria-current=(wanted.show == of).then_some("true")>{label}</a> }
    };
    view! {
        <div class="filters">
            <form class="search" role="search" action="/devices">
                {(wanted.show != Show::All).then(|| view! { <input r#type="hidden" name="show" value=wanted.show.word()/> })}
                <Icon shape=Shape::Search/>
                <input r#type="search" name="q" value=wanted.text.clone() aria-label=t.devices_filter_text placeholder=t.devices_filter_text
                    autocomplete="off" autocapitalize="none" spellcheck="false" enterkeyhint="search" dir="auto" maxlength="200"/>
            </form>
            <nav class="segments" aria-label=t.devices_filter_label>
                {choice(Show::All, t.devices_filter_all)}
                {choice(Show::Online, t.devices_filter_online)}
                {choice(Show::Offline, t.devices_filter_offline)}
            </nav>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_what_was_chosen_and_begins_anew() {
        let wanted = Wanted { text: "casa ñ&q=<b>".to_owned(), show: Show::Offline, from: "old".to_owned() };
        assert_eq!(wanted.page("YmVs"), "/devices?q=casa%20%C3%B1%26q%3D%3Cb%3E&show=offline&from=YmVs");
        assert_eq!(wanted.showing(Show::All), "/devices?q=casa%20%C3%B1%26q%3D%3Cb%3E");
        assert_eq!(Wanted::default().page(""), "/devices");
    }
}
