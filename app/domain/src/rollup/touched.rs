//! Which quarters have to be reckoned again when values come in or change.

use super::flow::LONGEST_SPREAD_MS;
use super::{CONTEXT, Meaning, QUARTER_MS, Samples, start_of};

/// The stretches of time, `[from, to)` in whole quarters and apart from each other, whose quarters may change when the values at `changed`
/// are new, changed or gone. `samples` hold the [`CONTEXT`] values before and after each of them.
#[must_use]
pub fn touched(meaning: Meaning, samples: Samples<'_>, changed: &[i64], longest_gap_ms: i64) -> Vec<(i64, i64)> {
    let mut found: Vec<(i64, i64)> = Vec::new();
    let mut add = |from: i64, to: i64| {
        let (from, to) = (start_of(from), start_of(to) + QUARTER_MS);
        match found.last_mut() {
            Some((_, last)) if from <= *last => *last = (*last).max(to),
            _ => found.push((from, to)),
        }
    };
    if meaning == Meaning::Gauge {
        changed.iter().for_each(|at| add(*at, *at));
        return found;
    }
    let mut near: Option<Near> = None;
    for &at in changed {
        let index = samples.partition_point(|(instant, _)| *instant < at);
        let first = index.saturating_sub(CONTEXT);
        // One that is gone stands between its neighbours and is none of them.
        let is_gone = samples.get(index).is_none_or(|(instant, _)| *instant != at);
        let last = (index + CONTEXT - usize::from(is_gone)).min(samples.len().saturating_sub(1));
        let gone = is_gone.then_some(at);
        match &mut near {
            Some(near) if first <= near.last => {
                near.last = near.last.max(last);
                near.gone.extend(gone);
            }
            _ => {
                if let Some(near) = near.replace(Near { first, last, gone: gone.into_iter().collect() }) {
                    near.stretches(samples, longest_gap_ms, &mut add);
                }
            }
        }
    }
    if let Some(near) = near {
        near.stretches(samples, longest_gap_ms, &mut add);
    }
    found
}

/// Values that stand so near to each other that each decides about the next: those of changed ones and of their context.
struct Near {
    /// The first and the last of them.
    first: usize,
    last: usize,
    /// The instants among them whose values are gone, in order of time.
    gone: Vec<i64>,
}

impl Near {
    fn stretches(self, samples: Samples<'_>, longest_gap_ms: i64, add: &mut impl FnMut(i64, i64)) {
        let is_mixed = !self.gone.is_empty();
        let reach = samples.get(self.first..=self.last).unwrap_or_default().iter().map(|(instant, _)| *instant);
        let mut instants: Vec<i64> = reach.chain(self.gone).collect();
        if is_mixed {
            instants.sort_unstable();
        }
        let Some(mut from) = instants.first().copied() else { return };
        let mut to = from;
        for instant in instants {
            // Over a silence that long nothing is spread: a rate holds a while into it, a register's growth is booked at its end.
            if instant - to > LONGEST_SPREAD_MS {
                add(from, to.saturating_add(longest_gap_ms));
                from = instant - 1;
            }
            to = instant;
        }
        // The last value of all stands beyond its own instant.
        let beyond = if self.last + 1 >= samples.len() { longest_gap_ms } else { 0 };
        add(from, to.saturating_add(beyond));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::rollup::{Quarter, quarters};

    const GAP: i64 = 600_000;

    fn all(meaning: Meaning, samples: Samples<'_>) -> BTreeMap<i64, Quarter> {
        let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return BTreeMap::new() };
        quarters(meaning, samples, first.0, last.0 + 2 * GAP + QUARTER_MS, GAP)
    }

    proptest! {
        /// Reckoning again only what was touched gives what reckoning everything again gives.
        #[test]
        fn nothing_that_changes_lies_outside(
            old in prop::collection::btree_map(0_i64..90_000, 0.0_f64..5_000.0, 0..60),
            new in prop::collection::btree_map(0_i64..90_000, 0.0_f64..5_000.0, 1..20),
            stretch in prop::sample::select(vec![1_000_i64, 60_000, 600_000]),
            kind in 0_usize..3,
        ) {
            let scale = |values: BTreeMap<i64, f64>| values.into_iter().map(|(at, v)| (at * stretch, v)).collect::<BTreeMap<_, _>>();
            let (old, new) = (scale(old), scale(new));
            let meaning = [Meaning::Gauge, Meaning::Rate { factor: 1.0 }, Meaning::Register { factor: 1.0 }][kind];
            let before: Vec<_> = old.iter().map(|(at, v)| (*at, *v)).collect();
            let mut merged = old.clone();
            merged.extend(new.iter().map(|(at, v)| (*at, *v)));
            let after: Vec<_> = merged.into_iter().collect();
            let changed: Vec<i64> = new.keys().copied().collect();
            let mut mended = all(meaning, &before);
            for (from, to) in touched(meaning, &after, &changed, GAP) {
                mended.retain(|start, _| !(from..to).contains(start));
                mended.extend(quarters(meaning, &after, from, to, GAP));
            }
            prop_assert_eq!(&mended, &all(meaning, &after));
            // And back again: they go, with what of the old ones they had replaced.
            let left: Vec<_> = after.iter().copied().filter(|(at, _)| !new.contains_key(at)).collect();
            for (from, to) in [touched(meaning, &after, &changed, GAP), touched(meaning, &left, &changed, GAP)].concat() {
                mended.retain(|start, _| !(from..to).contains(start));
                mended.extend(quarters(meaning, &left, from, to, GAP));
            }
            prop_assert_eq!(mended, all(meaning, &left));
        }
    }
}
