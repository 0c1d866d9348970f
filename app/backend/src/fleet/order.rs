//! The order of the list, and where in it a page begins.
//!
//! A page begins after a device's key and not after so many rows: whatever comes or goes meanwhile, no other row is left out or shown twice.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use vigia_domain::device::{DeviceKind, Presence};
use vigia_domain::ids::DeviceNumber;
use vigia_domain::sort::{Sort, SortBy};

use super::cursor::BadCursor;
use super::list::headline;
use super::roster::{Fact, Known};
use crate::app::App;

/// Where a device stands; what it does not have stands at the end. The newest of those that are equal comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    is_missing: bool,
    size: i64,
    number: DeviceNumber,
}

impl Key {
    pub(super) fn of(app: &App, sort: Sort, fact: &Fact, presence: Presence) -> Self {
        let size = match sort.by {
            // The newest first, when nothing is said.
            SortBy::Newest => Some(-fact.number.0),
            SortBy::Name => Some(fact.rank),
            SortBy::State => Some(match presence {
                Presence::Online => 0,
                Presence::Offline => 1,
                Presence::Never => 2,
            }),
            SortBy::Value => headline(app, fact.kind, fact.number).filter(|last| !last.value.is_nan()).map(|last| in_order(last.value)),
            SortBy::Seen => app.store().seen_ms(fact.number),
            SortBy::Kind => DeviceKind::ALL.iter().position(|kind| *kind == fact.kind).map(|at| at as i64),
            SortBy::Owner => fact.owner_rank,
        };
        Self { is_missing: size.is_none(), size: size.unwrap_or_default(), number: fact.number }
    }

    pub(super) fn cmp(&self, other: &Self, sort: Sort) -> Ordering {
        let by_size = self.size.cmp(&other.size);
        let by_size = if sort.descending { by_size.reverse() } else { by_size };
        self.is_missing.cmp(&other.is_missing).then(by_size).then(other.number.cmp(&self.number))
    }

    /// The cursor of what follows it.
    pub(super) fn place(self, known: &Known, sort: Sort, fact: &Fact) -> Place {
        let name = match sort.by {
            SortBy::Name => known.name_of(fact),
            SortBy::Owner => known.owner_of(fact),
            _ => "",
        };
        Place { key: self, name: name.to_owned() }
    }
}

/// A number whose order is the value's; no NaN.
#[expect(clippy::cast_possible_wrap, reason = "the sign is what is looked at")]
fn in_order(value: f64) -> i64 {
    // The two zeros are one.
    let bits = (value + 0.0).to_bits() as i64;
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

/// A page begins after this device, whether or not it is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    key: Key,
    /// Places by name move with every name that comes, and so do those by owner: the name itself stays, or the owner's address.
    name: String,
}

impl Place {
    pub(super) fn key(&self, known: &Known, sort: Sort) -> Key {
        match sort.by {
            SortBy::Name => Key { size: known.rank_of(&self.name, self.key.number), ..self.key },
            SortBy::Owner if !self.key.is_missing => Key { size: known.owner_rank_of(&self.name), ..self.key },
            _ => self.key,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Key { is_missing, size, number } = self.key;
        f.write_str(&BASE64URL_NOPAD.encode(format!("after {} {size} {} {}", u8::from(is_missing), number.0, self.name).as_bytes()))
    }
}

impl FromStr for Place {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| BadCursor)?;
        let text = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_prefix("after ")).ok_or(BadCursor)?;
        let mut parts = text.splitn(4, ' ');
        let mut number = || parts.next().and_then(|part| part.parse::<i64>().ok()).ok_or(BadCursor);
        let (is_missing, size, number) = (number()? == 1, number()?, number()?);
        Ok(Self { key: Key { is_missing, size, number: DeviceNumber(number) }, name: parts.next().unwrap_or_default().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_order() {
        let values = [f64::NEG_INFINITY, -1e12, -1.0, -0.001, 0.0, 1e-300, 0.5, 1.0, 1e12, f64::INFINITY];
        assert!(values.is_sorted_by(|a, b| in_order(*a) < in_order(*b)));
        assert_eq!(in_order(-0.0), in_order(0.0));
    }

    #[test]
    fn a_place_is_read_back_and_stands_in_an_address_as_it_is() {
        for name in ["", "casa 7", "  ñ <b>", "عداد"] {
            let place = Place { key: Key { is_missing: name.is_empty(), size: -7, number: DeviceNumber(12) }, name: name.to_owned() };
            let text = place.to_string();
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "{text}");
            assert_eq!(text.parse(), Ok(place));
        }
        for wrong in ["", "7", "YWZ0ZXIg", "YWZ0ZXIgMSAy", "ñ"] {
            assert_eq!(wrong.parse::<Place>(), Err(BadCursor), "{wrong}");
        }
    }
}
