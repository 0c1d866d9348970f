//! In which order the device list is shown.

use serde::{Deserialize, Serialize};

/// What devices are put in order by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SortBy {
    /// When they were registered, the newest first.
    #[default]
    Newest,
    /// Their names.
    Name,
    /// Online, without signal, never heard of.
    State,
    /// Their last value.
    Value,
    /// When they were last heard of.
    Seen,
    /// What they are.
    Kind,
    /// Whose they are, by the e-mail address.
    Owner,
}

/// An order and its direction. What a device does not have stands at the end in either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// By what.
    pub by: SortBy,
    /// From the large to the small.
    pub descending: bool,
}

impl Sort {
    /// The word in an address; empty for the usual order.
    #[must_use]
    pub const fn word(self) -> &'static str {
        let descending = match self.by {
            SortBy::Newest => "-new",
            SortBy::Name => "-name",
            SortBy::State => "-state",
            SortBy::Value => "-value",
            SortBy::Seen => "-seen",
            SortBy::Kind => "-kind",
            SortBy::Owner => "-owner",
        };
        match (self.by, self.descending) {
            (_, true) => descending,
            (SortBy::Newest, false) => "",
            _ => descending.split_at(1).1,
        }
    }

    /// The order of a word in an address; the usual one for what is none.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        let descending = word.starts_with('-');
        let by = match word.trim_start_matches('-') {
            "name" => SortBy::Name,
            "state" => SortBy::State,
            "value" => SortBy::Value,
            "seen" => SortBy::Seen,
            "kind" => SortBy::Kind,
            "owner" => SortBy::Owner,
            "new" => SortBy::Newest,
            _ => return Self::default(),
        };
        Self { by, descending }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_is_read_back_from_its_word() {
        for by in [SortBy::Newest, SortBy::Name, SortBy::State, SortBy::Value, SortBy::Seen, SortBy::Kind, SortBy::Owner] {
            for descending in [false, true] {
                let sort = Sort { by, descending };
                assert_eq!(Sort::of_word(sort.word()), sort);
            }
        }
        for odd in ["", "-", "--", "-x", "NAME", "<b>"] {
            assert_eq!(Sort::of_word(odd), Sort::default(), "{odd}");
        }
    }
}
