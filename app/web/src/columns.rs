//! The columns of the device list, as a cookie remembers them and a page starts with them.

use serde::{Deserialize, Serialize};

/// A column that can be left out; the device itself cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Owner,
    Kind,
    State,
    Value,
    Hour,
    Seen,
}

impl Column {
    /// In the order of the table.
    pub(crate) const ALL: [Self; 6] = [Self::Owner, Self::Kind, Self::State, Self::Value, Self::Hour, Self::Seen];

    /// The word in the cookie, in the form and in the names of classes.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Kind => "kind",
            Self::State => "state",
            Self::Value => "value",
            Self::Hour => "hour",
            Self::Seen => "seen",
        }
    }
}

/// The columns that are shown, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Columns(u8);

impl Default for Columns {
    fn default() -> Self {
        // What a device is stands below its name.
        Self::of(|column| column != Column::Kind)
    }
}

impl Columns {
    /// The cookie.
    pub(crate) const COOKIE: &'static str = "columns";

    /// Those of which this is true.
    pub(crate) fn of(is_shown: impl Fn(Column) -> bool) -> Self {
        Self(Column::ALL.into_iter().filter(|column| is_shown(*column)).fold(0, |bits, column| bits | 1 << column as u8))
    }

    /// Whether this one is shown.
    pub(crate) fn shows(self, column: Column) -> bool {
        self.0 & 1 << column as u8 != 0
    }

    /// By the words of the cookie; what is no column of ours is passed over.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn of_cookie(text: &str) -> Self {
        Self::of(|column| text.split('.').any(|word| word == column.word()))
    }

    /// The words of the cookie.
    pub(crate) fn cookie(self) -> String {
        // A cookie without a word would be none at all.
        let mut words = String::from("name");
        for column in Column::ALL.into_iter().filter(|column| self.shows(*column)) {
            words.push('.');
            words.push_str(column.word());
        }
        words
    }

    /// The classes of a table that leaves the others out.
    pub(crate) fn class(self) -> String {
        let mut class = String::from("devices");
        for column in Column::ALL.into_iter().filter(|column| !self.shows(*column)) {
            class.push_str(" devices--no-");
            class.push_str(column.word());
        }
        class
    }

    /// Shows it, or leaves it out.
    pub(crate) fn show(&mut self, column: Column, is_shown: bool) {
        *self = Self::of(|other| if other == column { is_shown } else { self.shows(other) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_back_from_their_cookie() {
        let mut columns = Columns::default();
        assert_eq!((columns.cookie().as_str(), columns.class().as_str()), ("name.owner.state.value.hour.seen", "devices devices--no-kind"));
        columns.show(Column::Kind, true);
        columns.show(Column::Hour, false);
        assert_eq!(Columns::of_cookie(&columns.cookie()), columns);
        let none = Columns::of(|_| false);
        assert_eq!((Columns::of_cookie("name"), Columns::of_cookie("\"><script>")), (none, none));
    }
}
