//! From values to amounts: what flowed between one value and the next.
//!
//! A register's difference is what flowed. A rate holds until the next value, up to the longest gap. What a register did
//! between two values far apart is spread evenly over the time between them, and marked as estimated.

use super::Meaning;

/// Values of one metric in order of time: instant (ms since the epoch) and value, every instant once.
pub type Samples<'a> = &'a [(i64, f64)];

/// How many values before and after a stretch of time decide about it.
pub const CONTEXT: usize = LOOK_BACK + RUN;

/// A register that falls and is back after at most so many values, or jumps up and comes back, was misread.
const RUN: usize = 3;
/// A value is compared with the last one that was read well, if that is among so many before it.
const LOOK_BACK: usize = 2 * RUN;
/// No house and no small utility takes more for long: a register that does was swapped. In W, or m³/h.
const MOST: f64 = 100_000.0;
/// A register's difference over a longer time is booked at its end and not spread.
pub(super) const LONGEST_SPREAD_MS: i64 = 40 * 24 * 3_600_000;
const HOUR_MS: f64 = 3_600_000.0;

/// What flowed from one instant to another, evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow {
    /// From, ms since the epoch.
    pub from_ms: i64,
    /// To, not included, ms since the epoch.
    pub to_ms: i64,
    /// How much, in Wh or m³; negative when it was given back.
    pub amount: f64,
    /// Whether the time between was too long to know when it flowed.
    pub estimated: bool,
}

/// The flows between values. What lies between two values is right when the [`CONTEXT`] values before and after it are
/// there, or all that exist.
pub fn flows(meaning: Meaning, samples: Samples<'_>, longest_gap_ms: i64, mut found: impl FnMut(Flow)) {
    match meaning {
        Meaning::Gauge => {}
        Meaning::Rate { factor } => rates(samples, factor, longest_gap_ms, found),
        Meaning::Register { factor } => {
            let mut last: Option<usize> = None;
            for (index, &(at, value)) in samples.iter().enumerate() {
                if misread(samples, index) {
                    continue;
                }
                let before = last.replace(index).filter(|before| index - before <= LOOK_BACK).map(|before| samples[before]);
                if let Some((from, before)) = before
                    && let Some(flow) = grown(from, before, at, value, factor, longest_gap_ms)
                {
                    found(flow);
                }
            }
        }
    }
}

fn rates(samples: Samples<'_>, factor: f64, longest_gap_ms: i64, mut found: impl FnMut(Flow)) {
    for (index, &(from, value)) in samples.iter().enumerate() {
        // The last value of all stands for as long as the one before it did.
        let next = samples.get(index + 1).map(|(next, _)| *next);
        let until = next.or_else(|| Some(from + from - samples.get(index.checked_sub(1)?)?.0));
        let Some(until) = until.map(|until| until.min(from.saturating_add(longest_gap_ms))) else { continue };
        let amount = value * factor * hours(from, until);
        found(Flow { from_ms: from, to_ms: until, amount, estimated: false });
    }
}

/// What a register grew by. A fall is a restart from zero when what it shows now can have flowed since; else it is another
/// register, and what flowed meanwhile is not known. So it is with a leap that nothing could have taken.
fn grown(from: i64, before: f64, at: i64, value: f64, factor: f64, longest_gap_ms: i64) -> Option<Flow> {
    let since = if value >= before { value - before } else { value };
    let amount = since * factor;
    if amount < 0.0 || amount > MOST * hours(from, at) {
        return None;
    }
    let from_ms = if at - from > LONGEST_SPREAD_MS { at - 1 } else { from };
    Some(Flow { from_ms, to_ms: at, amount, estimated: at - from > longest_gap_ms })
}

/// Whether a register's value is one of a few that stick out from a line that otherwise grows: all below both sides, or all above.
fn misread(samples: Samples<'_>, index: usize) -> bool {
    let value = |i: usize| samples[i].1;
    for length in 1..=RUN {
        for first in index.saturating_sub(length - 1)..=index {
            let Some(before) = first.checked_sub(1) else { continue };
            let after = first + length;
            if after >= samples.len() || value(after) < value(before) {
                continue;
            }
            let run = first..after;
            if run.clone().all(|i| value(i) < value(before)) || run.clone().all(|i| value(i) > value(after)) {
                return true;
            }
        }
    }
    false
}

#[expect(clippy::cast_precision_loss, reason = "spans stay far below 2^53 ms")]
fn hours(from: i64, to: i64) -> f64 {
    (to - from) as f64 / HOUR_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const GAP: i64 = 10 * MINUTE;

    fn total(meaning: Meaning, samples: Samples<'_>) -> f64 {
        let mut sum = 0.0;
        flows(meaning, samples, GAP, |flow| sum += flow.amount);
        sum
    }

    fn register(values: &[f64]) -> f64 {
        let samples: Vec<_> = values.iter().zip(0..).map(|(value, minute)| (minute * MINUTE, *value)).collect();
        total(Meaning::Register { factor: 1.0 }, &samples)
    }

    #[test]
    fn a_register_grows() {
        assert!((register(&[100.0, 101.0, 105.0]) - 5.0).abs() < 1e-9);
        assert_eq!(register(&[100.0]), 0.0);
    }

    #[test]
    fn a_register_that_starts_again_goes_on_from_zero() {
        assert!((register(&[5_000.0, 5_001.0, 0.5, 1.5, 2.5, 3.5, 4.5]) - 5.5).abs() < 1e-9);
    }

    #[test]
    fn a_register_that_was_swapped_loses_only_the_minute_between() {
        assert!((register(&[5_000.0, 5_001.0, 800_000.0, 800_001.0, 800_002.0, 800_003.0, 800_004.0]) - 5.0).abs() < 1e-9);
        assert!((register(&[800_000.0, 800_001.0, 5_000.0, 5_001.0, 5_002.0, 5_003.0, 5_004.0]) - 5.0).abs() < 1e-9);
    }

    #[test]
    fn a_misread_value_or_three_of_them_change_nothing() {
        assert!((register(&[100.0, 101.0, 0.0, 103.0]) - 3.0).abs() < 1e-9, "a dip");
        assert!((register(&[100.0, 101.0, 99_999.0, 103.0]) - 3.0).abs() < 1e-9, "a leap");
        assert!((register(&[100.0, 0.0, 0.0, 0.0, 104.0]) - 4.0).abs() < 1e-9, "three dips");
        assert!((register(&[100.0, 101.0, 0.0, 1.0, 2.0, 3.0, 4.0]) - 5.0).abs() < 1e-9, "a restart is no dip");
    }

    #[test]
    fn a_rate_holds_until_the_next_value_and_no_longer_than_the_longest_gap() {
        let rate = Meaning::Rate { factor: 1.0 };
        assert!((total(rate, &[(0, 600.0), (6 * MINUTE, 0.0)]) - 60.0).abs() < 1e-9);
        assert!((total(rate, &[(0, 600.0), (60 * MINUTE, 0.0)]) - 100.0).abs() < 1e-9, "ten minutes of it");
        assert!((total(rate, &[(0, 60.0), (MINUTE, 120.0)]) - 3.0).abs() < 1e-9, "the last one stands for a minute, too");
        assert_eq!(total(rate, &[(0, 600.0)]), 0.0, "of a single value nobody knows how long it stood");
    }

    #[test]
    fn what_flowed_in_a_long_silence_is_estimated() {
        let mut found = Vec::new();
        flows(Meaning::Register { factor: 1.0 }, &[(0, 0.0), (60 * MINUTE, 900.0)], GAP, |flow| found.push(flow));
        assert_eq!(found, [Flow { from_ms: 0, to_ms: 60 * MINUTE, amount: 900.0, estimated: true }]);
    }
}
