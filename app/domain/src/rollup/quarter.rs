//! The quarter of an hour: fine enough for zones that are off by :30 and :45 and for half-hour tariffs.

use std::collections::BTreeMap;

use super::{CONTEXT, Meaning, Samples, flows};

/// Its length in ms.
pub const QUARTER_MS: i64 = 900_000;

/// What the values of one metric come to within one quarter of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quarter {
    /// Values.
    pub count: u32,
    /// Their sum; meaningless without values, as are the next four.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The first.
    pub first: f64,
    /// The last.
    pub last: f64,
    /// What flowed in, Wh or m³.
    pub taken: f64,
    /// What flowed back, Wh or m³, as a positive number.
    pub given: f64,
    /// For how much of it the flow is known, in ms.
    pub covered_ms: u32,
    /// For how much of that it is estimated, in ms.
    pub estimated_ms: u32,
}

impl Quarter {
    fn value(&mut self, value: f64) {
        if self.count == 0 {
            (self.min, self.max, self.first) = (value, value, value);
        }
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.last = value;
    }
}

/// Where the quarter of an instant begins, ms since the epoch.
#[must_use]
pub const fn start_of(at_ms: i64) -> i64 {
    at_ms.div_euclid(QUARTER_MS) * QUARTER_MS
}

/// The quarters that begin in `[from_ms, to_ms)`, by their beginning; empty ones are left out. `samples` hold every value of that
/// time, the [`super::CONTEXT`] values before and after it, and of those before and after as many as the caller likes.
#[must_use]
pub fn quarters(meaning: Meaning, samples: Samples<'_>, from_ms: i64, to_ms: i64, longest_gap_ms: i64) -> BTreeMap<i64, Quarter> {
    let mut found: BTreeMap<i64, Quarter> = BTreeMap::new();
    let (from_ms, to_ms) = (start_of(from_ms), start_of(to_ms + QUARTER_MS - 1));
    // The others decide nothing: a few quarters of a long series take as long as they are.
    let first = samples.partition_point(|(at, _)| *at < from_ms).saturating_sub(CONTEXT);
    let last = samples.partition_point(|(at, _)| *at < to_ms).saturating_add(CONTEXT).min(samples.len());
    let samples = samples.get(first..last).unwrap_or_default();
    for (at, value) in samples.iter().filter(|(at, _)| (from_ms..to_ms).contains(at)) {
        found.entry(start_of(*at)).or_default().value(*value);
    }
    flows(meaning, samples, longest_gap_ms, |flow| {
        let (mut from, to) = (flow.from_ms.max(from_ms), flow.to_ms.min(to_ms));
        while from < to {
            let start = start_of(from);
            let until = to.min(start + QUARTER_MS);
            let quarter = found.entry(start).or_default();
            let part = share(until - from, flow.to_ms - flow.from_ms) * flow.amount;
            if part >= 0.0 {
                quarter.taken += part;
            } else {
                quarter.given -= part;
            }
            let ms = u32::try_from(until - from).expect("within a quarter");
            quarter.covered_ms += ms;
            quarter.estimated_ms += if flow.estimated { ms } else { 0 };
            from = until;
        }
    });
    found
}

#[expect(clippy::cast_precision_loss, reason = "spans stay far below 2^53 ms")]
fn share(part: i64, whole: i64) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GAP: i64 = 600_000;
    const RATE: Meaning = Meaning::Rate { factor: 1.0 };

    #[test]
    fn an_hour_of_one_kilowatt_is_four_quarters_of_250_wh() {
        let samples: Vec<_> = (0..=60).map(|minute| (minute * 60_000, 1_000.0)).collect();
        let found = quarters(RATE, &samples, 0, 4 * QUARTER_MS, GAP);
        assert_eq!(found.len(), 4);
        for quarter in found.values() {
            assert!((quarter.taken - 250.0).abs() < 1e-9);
            assert_eq!((quarter.count, quarter.covered_ms, quarter.estimated_ms), (15, 900_000, 0));
        }
    }

    #[test]
    fn what_is_given_back_is_not_taken_off() {
        let samples = [(0, 400.0), (450_000, -800.0), (900_000, 0.0)];
        let found = quarters(RATE, &samples, 0, QUARTER_MS, GAP);
        assert!((found[&0].taken - 50.0).abs() < 1e-9 && (found[&0].given - 100.0).abs() < 1e-9);
    }

    proptest! {
        /// A quarter is the same, to the last bit, whether it is computed alone with its context or with the whole series.
        #[test]
        fn a_quarter_is_the_same_however_much_is_computed_with_it(
            steps in prop::collection::vec((1_i64..1_200_000, 0.0_f64..5_000.0), 20..200),
            register in any::<bool>(),
        ) {
            let mut at = 0;
            let samples: Vec<_> = steps.iter().map(|(step, value)| { at += step; (at, *value) }).collect();
            let meaning = if register { Meaning::Register { factor: 1.0 } } else { RATE };
            let whole = quarters(meaning, &samples, 0, at + QUARTER_MS, GAP);
            for (start, quarter) in &whole {
                let first = samples.partition_point(|(at, _)| at < start).saturating_sub(crate::rollup::CONTEXT);
                let last = (samples.partition_point(|(at, _)| *at < start + QUARTER_MS) + crate::rollup::CONTEXT).min(samples.len());
                let alone = quarters(meaning, &samples[first..last], *start, start + QUARTER_MS, GAP);
                prop_assert_eq!(alone.get(start), Some(quarter));
            }
        }
    }
}
