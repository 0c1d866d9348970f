//! The bytes of `quarters.data`: the quarters of one UTC day, column by column. A column in which every quarter has the same value,
//! as the flows of a voltage do, takes eight bytes.

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
    bytes.push(u8::try_from(quarters.len()).expect("a day has 96 quarters"));
    let slots = quarters.keys().map(|start| u32::try_from((start - day_ms) / QUARTER_MS).expect("of this day")).collect();
    let whole = |f: fn(&Quarter) -> u32| quarters.values().map(f).collect::<Vec<_>>();
    let real = |f: fn(&Quarter) -> f64| quarters.values().map(f).collect::<Vec<_>>();
    put(&mut bytes, &[slots, whole(|q| q.count), whole(|q| q.covered_ms), whole(|q| q.estimated_ms)]);
    let values = [real(|q| q.sum), real(|q| q.min), real(|q| q.max), real(|q| q.first), real(|q| q.last)];
    let [sum, min, max, first, last] = values;
    put(&mut bytes, &[sum, min, max, first, last, real(|q| q.taken), real(|q| q.given)]);
    checksum::put(&mut bytes);
    Some(bytes)
}

/// The quarters of a day and their beginnings, in order of time.
///
/// # Errors
/// [`DbError::Unreadable`] when the bytes are none.
pub(super) fn unpack(day_ms: i64, bytes: &[u8]) -> Result<Vec<(i64, Quarter)>, DbError> {
    read(day_ms, bytes).ok_or_else(|| DbError::Unreadable {
        table: "quarters",
        column: "data",
        found: format!("{} bytes that are no quarters", bytes.len()),
    })
}

fn read(day_ms: i64, bytes: &[u8]) -> Option<Vec<(i64, Quarter)>> {
    let (count, mut rest) = checksum::checked(bytes)?.split_first()?;
    let count = usize::from(*count);
    let [slots, counts, covered, estimated] = take::<u32, 4>(&mut rest, count)?;
    let [sum, min, max, first, last, taken, given] = take::<f64, 7>(&mut rest, count)?;
    let quarter = |i: usize| Quarter {
        count: counts.at(i),
        sum: sum.at(i),
        min: min.at(i),
        max: max.at(i),
        first: first.at(i),
        last: last.at(i),
        taken: taken.at(i),
        given: given.at(i),
        covered_ms: covered.at(i),
        estimated_ms: estimated.at(i),
    };
    Some((0..count).map(|i| (day_ms + i64::from(slots.at(i)) * QUARTER_MS, quarter(i))).collect())
}

/// What columns are made of.
trait Cell: Number {
    fn bits(self) -> u64;
    fn of(bits: u64) -> Self;
}

impl Cell for u32 {
    fn bits(self) -> u64 {
        self.into()
    }

    fn of(bits: u64) -> Self {
        u32::try_from(bits).unwrap_or(u32::MAX)
    }
}

impl Cell for f64 {
    fn bits(self) -> u64 {
        self.to_bits()
    }

    fn of(bits: u64) -> Self {
        f64::from_bits(bits)
    }
}

/// A column that was read: one value for all, or each.
enum Column<T> {
    Same(T),
    Each(Vec<T>),
}

impl<T: Cell> Column<T> {
    fn at(&self, index: usize) -> T {
        match self {
            Self::Same(value) => *value,
            Self::Each(values) => values[index],
        }
    }
}

/// Columns of one type: which of them vary, the value of each that does not, then all others in one piece by `pco`: reading a year is reading
/// 365 of these, and each piece has its price.
fn put<T: Cell>(bytes: &mut Vec<u8>, columns: &[Vec<T>]) {
    let varies = |column: &Vec<T>| column.iter().any(|cell| cell.bits() != column[0].bits());
    let mask = columns.iter().zip(0..).fold(0_u8, |mask, (column, n)| mask | u8::from(varies(column)) << n);
    bytes.push(mask);
    for column in columns.iter().filter(|column| !varies(column)) {
        bytes.extend_from_slice(&column[0].bits().to_le_bytes());
    }
    let all: Vec<T> = columns.iter().filter(|column| varies(column)).flatten().copied().collect();
    if !all.is_empty() {
        let packed = simple_compress(&all, &ChunkConfig::default()).expect("the settings are pco's own");
        bytes.extend_from_slice(&u32::try_from(packed.len()).expect("a day is small").to_le_bytes());
        bytes.extend_from_slice(&packed);
    }
}

fn take<T: Cell, const N: usize>(rest: &mut &[u8], count: usize) -> Option<[Column<T>; N]> {
    let (mask, mut after) = rest.split_first()?;
    let mut columns = Vec::with_capacity(N);
    for n in 0..N {
        if mask & (1 << n) == 0 {
            let (bits, next) = after.split_first_chunk::<8>()?;
            columns.push(Column::Same(T::of(u64::from_le_bytes(*bits))));
            after = next;
        } else {
            columns.push(Column::Each(Vec::new()));
        }
    }
    if *mask != 0 {
        let (length, next) = after.split_first_chunk::<4>()?;
        let (packed, next) = next.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        after = next;
        let all: Vec<T> = simple_decompress(packed).ok()?;
        let mut pieces = all.chunks_exact(count.max(1));
        for column in columns.iter_mut().filter(|column| matches!(column, Column::Each(_))) {
            *column = Column::Each(pieces.next()?.to_vec());
        }
    }
    *rest = after;
    columns.try_into().ok()
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
            assert_eq!(unpack(5 * DAY_MS, &packed).expect("whole").into_iter().collect::<BTreeMap<_, _>>(), quarters(n));
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
