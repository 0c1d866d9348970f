//! Where one packet ends and the next begins.

use bytes::{Buf as _, Bytes, BytesMut};

use super::reason::WireError;

/// The first byte of a packet and what follows its length.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Frame {
    pub(in super::super) first: u8,
    pub(in super::super) body: Bytes,
}

/// What stands at the front of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Next {
    /// A whole packet, taken off.
    Whole(Frame),
    /// A part of one. So many bytes it has in all, as far as can be told.
    Part(usize),
}

/// Takes a packet off the front. Packets of more than `most` bytes are refused as soon as they say so.
///
/// # Errors
/// [`WireError`]: a length of more than four bytes, or more than `most`.
pub(in super::super) fn next(buffer: &mut BytesMut, most: usize) -> Result<Next, WireError> {
    let Some(first) = buffer.first().copied() else { return Ok(Next::Part(2)) };
    check_first(first)?;
    let (mut length, mut header) = (0usize, 1);
    loop {
        let Some(byte) = buffer.get(header).copied() else { return Ok(Next::Part(header + 1)) };
        length |= usize::from(byte & 0x7f) << (7 * (header - 1));
        header += 1;
        if byte & 0x80 == 0 {
            break;
        }
        if header == 5 {
            return Err(WireError::Malformed("a length of more than four bytes"));
        }
    }
    let total = header + length;
    if total > most {
        return Err(WireError::TooLarge);
    }
    if buffer.len() < total {
        return Ok(Next::Part(total));
    }
    buffer.advance(header);
    Ok(Next::Whole(Frame { first, body: buffer.split_to(length).freeze() }))
}

/// The lower half of the first byte is fixed for every packet but PUBLISH, so that what speaks another protocol is hung up on at once.
fn check_first(first: u8) -> Result<(), WireError> {
    let good = match first >> 4 {
        0 => false,
        3 => first & 0x06 != 0x06,
        6 | 8 | 10 => first & 0x0f == 2,
        _ => first & 0x0f == 0,
    };
    if good { Ok(()) } else { Err(WireError::Malformed("the first byte")) }
}
