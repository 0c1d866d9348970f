//! Reading numbers, texts and bytes off the body of a packet.

use bytes::Bytes;

use super::reason::WireError;

const SHORT: WireError = WireError::Malformed("it ends too early");

/// A place in a body.
pub(super) struct Reader<'b> {
    body: &'b Bytes,
    at: usize,
    end: usize,
}

impl<'b> Reader<'b> {
    pub(super) fn new(body: &'b Bytes) -> Self {
        Self { body, at: 0, end: body.len() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at == self.end
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], WireError> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.end).ok_or(SHORT)?;
        let taken = &self.body[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, WireError> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn two(&mut self) -> Result<u16, WireError> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    pub(super) fn four(&mut self) -> Result<u32, WireError> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// A packet id, which is never zero.
    pub(super) fn packet_id(&mut self) -> Result<u16, WireError> {
        match self.two()? {
            0 => Err(WireError::Protocol("packet id 0")),
            id => Ok(id),
        }
    }

    /// A number of one to four bytes with seven bits each.
    pub(super) fn varying(&mut self) -> Result<u32, WireError> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::Malformed("a number of more than four bytes"))
    }

    /// The bytes of a field with its length before it.
    pub(super) fn field(&mut self) -> Result<&'b [u8], WireError> {
        let length = self.two()?;
        self.take(usize::from(length))
    }

    /// The same, sharing the packet's memory.
    pub(super) fn bytes(&mut self) -> Result<Bytes, WireError> {
        let field = self.field()?;
        Ok(self.body.slice_ref(field))
    }

    /// A text: UTF-8 without the character 0 (MQTT 5, 1.5.4).
    pub(super) fn text(&mut self) -> Result<&'b str, WireError> {
        text(self.field()?)
    }

    /// The properties' part, as a reader of its own.
    pub(super) fn properties(&mut self) -> Result<Self, WireError> {
        let length = self.varying()? as usize;
        let start = self.at;
        self.take(length)?;
        Ok(Self { body: self.body, at: start, end: start + length })
    }

    /// All that is left, sharing the packet's memory.
    pub(super) fn rest(&mut self) -> Bytes {
        let rest = self.body.slice(self.at..self.end);
        self.at = self.end;
        rest
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), WireError> {
        if self.is_empty() { Ok(()) } else { Err(WireError::Malformed("it goes on after its end")) }
    }
}

pub(super) fn text(field: &[u8]) -> Result<&str, WireError> {
    match std::str::from_utf8(field) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(WireError::Malformed("a text that is not UTF-8")),
    }
}
