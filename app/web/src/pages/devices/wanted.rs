//! Which devices are shown and how: in the address, so that it can be kept and works without a script, and decided by the server.

use leptos_router::location::Url;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};
use vigia_domain::device::DeviceKind;
use vigia_domain::sort::{Sort, SortBy};

/// A choice by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Show {
    #[default]
    All,
    Online,
    Offline,
    Never,
}

impl Show {
    fn of_word(word: &str) -> Self {
        match word {
            "online" => Self::Online,
            "offline" => Self::Offline,
            "never" => Self::Never,
            _ => Self::All,
        }
    }

    /// The word in the address; empty for all.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Never => "never",
        }
    }
}

/// What the address asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Words of names, ids and owners.
    pub(crate) text: String,
    pub(crate) show: Show,
    pub(crate) kind: Option<DeviceKind>,
    /// Their e-mail address; empty for all.
    pub(crate) owner: String,
    pub(crate) sort: Sort,
    /// Where the page begins; empty for the first.
    pub(crate) from: String,
}

impl Wanted {
    /// By the words of an address.
    pub(super) fn new(text: String, show: &str, kind: &str, owner: String, sort: &str, from: String) -> Self {
        Self { text, show: Show::of_word(show), kind: kind.parse().ok(), owner, sort: Sort::of_word(sort), from }
    }

    pub(super) fn of(query: &ParamsMap) -> Self {
        let word = |name| query.get_str(name).unwrap_or_default().trim();
        Self::new(word("q").to_owned(), word("show"), word("kind"), word("owner").to_owned(), word("sort"), word("from").to_owned())
    }

    /// Name and value of everything that is asked for; what is not has an empty value.
    pub(super) fn words(&self) -> [(&'static str, &str); 6] {
        let kind = self.kind.map_or("", DeviceKind::as_str);
        [
            ("q", &self.text),
            ("show", self.show.word()),
            ("kind", kind),
            ("owner", &self.owner),
            ("sort", self.sort.word()),
            ("from", &self.from),
        ]
    }

    /// Whether each of these words, if it is not empty, was understood.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn says(&self, asked: &[(&str, &String)]) -> bool {
        asked.iter().all(|(name, word)| word.is_empty() || self.words().contains(&(*name, word.as_str())))
    }

    /// Whether anything is left out.
    pub(super) fn leaves_out(&self) -> bool {
        !self.text.is_empty() || self.show != Show::All || self.kind.is_some() || !self.owner.is_empty()
    }

    /// The address of this choice.
    fn address(&self, path: &str) -> String {
        let mut address = String::from(path);
        for (name, value) in self.words() {
            if !value.is_empty() {
                address.push(if address.contains('?') { '&' } else { '?' });
                address.push_str(name);
                address.push('=');
                address.push_str(&Url::escape(value));
            }
        }
        address
    }

    /// The address of this choice, from another page on.
    pub(super) fn page(&self, from: &str) -> String {
        Self { from: from.to_owned(), ..self.clone() }.address("/devices")
    }

    /// The address of everything that it takes, as a table for other programs.
    pub(super) fn export(&self, path: &str) -> String {
        Self { from: String::new(), ..self.clone() }.address(path)
    }

    /// The address of the first page of another state.
    pub(super) fn showing(&self, show: Show) -> String {
        Self { show, ..self.clone() }.page("")
    }

    /// The address of the first page of another kind.
    pub(super) fn of_kind(&self, kind: Option<DeviceKind>) -> String {
        Self { kind, ..self.clone() }.page("")
    }

    /// The address of the first page of another owner; empty for all.
    pub(crate) fn of_owner(&self, owner: &str) -> String {
        Self { owner: owner.to_owned(), ..self.clone() }.page("")
    }

    /// The address of the first page in another order.
    pub(super) fn sorted(&self, sort: Sort) -> String {
        Self { sort, ..self.clone() }.page("")
    }

    /// The order that the head of a column leads to: its own, then the other way round, then the usual one.
    pub(super) fn next_sort(&self, by: SortBy) -> Sort {
        // Of numbers and instants the large ones are looked for.
        let first = Sort { by, descending: matches!(by, SortBy::Value | SortBy::Seen) };
        let second = Sort { descending: !first.descending, ..first };
        if self.sort == first {
            second
        } else if self.sort == second {
            Sort::default()
        } else {
            first
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_what_was_chosen_and_begins_anew() {
        let wanted = Wanted { text: "casa ñ&q=<b>".to_owned(), show: Show::Offline, from: "old".to_owned(), ..Wanted::default() };
        assert_eq!(wanted.page("YmVs"), "/devices?q=casa%20%C3%B1%26q%3D%3Cb%3E&show=offline&from=YmVs");
        assert_eq!(wanted.showing(Show::All), "/devices?q=casa%20%C3%B1%26q%3D%3Cb%3E");
        assert_eq!(Wanted::default().page(""), "/devices");
        let all = Wanted { kind: Some(DeviceKind::Switch), owner: "a@b.mx".to_owned(), sort: Sort::of_word("-value"), ..wanted };
        let words = all.words().map(|(_, value)| value.to_owned());
        let [text, show, kind, owner, sort, from] = words;
        assert_eq!(Wanted::new(text, &show, &kind, owner, &sort, from), all);
        assert_eq!(Wanted::new(String::new(), "x", "<b>", String::new(), "--", String::new()), Wanted::default());
    }

    #[test]
    fn a_head_leads_there_back_and_away() {
        let mut wanted = Wanted::default();
        let mut follow = |by| {
            wanted.sort = wanted.next_sort(by);
            wanted.sort.word()
        };
        assert_eq!([follow(SortBy::Name), follow(SortBy::Name), follow(SortBy::Name)], ["name", "-name", ""]);
        assert_eq!([follow(SortBy::Value), follow(SortBy::Value), follow(SortBy::Name)], ["-value", "value", "name"]);
    }
}
