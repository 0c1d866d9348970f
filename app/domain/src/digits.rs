//! Digits as people read them: in threes, with a comma between. Mexican Spanish and English agree about it.

/// `1234567` as `1,234,567`. Only digits are understood.
#[must_use]
pub fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_threes() {
        assert_eq!(["", "7", "999", "1000", "1234567"].map(grouped), ["", "7", "999", "1,000", "1,234,567"]);
    }
}
