//! One-time codes by the clock (RFC 6238): six digits each half minute, as every app for them writes. Pure.

use data_encoding::BASE32_NOPAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use totp_rs::{Algorithm, TOTP};

/// How long a code holds, in seconds.
const STEP_S: i64 = 30;
const DIGITS: usize = 6;
/// Who gives the code, as the app shows it.
const ISSUER: &str = "Vigía";

/// Bytes of a secret: as many as the hash has (RFC 4226, section 4).
pub(super) const SECRET_BYTES: usize = 20;

/// Whether a text can be a code: six digits, however they are set apart.
#[must_use]
pub(super) fn is_code(text: &str) -> bool {
    let code = plain(text);
    code.len() == DIGITS && code.bytes().all(|b| b.is_ascii_digit())
}

/// The half minute whose code this is, if it is that of now or the one before or after it: clocks differ, and typing takes a while. Of two the
/// later one.
#[must_use]
pub(super) fn step_of(secret: &[u8], text: &str, now_ms: i64) -> Option<i64> {
    let totp = TOTP::new(Algorithm::SHA1, DIGITS, 0, STEP_S.unsigned_abs(), secret.to_vec()).ok()?;
    let (code, now) = (plain(text), now_ms.div_euclid(STEP_S * 1000));
    let is_of = |step: &i64| u64::try_from(step * STEP_S).is_ok_and(|time_s| totp.check(&code, time_s));
    // All three are looked at, so that the time it takes says nothing.
    [now - 1, now, now + 1].into_iter().filter(is_of).max()
}

/// A secret as it is typed into an app: base32 in groups of four.
#[must_use]
pub(super) fn typed(secret: &[u8]) -> String {
    grouped(&BASE32_NOPAD.encode(secret))
}

/// A text in groups of four, so that it can be read out and compared.
#[must_use]
pub(super) fn grouped(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// The address by which an app on the same machine takes the secret, and which the picture holds.
#[must_use]
pub(super) fn link(secret: &[u8], account: &str) -> String {
    let issuer = utf8_percent_encode(ISSUER, NON_ALPHANUMERIC);
    let account = utf8_percent_encode(account, NON_ALPHANUMERIC);
    let secret = BASE32_NOPAD.encode(secret);
    format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_S}")
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the last six of its eight digits.
    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn the_codes_are_those_of_the_standard() {
        for (time_s, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step_of(SECRET, code, time_s * 1000), Some(time_s / 30), "{time_s}");
        }
    }

    #[test]
    fn one_step_before_and_after_is_taken_and_no_more() {
        let at = |time_s: i64| step_of(SECRET, "050 471", time_s * 1000);
        let step = 1_111_111_111 / 30;
        assert_eq!([-2, -1, 0, 1, 2].map(|n| at((step + n) * 30)), [None, Some(step), Some(step), Some(step), None]);
        for wrong in ["050472", "50471", "", "0504711", "٠٥٠٤٧١"] {
            assert_eq!(step_of(SECRET, wrong, step * 30_000), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_a_code_is_told_from_everything_else() {
        for (text, is) in [("050471", true), (" 050-471 ", true), ("05047", false), ("abcdef", false), ("٠٥٠٤٧١", false), ("", false)]
        {
            assert_eq!(is_code(text), is, "{text:?}");
        }
    }

    #[test]
    fn the_link_holds_whatever_an_address_has() {
        let link = link(SECRET, "a:b&c=d+e@example.org");
        assert_eq!(
            link,
            "otpauth://totp/Vig%C3%ADa:a%3Ab%26c%3Dd%2Be%40example%2Eorg?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Vig%C3%ADa&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(typed(SECRET), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }
}
