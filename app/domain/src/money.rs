//! How amounts of money are written: `$1,284.50 MXN`. The code stands behind each of them, because a `$` alone is another money elsewhere.
//!
//! Both languages of the pages write it so, therefore none is asked for; see `docs/architecture.md`, Languages.

use std::fmt;
use std::str::FromStr;

use crate::digits::grouped;

/// What stands for an amount that nobody knows.
const UNKNOWN: &str = "—";

/// A currency by its code of ISO 4217, of those that are counted in hundredths.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Mexican pesos.
    pub const MXN: Self = Self(*b"MXN");
    /// Dollars of the United States.
    pub const USD: Self = Self(*b"USD");
    /// Euros.
    pub const EUR: Self = Self(*b"EUR");
    /// Egyptian pounds.
    pub const EGP: Self = Self(*b"EGP");

    /// Its code.
    #[must_use]
    pub fn code(&self) -> &str {
        // Letters of ASCII by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The sign before the amount; none where the code has to do.
    const fn sign(self) -> &'static str {
        match &self.0 {
            b"MXN" | b"USD" | b"CAD" | b"ARS" | b"COP" | b"CLP" => "$",
            b"EUR" => "€",
            b"EGP" => "E£",
            _ => "",
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The text is no code of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three capital letters, such as MXN")]
pub struct NoCurrency;

impl FromStr for Currency {
    type Err = NoCurrency;
    fn from_str(text: &str) -> Result<Self, NoCurrency> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| NoCurrency)?;
        code.iter().all(u8::is_ascii_uppercase).then_some(Self(code)).ok_or(NoCurrency)
    }
}

/// An amount in hundredths of its currency, with two decimals, its sign and its code. Nothing known is a dash. No space in it breaks.
#[must_use]
pub fn money(hundredths: Option<i64>, currency: Currency) -> String {
    let Some(hundredths) = hundredths else { return format!("{UNKNOWN}\u{a0}{}", currency.code()) };
    let size = hundredths.unsigned_abs();
    let minus = if hundredths < 0 { "−" } else { "" };
    let whole = grouped(&(size / 100).to_string());
    format!("{minus}{}{whole}.{:02}\u{a0}{}", currency.sign(), size % 100, currency.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(hundredths: i64, code: &str) -> String {
        money(Some(hundredths), code.parse().expect("a code")).replace('\u{a0}', " ")
    }

    #[test]
    fn an_amount_has_sign_threes_hundredths_and_code() {
        assert_eq!(text(128_450, "MXN"), "$1,284.50 MXN");
        assert_eq!([text(0, "MXN"), text(5, "USD"), text(99, "EUR")], ["$0.00 MXN", "$0.05 USD", "€0.99 EUR"]);
        assert_eq!([text(-128_450, "MXN"), text(-1, "EGP")], ["−$1,284.50 MXN", "−E£0.01 EGP"]);
        assert_eq!(text(100_000_000_000_000, "JOD"), "1,000,000,000,000.00 JOD");
        assert_eq!(text(i64::MIN, "USD"), "−$92,233,720,368,547,758.08 USD");
    }

    #[test]
    fn what_nobody_knows_is_no_zero() {
        assert_eq!(money(None, Currency::MXN), "—\u{a0}MXN");
    }

    #[test]
    fn a_code_is_three_capital_letters() {
        assert_eq!(("EGP".parse(), "USD".parse(), "EUR".parse()), (Ok(Currency::EGP), Ok(Currency::USD), Ok(Currency::EUR)));
        for odd in ["", "MX", "mxn", "MXNN", "€€€", "<b>", "M N"] {
            assert_eq!(odd.parse::<Currency>(), Err(NoCurrency), "{odd}");
        }
    }
}
