//! A checksum before what is kept as bytes, so that damage on the disk is found and named rather than believed.

/// How many bytes it takes.
pub(super) const LENGTH: usize = 4;

/// Puts the checksum of what follows into the first [`LENGTH`] bytes.
pub(super) fn put(bytes: &mut [u8]) {
    let (head, rest) = bytes.split_at_mut(LENGTH);
    head.copy_from_slice(&crc32c::crc32c(rest).to_le_bytes());
}

/// What follows the checksum, if it fits; `None` when it does not, or there is none.
pub(super) fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (head, rest) = bytes.split_first_chunk::<LENGTH>()?;
    (crc32c::crc32c(rest) == u32::from_le_bytes(*head)).then_some(rest)
}
