//! Dates and times of day in UTC, both ways. By hand, because the browser needs no more of a calendar than this and jiff
//! would be 20 KB of its first page.

/// Parts of an instant, in UTC or wherever its milliseconds were shifted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are called what they are")]
pub struct Civil {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub millisecond: i64,
}

impl Civil {
    /// Of milliseconds since the epoch. Howard Hinnant's `civil_from_days`,
    /// <https://howardhinnant.github.io/date_algorithms.html>.
    #[must_use]
    pub const fn of(at_ms: i64) -> Self {
        let (days, ms) = (at_ms.div_euclid(86_400_000), at_ms.rem_euclid(86_400_000));
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        Self {
            year: yoe + era * 400 + (month <= 2) as i64,
            month,
            day: doy - (153 * mp + 2) / 5 + 1,
            hour: ms / 3_600_000,
            minute: ms / 60_000 % 60,
            second: ms / 1000 % 60,
            millisecond: ms % 1000,
        }
    }

    /// Milliseconds since the epoch: his `days_from_civil`. Parts beyond their range run over, as the 32nd into the next month.
    #[must_use]
    pub const fn at_ms(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let yoe = year.rem_euclid(400);
        let mp = (self.month + 9) % 12;
        let doy = (153 * mp + 2) / 5 + self.day - 1;
        let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468;
        (((days * 24 + self.hour) * 60 + self.minute) * 60 + self.second) * 1000 + self.millisecond
    }

    /// RFC 3339 with milliseconds, as UTC.
    #[must_use]
    pub fn to_text(self) -> String {
        let Self { year, month, day, hour, minute, second, millisecond } = self;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
    }

    /// Reads what [`Civil::to_text`] writes of a year with four digits, and nothing else.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 24 {
            return None;
        }
        let number = |from: usize, to: usize| {
            bytes[from..to].iter().try_fold(0, |n, b| if b.is_ascii_digit() { Some(n * 10 + i64::from(b - b'0')) } else { None })
        };
        let fits = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')].iter().all(|(i, b)| bytes[*i] == *b);
        let read = Self {
            year: number(0, 4)?,
            month: number(5, 7)?,
            day: number(8, 10)?,
            hour: number(11, 13)?,
            minute: number(14, 16)?,
            second: number(17, 19)?,
            millisecond: number(20, 23)?,
        };
        // What runs over comes back as another date: there is no 30 February.
        (fits && Self::of(read.at_ms()) == read).then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_instant_is_written_as_jiff_does_and_read_back(at_ms in -62_167_219_200_000_i64..253_402_300_800_000) {
            let civil = Civil::of(at_ms);
            prop_assert_eq!(civil.to_text(), crate::time::to_text(at_ms));
            prop_assert_eq!(Civil::from_text(&civil.to_text()).map(Civil::at_ms), Some(at_ms));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9TZ:.ñ-]{0,26}") {
            let _ = Civil::from_text(&text);
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2026-02-30T00:00:00.000Z",
            "2026-13-01T00:00:00.000Z",
            "2026-01-01T24:00:00.000Z",
            "2026-01-01T00:00:00Z",
            "2026-01-01 00:00:00.000Z",
        ] {
            assert_eq!(Civil::from_text(text), None, "{text}");
        }
    }
}
