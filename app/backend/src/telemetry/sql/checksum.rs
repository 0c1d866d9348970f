//! A checksum before what is kept as bytes, so that damage on the disk is found and named rather than believed.

use crc::{CRC_32_ISCSI, Crc, Table};

static CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// How many bytes it takes.
pub(super) const LENGTH: usize = 4;

/// Puts the checksum of what follows into the first [`LENGTH`] bytes.
pub(super) fn put(bytes: &mut [u8]) {
    let (head, rest) = bytes.split_at_mut(LENGTH);
    head.copy_from_slice(&CRC.checksum(rest).to_le_bytes());
}

/// What follows the checksum, if it fits; `None` when it does not, or there is none.
pub(super) fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (head, rest) = bytes.split_first_chunk::<LENGTH>()?;
    (CRC.checksum(rest) == u32::from_le_bytes(*head)).then_some(rest)
}
