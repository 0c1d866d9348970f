//! The bytes of a block of the log: the readings of one transaction, one after the other.
//!
//! First a checksum; then each reading is `device i64, at_ms i64, n u32`, then n times `metric u32, value f64`, all little-endian. A block is written
//! once and read whole; where each reading begins is kept in memory ([`super::tail`]).

use super::checksum;
use crate::db::DbError;

const HEAD: usize = 20;
const VALUE: usize = 12;

/// A block that is being filled.
#[derive(Debug)]
pub(super) struct Block {
    bytes: Vec<u8>,
}

/// One reading of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'b> {
    pub(super) device: i64,
    pub(super) at_ms: i64,
    values: &'b [[u8; VALUE]],
}

impl Block {
    pub(super) fn with_capacity(values: usize, readings: usize) -> Self {
        let mut bytes = Vec::with_capacity(checksum::LENGTH + values * VALUE + readings * HEAD);
        bytes.resize(checksum::LENGTH, 0);
        Self { bytes }
    }

    /// Adds a reading; says where it begins. `None` when one of the values has no id yet: the block is of no use then.
    pub(super) fn push(&mut self, device: i64, at_ms: i64, values: impl ExactSizeIterator<Item = (Option<u32>, f64)>) -> Option<u32> {
        let offset = u32::try_from(self.bytes.len()).expect("a transaction's readings stay far below 4 GB");
        self.bytes.extend_from_slice(&device.to_le_bytes());
        self.bytes.extend_from_slice(&at_ms.to_le_bytes());
        self.bytes.extend_from_slice(&u32::try_from(values.len()).expect("a reading has few values").to_le_bytes());
        for (metric, value) in values {
            self.bytes.extend_from_slice(&metric?.to_le_bytes());
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
        Some(offset)
    }

    /// Adds a reading whose values are packed as a block packs them.
    ///
    /// # Errors
    /// [`DbError::Unreadable`] when they are not.
    pub(super) fn push_packed(&mut self, device: i64, at_ms: i64, packed: &[u8]) -> Result<(), DbError> {
        let (values, []) = packed.as_chunks::<VALUE>() else { return Err(damaged(packed)) };
        let values = values.iter().map(|[a, b, c, d, value @ ..]| (Some(u32::from_le_bytes([*a, *b, *c, *d])), f64::from_le_bytes(*value)));
        self.push(device, at_ms, values).ok_or_else(|| damaged(packed))?;
        Ok(())
    }

    /// The bytes to write; `None` without a reading.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        if self.bytes.len() == checksum::LENGTH {
            return None;
        }
        checksum::put(&mut self.bytes);
        Some(self.bytes)
    }
}

impl Frame<'_> {
    pub(super) fn values(&self) -> impl ExactSizeIterator<Item = (u32, f64)> + '_ {
        self.values.iter().map(|[a, b, c, d, value @ ..]| (u32::from_le_bytes([*a, *b, *c, *d]), f64::from_le_bytes(*value)))
    }
}

/// The reading that begins at `offset`. The checksum is not looked at: whoever reads the block has done so.
///
/// # Errors
/// [`DbError::Unreadable`] when there is none, or not all of it.
pub(super) fn frame(block: &[u8], offset: usize) -> Result<Frame<'_>, DbError> {
    parse(block, offset).ok_or_else(|| damaged(block))
}

/// All its readings in order, with the place where each begins.
///
/// # Errors
/// [`DbError::Unreadable`]; nothing of a damaged block is believed.
pub(super) fn frames(block: &[u8]) -> Result<Vec<(usize, Frame<'_>)>, DbError> {
    checksum::checked(block).ok_or_else(|| damaged(block))?;
    let mut found = Vec::new();
    let mut offset = checksum::LENGTH;
    while offset < block.len() {
        let frame = frame(block, offset)?;
        found.push((offset, frame));
        offset += HEAD + frame.values.len() * VALUE;
    }
    Ok(found)
}

fn parse(block: &[u8], offset: usize) -> Option<Frame<'_>> {
    let (device, rest) = block.get(offset..)?.split_first_chunk::<8>()?;
    let (at_ms, rest) = rest.split_first_chunk::<8>()?;
    let (count, rest) = rest.split_first_chunk::<4>()?;
    let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
    let (values, _) = rest.get(..count.checked_mul(VALUE)?)?.as_chunks::<VALUE>();
    Some(Frame { device: i64::from_le_bytes(*device), at_ms: i64::from_le_bytes(*at_ms), values })
}

fn damaged(block: &[u8]) -> DbError {
    DbError::Unreadable { table: "log", column: "data", found: format!("{} bytes that are no whole readings", block.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> (Vec<u8>, u32) {
        let mut block = Block::with_capacity(3, 2);
        block.push(1, 10, [(Some(1), 512.3), (Some(70_000), -0.0)].into_iter()).expect("each has its id");
        let second = block.push(-7, i64::MAX, [(Some(3), f64::MIN_POSITIVE)].into_iter()).expect("each has its id");
        (block.finish().expect("not empty"), second)
    }

    #[test]
    fn readings_come_back_to_the_last_bit_together_and_alone() {
        let (block, second) = block();
        let all = frames(&block).expect("whole");
        let bits = |f: &Frame<'_>| f.values().map(|(m, v)| (m, v.to_bits())).collect::<Vec<_>>();
        let seen: Vec<_> = all.iter().map(|(_, f)| (f.device, f.at_ms, bits(f))).collect();
        let (first, last) = (vec![(1, 512.3_f64.to_bits()), (70_000, (-0.0_f64).to_bits())], vec![(3, f64::MIN_POSITIVE.to_bits())]);
        assert_eq!(seen, [(1, 10, first), (-7, i64::MAX, last)]);
        assert_eq!(usize::try_from(second).expect("small"), all[1].0);
        assert_eq!(frame(&block, all[1].0).expect("there").at_ms, i64::MAX);
        assert_eq!(Block::with_capacity(0, 0).finish(), None);
        assert_eq!(Block::with_capacity(1, 1).push(1, 10, [(None, 1.0)].into_iter()), None);
    }

    #[test]
    fn damage_is_named() {
        let (whole, _) = block();
        for cut in 0..whole.len() {
            assert!(frames(&whole[..cut]).is_err(), "cut at {cut}");
            let mut flipped = whole.clone();
            flipped[cut] ^= 1;
            assert!(frames(&flipped).is_err(), "flipped at {cut}");
        }
        assert!(frame(&whole, whole.len() + 1).is_err());
        assert!(frame(&whole, whole.len() - 4).is_err());
    }
}
