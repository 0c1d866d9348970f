//! Recovery codes: for who has lost what writes the codes. 80 unpredictable bits each, so that a plain hash is enough ([`super::token`]).

use data_encoding::BASE32_NOPAD;

use super::token;
use super::totp::grouped;
use crate::world::World;

/// So many are made at a time.
const MANY: usize = 10;

/// New ones, as they are shown, once: `abcd-efgh-ijkl-mnop`.
pub(super) fn make(world: &World) -> Vec<String> {
    (0..MANY).map(|_| grouped(&BASE32_NOPAD.encode(&world.bytes::<10>()).to_lowercase()).replace(' ', "-")).collect()
}

/// What is kept of a code, however it was typed from the paper: in capitals, without its lines, with a nought or a one that it cannot have.
pub(super) fn hash(code: &str) -> String {
    let read = |c: char| match c.to_ascii_lowercase() {
        '0' => 'o',
        '1' => 'l',
        c => c,
    };
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).map(read).collect();
    token::hash(plain.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ten_codes_none_twice_each_found_however_it_is_typed() {
        let codes = make(&World::real());
        assert_eq!(codes.iter().collect::<HashSet<_>>().len(), MANY);
        for code in &codes {
            assert_eq!(code.split('-').map(str::len).collect::<Vec<_>>(), [4; 4], "{code}");
        }
        for typed in ["olol-abcd-2345-6767", " OLOL ABCD 2345 6767", "0101abcd23456767"] {
            assert_eq!(hash(typed), token::hash(b"ololabcd23456767"), "{typed}");
        }
        assert_ne!(hash("olol-abcd-2345-6766"), hash("olol-abcd-2345-6767"));
    }
}
