//! A chunk: the values of one metric of one device over a stretch of time, compressed. Instants and values are two columns
//! by `pco`; beside them stands what most questions want to know, so that a chunk inside a bucket is not unpacked.

use pco::ChunkConfig;
use pco::standalone::{simple_compress, simple_decompress};

use super::checksum;
use crate::db::DbError;

/// The most values of one chunk: from here on more do not compress any better.
pub(super) const MOST: usize = 8_192;
/// As far as `pco` goes for a little more; twice the time of its quicker levels, and a tenth less to store.
const LEVEL: usize = 8;
/// For chunks that are not full: they are unpacked again soon, to be merged with what comes.
const QUICK_LEVEL: usize = 4;

/// A chunk before it is written, or after it was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chunk {
    pub(super) facts: Facts,
    pub(super) bytes: Vec<u8>,
}

/// What is known of a chunk without unpacking it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Facts {
    /// The first instant, ms since the epoch.
    pub(super) from_ms: i64,
    /// The last instant, ms since the epoch.
    pub(super) to_ms: i64,
    /// How many values.
    pub(super) count: i64,
    pub(super) min: f64,
    pub(super) max: f64,
    /// In order of time, so that it is always the same.
    pub(super) sum: f64,
}

impl Facts {
    /// Of values in order of time; `None` without any.
    pub(super) fn of(values: &[(i64, f64)]) -> Option<Self> {
        let (first, last) = (values.first()?, values.last()?);
        let fold = |f: fn(f64, f64) -> f64| values.iter().map(|(_, v)| *v).fold(first.1, f);
        Some(Self {
            from_ms: first.0,
            to_ms: last.0,
            count: i64::try_from(values.len()).ok()?,
            min: fold(f64::min),
            max: fold(f64::max),
            sum: values.iter().map(|(_, v)| v).sum(),
        })
    }
}

impl Chunk {
    /// Packs values, in order of time, each instant once; `None` without any.
    pub(super) fn pack(values: &[(i64, f64)]) -> Option<Self> {
        let facts = Facts::of(values)?;
        let config = ChunkConfig::default().with_compression_level(if values.len() < MOST { QUICK_LEVEL } else { LEVEL });
        let instants: Vec<i64> = values.iter().map(|(at, _)| *at).collect();
        let numbers: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
        let instants = simple_compress(&instants, &config).expect("the settings are pco's own");
        let numbers = simple_compress(&numbers, &config).expect("the settings are pco's own");
        let mut bytes = Vec::with_capacity(checksum::LENGTH + 4 + instants.len() + numbers.len());
        bytes.resize(checksum::LENGTH, 0);
        bytes.extend_from_slice(&u32::try_from(instants.len()).expect("a chunk is small").to_le_bytes());
        bytes.extend_from_slice(&instants);
        bytes.extend_from_slice(&numbers);
        checksum::put(&mut bytes);
        Some(Self { facts, bytes })
    }
}

/// Its values in order of time.
///
/// # Errors
/// [`DbError::Unreadable`] when the bytes are no chunk.
pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<(i64, f64)>, DbError> {
    let damaged = |found: String| DbError::Unreadable { table: "chunks", column: "data", found };
    let short = || damaged(format!("{} bytes", bytes.len()));
    let whole = checksum::checked(bytes).ok_or_else(|| damaged(format!("{} bytes that do not fit their checksum", bytes.len())))?;
    let (length, rest) = whole.split_first_chunk::<4>().ok_or_else(short)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| short())?;
    let (instants, numbers) = rest.split_at_checked(length).ok_or_else(short)?;
    let instants: Vec<i64> = simple_decompress(instants).map_err(|e| damaged(e.to_string()))?;
    let numbers: Vec<f64> = simple_decompress(numbers).map_err(|e| damaged(e.to_string()))?;
    if instants.len() != numbers.len() {
        return Err(damaged(format!("{} instants and {} values", instants.len(), numbers.len())));
    }
    Ok(instants.into_iter().zip(numbers).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_come_back_to_the_last_bit(values in prop::collection::btree_map(any::<i64>(), any::<f64>(), 1..300)) {
            let values: Vec<_> = values.into_iter().collect();
            let chunk = Chunk::pack(&values).expect("not empty");
            let back = unpack(&chunk.bytes).expect("whole");
            let bits = |v: &[(i64, f64)]| v.iter().map(|(at, v)| (*at, v.to_bits())).collect::<Vec<_>>();
            prop_assert_eq!(bits(&back), bits(&values));
        }

        #[test]
        fn damage_is_named(cut in 0_usize..200, flip in 0_usize..200, bit in 0_u8..8) {
            let values: Vec<_> = (0..100).map(|i| (i * 5_000, f64::from(i as i32) * 0.1)).collect();
            let whole = Chunk::pack(&values).expect("not empty").bytes;
            prop_assert!(unpack(&whole[..cut.min(whole.len() - 1)]).is_err());
            let mut flipped = whole;
            let last = flipped.len() - 1;
            flipped[flip.min(last)] ^= 1 << bit;
            prop_assert!(unpack(&flipped).is_err());
        }
    }

    #[test]
    fn a_day_of_a_meter_takes_about_a_byte_a_value() {
        let values: Vec<_> = (0..17_280_i64).map(|i| (i * 5_000, ((i % 97) * 13 % 700) as f64 / 10.0 + 230.0)).collect();
        let bytes: usize = values.chunks(MOST).map(|v| Chunk::pack(v).expect("not empty").bytes.len()).sum();
        assert!(bytes < values.len() * 12 / 10, "{bytes} bytes");
    }
}
