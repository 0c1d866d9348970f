//! Numbers with the thousands' comma, rounded by what their unit deserves.

use vigia_domain::digits::grouped;

/// What stands for a value that nobody knows.
pub(crate) const UNKNOWN: &str = "—";

/// A value ready to be shown: its digits, and its unit beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// Digits, or a dash.
    pub(crate) number: String,
    /// Symbol, empty for none.
    pub(crate) unit: String,
}

impl Written {
    /// Number and unit with a space that does not break.
    pub(crate) fn text(&self) -> String {
        if self.unit.is_empty() { self.number.clone() } else { format!("{}\u{a0}{}", self.number, self.unit) }
    }
}

/// Whether digits need more room than a number usually has: they are never broken, so their place has to do something.
pub(crate) fn is_long(number: &str) -> bool {
    number.len() > 9
}

/// A count of things.
pub(crate) fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// A measured value: large energies and powers in kilo, decimals by size and unit.
pub(crate) fn value(value: f64, unit: &str) -> Written {
    if !value.is_finite() {
        return Written { number: UNKNOWN.to_owned(), unit: unit.to_owned() };
    }
    let (factor, unit) = scale(value.abs(), unit);
    let value = value * factor;
    Written { number: number(value, decimals(value.abs(), &unit)), unit }
}

/// What values of this size are multiplied by to be shown, and the unit that they then have.
pub(crate) fn scale(size: f64, unit: &str) -> (f64, String) {
    let kilo = match unit {
        "Wh" | "varh" => size >= 1_000.0,
        "W" | "VA" | "var" => size >= 100_000.0,
        _ => false,
    };
    if kilo { (0.001, format!("k{unit}")) } else { (1.0, unit.to_owned()) }
}

/// How many decimals, and whether zeros at their end stay. They stay where values move: a number that changes its
/// width with every update cannot be read.
fn decimals(size: f64, unit: &str) -> (u32, bool) {
    match unit {
        _ if size == 0.0 => (0, false),
        // Of so many the tenths are nobody's.
        _ if size >= 1e6 => (0, false),
        "W" | "VA" | "var" => (u32::from(size < 100.0), true),
        "V" | "kWh" | "kvarh" | "kW" | "°C" => (1, true),
        "A" | "Hz" => (2, true),
        "Wh" | "hPa" | "ppm" | "s" | "ms" if size >= 100.0 => (0, true),
        "%" | "dBm" => (1, false),
        _ if size >= 10_000.0 => (0, false),
        _ if size >= 100.0 => (1, false),
        _ if size >= 0.01 => (2, false),
        _ => (4, false),
    }
}

/// The most decimals; what is smaller than they can tell is written with its power of ten.
const MOST_DECIMALS: u32 = 4;

/// Rounded, minus as a minus. What is not nothing is never written as nothing: it gets decimals until its first digit is seen. By hand: the standard library's exact printing of floats is 15 KB of the bundle.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "finite, not negative, and below 1e15 by then")]
fn number(value: f64, (mut decimals, mut zeros): (u32, bool)) -> String {
    let (mut size, mut thousands) = (value.abs(), 0_i32);
    // Above this the digits of a double are not the meter's any more.
    if size >= 1e12 {
        while size >= 999.999 {
            size /= 1000.0;
            thousands += 3;
        }
        decimals = 2;
    }
    if size > 0.0 && size < 1e-4 {
        (decimals, zeros) = (2, false);
        while size < 0.999_999 {
            size *= 1000.0;
            thousands -= 3;
        }
    }
    let rounded = |decimals: u32| (size * 10_u64.pow(decimals) as f64).round() as u64;
    if size > 0.0 && rounded(decimals) == 0 {
        zeros = false;
        while decimals < MOST_DECIMALS && size * (10_u64.pow(decimals) as f64) < 1.0 {
            decimals += 1;
        }
    }
    let (parts, rounded) = (10_u64.pow(decimals), rounded(decimals));
    let mut text = grouped(&(rounded / parts).to_string());
    let mut fraction = rounded % parts;
    let mut places = decimals;
    while !zeros && places > 0 && fraction.is_multiple_of(10) {
        fraction /= 10;
        places -= 1;
    }
    if places > 0 {
        let digits = fraction.to_string();
        text.push('.');
        (digits.len()..places as usize).for_each(|_| text.push('0'));
        text.push_str(&digits);
    }
    if value < 0.0 && rounded > 0 {
        text.insert(0, '−');
    }
    if thousands != 0 {
        text.push_str(if thousands < 0 { "e−" } else { "e" });
        text.push_str(&thousands.abs().to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(v: f64, unit: &str) -> String {
        value(v, unit).text().replace('\u{a0}', " ")
    }

    #[test]
    fn values_read_as_on_the_meter() {
        assert_eq!(text(1284.4, "W"), "1,284 W");
        assert_eq!(text(127.31, "V"), "127.3 V");
        assert_eq!(text(6.214, "A"), "6.21 A");
        assert_eq!(text(18_402_700.0, "Wh"), "18,402.7 kWh");
        assert_eq!(text(412_700.0, "W"), "412.7 kW");
        assert_eq!(text(0.97, ""), "0.97");
        assert_eq!(text(-61.0, "dBm"), "−61 dBm");
        assert_eq!([text(2.7, "A"), text(60.0, "Hz"), text(18.0, "%")], ["2.70 A", "60.00 Hz", "18 %"]);
    }

    #[test]
    fn what_is_not_nothing_is_not_written_as_nothing() {
        assert_eq!(
            [text(-0.001, "A"), text(0.004, "A"), text(0.000_96, "A"), text(0.006, "A")],
            ["−0.001 A", "0.004 A", "0.001 A", "0.01 A"]
        );
        assert_eq!([text(-0.001, "W"), text(0.04, "V"), text(0.05, "V"), text(-0.04, "%")], ["−0.001 W", "0.04 V", "0.1 V", "−0.04 %"]);
        assert_eq!([text(0.3, "hPa"), text(0.000_12, "A"), text(-0.000_02, "kW")], ["0.3 hPa", "0.0001 A", "−20e−6 kW"]);
        assert_eq!([text(0.0, "A"), text(-0.0, "A")], ["0 A", "0 A"]);
    }

    #[test]
    fn odd_values_are_written_honestly() {
        assert_eq!(text(f64::NAN, "W"), "— W");
        assert_eq!(text(1e12, "W"), "1,000,000,000 kW");
        assert_eq!([text(-123_456_789_012.5, "A"), text(1e15, "W")], ["−123,456,789,013 A", "1e12 kW"]);
        assert_eq!(text(9.996, "A"), "10.00 A");
        assert_eq!(text(-0.07, ""), "−0.07");
        assert_eq!(text(1e300, ""), "1e300");
        assert_eq!(text(0.0, "V"), "0 V");
        assert_eq!([text(-0.0, "W"), text(-0.0, "")], ["0 W", "0"]);
        assert_eq!(
            [text(-0.001, ""), text(0.000_16, "m³"), text(1e-9, ""), text(-2.5e-7, "kg")],
            ["−0.001", "0.0002 m³", "1e−9", "−250e−9 kg"]
        );
        assert_eq!([text(1e-9, "W"), text(5e-324, "")], ["1e−9 W", "4.94e−324"]);
        assert_eq!(count(1_000_000), "1,000,000");
    }
}
