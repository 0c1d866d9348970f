//! The bytes of `quarters.data`: the quarters of one UTC day, column by column. A column in which every quarter has the same value,
//! as the flows of a voltage do, takes a few bytes.

use std::collections::BTreeMap;

use pco::ChunkConfig;
use pco::data_types::Number;
use pco::standalone::{simple_compress, simple_decompress};
use vigia_domain::rollup::{QUARTER_MS, Quarter};

use super::checksum;
use crate::db::DbError;

/// The length of a row's stretch of time, in ms.
pub(super) const DAY_MS: i64 = 96 * QUARTER_MS;

/// Where the day of an instant begins.
pub(super) const fn start_of(at_ms: i64) -> i64 {
    at_ms.div_euclid(DAY_MS) * DAY_MS
}

/// Packs the quarters of a day, by their beginning; `None` without any.
pub(super) fn pack(day_ms: i64, quarters: &BTreeMap<i64, Quarter>) -> Option<Vec<u8>> {
    if quarters.is_empty() {
        return None;
    }
    let mut bytes = vec![0; checksum::LENGTH];
    let slots = quarters.keys().map(|start| u32::try_from((start - day_ms) / QUARTER_MS).expect("of this day"));
    column(&mut bytes, &slots.collect::<Vec<_>>());
    let whole = |f: fn(&Quarter) -> u32| quarters.values().map(f).collect::<Vec<_>>();
    let real = |f: fn(&Quarter) -> f64| quarters.values().map(f).collect::<Vec<_>>();
    column(&mut bytes, &whole(|q| q.count));
    for values in [real(|q| q.sum), real(|q| q.min), real(|q| q.max), real(|q| q.first), real(|q| q.last)] {
        column(&mut bytes, &values);
    }
    for values in [real(|q| q.taken), real(|q| q.given)] {
        column(&mut bytes, &values);
    }
    column(&mut bytes, &whole(|q| q.covered_ms));
    column(&mut bytes, &whole(|q| q.estimated_ms));
    checksum::put(&mut bytes);
    Some(bytes)
}

/// The quarters of a day, by their beginning.
///
/// # Errors
/// [`DbError::Unreadable`] when the bytes are none.
pub(super) fn unpack(day_ms: i64, bytes: &[u8]) -> Result<BTreeMap<i64, Quarter>, DbError> {
    read(day_ms, bytes).ok_or_else(|| DbError::Unreadable {
        table: "quarters",
        column: "data",
        found: format!("{} bytes that are no quarters", bytes.len()),
    })
}

fn read(day_ms: i64, bytes: &[u8]) -> Option<BTreeMap<i64, Quarter>> {
    let mut rest = checksum::checked(bytes)?;
    let slots: Vec<u32> = next(&mut rest)?;
    let counts: Vec<u32> = next(&mut rest)?;
    let mut real = [const { Vec::<f64>::new() }; 7];
    for column in &mut real {
        *column = next(&mut rest)?;
    }
    let [sum, min, max, first, last, taken, given] = &real;
    let covered: Vec<u32> = next(&mut rest)?;
    let estimated: Vec<u32> = next(&mut rest)?;
    let quarter = |i: usize| {
        Some(Quarter {
            count: *counts.get(i)?,
            sum: *sum.get(i)?,
            min: *min.get(i)?,
            max: *max.get(i)?,
            first: *first.get(i)?,
            last: *last.get(i)?,
            taken: *taken.get(i)?,
            given: *given.get(i)?,
            covered_ms: *covered.get(i)?,
            estimated_ms: *estimated.get(i)?,
        })
    };
    slots.iter().enumerate().map(|(i, slot)| Some((day_ms + i64::from(*slot) * QUARTER_MS, quarter(i)?))).collect()
}

/// A column: the length of what `pco` made of it, then that.
fn column<T: Number>(bytes: &mut Vec<u8>, values: &[T]) {
    let packed = simple_compress(values, &ChunkConfig::default()).expect("the settings are pco's own");
    bytes.extend_from_slice(&u32::try_from(packed.len()).expect("a day is small").to_le_bytes());
    bytes.extend_from_slice(&packed);
}

fn next<T: Number>(rest: &mut &[u8]) -> Option<Vec<T>> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (packed, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    *rest = after;
    simple_decompress(packed).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarters(n: i64) -> BTreeMap<i64, Quarter> {
        let quarter = |i: i64| Quarter {
            count: 180,
            sum: 512.3 * i as f64,
            min: i as f64,
            max: 2.0 * i as f64,
            first: 0.1,
            last: 0.2,
            taken: 128.0 + i as f64,
            given: 0.0,
            covered_ms: 900_000,
            estimated_ms: 0,
        };
        (0..n).map(|i| (5 * DAY_MS + i * QUARTER_MS, quarter(i))).collect()
    }

    #[test]
    fn a_day_comes_back_to_the_last_bit() {
        for n in [1, 2, 96] {
            let packed = pack(5 * DAY_MS, &quarters(n)).expect("not empty");
            assert_eq!(unpack(5 * DAY_MS, &packed).expect("whole"), quarters(n));
        }
        assert_eq!(pack(0, &BTreeMap::new()), None);
        assert_eq!(start_of(-1), -DAY_MS);
    }

    #[test]
    fn damage_is_named_and_a_day_is_small() {
        let packed = pack(5 * DAY_MS, &quarters(96)).expect("not empty");
        assert!(packed.len() < 3_000, "{} bytes", packed.len());
        for cut in 0..packed.len() {
            assert!(unpack(5 * DAY_MS, &packed[..cut]).is_err());
        }
    }
}
