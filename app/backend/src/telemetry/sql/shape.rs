//! How values become chunks: which chunks take part when values are added, so that there are few small ones and none is
//! written over and over.

use std::ops::Range;

use super::chunk::MOST;

/// A neighbour so many times as large is left alone: each value is written a few times and not with every addition.
const REACH: usize = 4;

/// A chunk as the index knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) id: i64,
    pub(super) from_ms: i64,
    pub(super) to_ms: i64,
    pub(super) count: usize,
}

/// Which of the chunks (in order of time) are taken apart to add `count` values of `[first_ms, last_ms]`: those that overlap them,
/// and on either side small ones as far as all fit into one. Always one run of neighbours; empty at the place where the values go.
pub(super) fn taken_apart(spans: &[Span], first_ms: i64, last_ms: i64, count: usize) -> Range<usize> {
    let mut from = spans.partition_point(|span| span.to_ms < first_ms);
    let mut to = spans.partition_point(|span| span.from_ms <= last_ms).max(from);
    let mut size = count + spans[from..to].iter().map(|span| span.count).sum::<usize>();
    let fits = |size: usize, span: &Span| span.count <= size.saturating_mul(REACH) && span.count + size <= MOST;
    loop {
        if let Some(before) = from.checked_sub(1).map(|i| &spans[i]).filter(|span| fits(size, span)) {
            size += before.count;
            from -= 1;
        } else if let Some(after) = spans.get(to).filter(|span| fits(size, span)) {
            size += after.count;
            to += 1;
        } else {
            return from..to;
        }
    }
}

/// Adds values to others, both in order of time and each instant once; where both have one, the new one counts. Says also how many
/// of the old ones were other values.
pub(super) fn merged(old: &[(i64, f64)], new: &[(i64, f64)]) -> (Vec<(i64, f64)>, u64) {
    let mut all = Vec::with_capacity(old.len() + new.len());
    let mut replaced = 0;
    // What is new came later, nearly always.
    let later = new.first().map_or(old.len(), |(first, _)| old.partition_point(|(at, _)| at < first));
    let (before, old) = old.split_at(later);
    all.extend_from_slice(before);
    if old.is_empty() {
        all.extend_from_slice(new);
        return (all, replaced);
    }
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        match (old.peek(), new.peek()) {
            (Some(a), Some(b)) if a.0 == b.0 => {
                replaced += u64::from(a.1.to_bits() != b.1.to_bits());
                old.next();
            }
            (Some(a), Some(b)) if a.0 < b.0 => all.extend(old.next()),
            (Some(_), None) => all.extend(old.next()),
            (_, Some(_)) => all.extend(new.next()),
            (None, None) => return (all, replaced),
        }
    }
}

/// Values in the order in which they came, in order of time; of those of one instant the last one counts. Says also how many
/// others there were.
pub(super) fn ordered(mut values: Vec<(i64, f64)>) -> (Vec<(i64, f64)>, u64) {
    values.sort_by_key(|(at, _)| *at);
    let mut replaced = 0;
    let mut kept: Vec<(i64, f64)> = Vec::with_capacity(values.len());
    for (at, value) in values {
        match kept.last_mut() {
            Some(last) if last.0 == at => {
                replaced += u64::from(last.1.to_bits() != value.to_bits());
                last.1 = value;
            }
            _ => kept.push((at, value)),
        }
    }
    (kept, replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(counts: &[usize]) -> Vec<Span> {
        counts.iter().zip(0..).map(|(count, i)| Span { id: i, from_ms: i * 100, to_ms: i * 100 + 99, count: *count }).collect()
    }

    #[test]
    fn new_values_take_small_neighbours_along_and_leave_large_ones() {
        assert_eq!(taken_apart(&spans(&[8_000, 2_000, 300, 90]), 400, 410, 100), 2..4);
        assert_eq!(taken_apart(&spans(&[8_000]), 100, 110, 100), 1..1, "full");
        assert_eq!(taken_apart(&spans(&[5]), 0, 0, 1), 0..1, "in its midst");
        assert_eq!(taken_apart(&spans(&[8_192, 8_192]), 50, 150, 2), 0..2, "across two full ones");
        assert_eq!(taken_apart(&[], 0, 0, 1), 0..0);
    }

    #[test]
    fn a_series_that_grows_for_a_year_keeps_few_small_chunks_and_writes_each_value_a_few_times() {
        let (mut chunks, mut at, mut written, mut added) = (Vec::<Span>::new(), 0_i64, 0_usize, 0_usize);
        for _ in 0..5_000 {
            let range = taken_apart(&chunks, at, at + 99, 100);
            let size = 100 + chunks[range.clone()].iter().map(|s| s.count).sum::<usize>();
            let from_ms = chunks.get(range.start).map_or(at, |s| s.from_ms);
            chunks.splice(range, [Span { id: 0, from_ms, to_ms: at + 99, count: size }]);
            (written, added, at) = (written + size, added + 100, at + 100);
        }
        let small = chunks.iter().filter(|span| span.count < MOST / 2).count();
        assert!(small <= 8, "{small} small chunks of {}", chunks.len());
        assert!(written < 12 * added, "{} times", written / added);
    }

    #[test]
    fn later_values_count() {
        assert_eq!(merged(&[(1, 1.0), (3, 3.0)], &[(0, 0.0), (3, 3.0), (4, 4.0)]).0, [(0, 0.0), (1, 1.0), (3, 3.0), (4, 4.0)]);
        assert_eq!(merged(&[(1, 1.0)], &[(1, 2.0)]), (vec![(1, 2.0)], 1));
        assert_eq!(ordered(vec![(5, 1.0), (1, 1.0), (5, 2.0), (5, 2.0)]), (vec![(1, 1.0), (5, 2.0)], 1));
    }
}
