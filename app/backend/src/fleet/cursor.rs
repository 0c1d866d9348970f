//! Where the next page of a list begins, as a word that means nothing to anybody else: what is in it may change.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use vigia_domain::ids::DeviceNumber;

/// Only devices with a smaller number: those after the one that ended the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub DeviceNumber);

/// The text is no cursor of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cursor is taken from the header Link as it stands there")]
pub struct BadCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(format!("below {}", self.0.0).as_bytes()))
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| BadCursor)?;
        let number = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_prefix("below ")?.parse().ok());
        number.map(|n| Self(DeviceNumber(n))).ok_or(BadCursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_stands_in_an_address_as_it_is() {
        for number in [0, 7, 12_345, i64::MAX] {
            let text = Cursor(DeviceNumber(number)).to_string();
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "{text}");
            assert_eq!(text.parse(), Ok(Cursor(DeviceNumber(number))));
        }
        for wrong in ["", "7", "x", "YmVsb3c", "ñ", "YmVsb3cgeA"] {
            assert_eq!(wrong.parse::<Cursor>(), Err(BadCursor), "{wrong}");
        }
    }
}
