//! How long ago, and how long.

use crate::i18n::Texts;

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 60 * MINUTE_S;
const DAY_S: i64 = 24 * HOUR_S;

/// "3 min ago". What lies in the future (a clock that runs ahead) is now.
pub(crate) fn age(t: &Texts, age_ms: i64) -> String {
    let s = age_ms / 1000;
    match s {
        ..=0 => t.ages_now.to_owned(),
        1..MINUTE_S => t.ages_seconds(s),
        MINUTE_S..HOUR_S => t.ages_minutes(s / MINUTE_S),
        HOUR_S..DAY_S if s % HOUR_S >= MINUTE_S => t.ages_hours_minutes(s / HOUR_S, s % HOUR_S / MINUTE_S),
        HOUR_S..DAY_S => t.ages_hours(s / HOUR_S),
        _ => t.ages_days(s / DAY_S),
    }
}

/// "3 min 20 s", the two largest parts.
pub(crate) fn span(t: &Texts, span_ms: i64) -> String {
    let s = (span_ms + 500) / 1000;
    match s {
        ..MINUTE_S => t.span_seconds(s),
        MINUTE_S..HOUR_S if s % MINUTE_S == 0 => t.span_minutes(s / MINUTE_S),
        MINUTE_S..HOUR_S => t.span_minutes_seconds(s / MINUTE_S, s % MINUTE_S),
        HOUR_S..DAY_S if s % HOUR_S < MINUTE_S => t.span_hours(s / HOUR_S),
        HOUR_S..DAY_S => t.span_hours_minutes(s / HOUR_S, s % HOUR_S / MINUTE_S),
        _ if s % DAY_S < HOUR_S => t.span_days(s / DAY_S),
        _ => t.span_days_hours(s / DAY_S, s % DAY_S / HOUR_S),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{EN, ES};

    #[test]
    fn ages_grow_from_seconds_to_days() {
        let of = |s: i64| age(&ES, s * 1000).replace('\u{a0}', " ");
        assert_eq!(
            [of(-9), of(0), of(2), of(60), of(3600), of(11_520), of(200_000)],
            ["ahora", "ahora", "hace 2 s", "hace 1 min", "hace 1 h", "hace 3 h 12 min", "hace 2 d"]
        );
        assert_eq!(age(&EN, 61_000), "1\u{a0}min ago", "a number and its unit never part");
    }

    #[test]
    fn spans_have_two_parts_at_most() {
        let of = |s: i64| span(&ES, s * 1000).replace('\u{a0}', " ");
        assert_eq!(
            [of(15), of(200), of(300), of(7200), of(7380), of(90_000)],
            ["15 s", "3 min 20 s", "5 min", "2 h", "2 h 3 min", "1 d 1 h"]
        );
    }
}
