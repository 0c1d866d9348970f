//! Properties of MQTT 5.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::read::Reader;
use super::reason::WireError;
use super::write::{put_bytes, put_varying, varying_bytes};

/// User properties that one packet may carry. They are passed on, so they are kept as long as the message is.
const USER_PROPERTIES: usize = 64;

/// Every property that a client may send, whatever the packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Properties {
    pub(in super::super) payload_format: Option<u8>,
    pub(in super::super) message_expiry: Option<u32>,
    pub(in super::super) content_type: Option<Box<str>>,
    pub(in super::super) response_topic: Option<Box<str>>,
    pub(in super::super) correlation: Option<Bytes>,
    pub(in super::super) subscription_id: Option<u32>,
    pub(in super::super) session_expiry: Option<u32>,
    pub(in super::super) auth_method: Option<Box<str>>,
    pub(in super::super) will_delay: Option<u32>,
    pub(in super::super) receive_maximum: Option<u16>,
    pub(in super::super) topic_alias_maximum: Option<u16>,
    pub(in super::super) topic_alias: Option<u16>,
    pub(in super::super) packet_bytes: Option<u32>,
    pub(in super::super) user: Vec<(Box<str>, Box<str>)>,
}

/// Which properties a packet may carry, by their numbers.
#[derive(Clone, Copy)]
pub(super) struct Allowed(&'static [u32]);

impl Allowed {
    pub(super) const CONNECT: Self = Self(&[0x11, 0x21, 0x27, 0x22, 0x19, 0x17, 0x26, 0x15, 0x16]);
    pub(super) const WILL: Self = Self(&[0x18, 0x01, 0x02, 0x03, 0x08, 0x09, 0x26]);
    pub(super) const PUBLISH: Self = Self(&[0x01, 0x02, 0x23, 0x08, 0x09, 0x26, 0x03]);
    pub(super) const ACK: Self = Self(&[0x1f, 0x26]);
    pub(super) const SUBSCRIBE: Self = Self(&[0x0b, 0x26]);
    pub(super) const UNSUBSCRIBE: Self = Self(&[0x26]);
    pub(super) const DISCONNECT: Self = Self(&[0x11, 0x1f, 0x26]);
}

/// Reads a packet's properties. `None` when there are none.
pub(super) fn read(reader: &mut Reader<'_>, allowed: Allowed) -> Result<Option<Box<Properties>>, WireError> {
    let mut part = reader.properties()?;
    if part.is_empty() {
        return Ok(None);
    }
    let mut found = Box::<Properties>::default();
    let mut seen = 0u64;
    while !part.is_empty() {
        let number = part.varying()?;
        if !allowed.0.contains(&number) {
            return Err(WireError::Protocol("a property that this packet may not have"));
        }
        let bit = 1u64 << number;
        if number != 0x26 && seen & bit != 0 {
            return Err(WireError::Protocol("a property twice"));
        }
        seen |= bit;
        found.take(number, &mut part)?;
    }
    Ok(Some(found))
}

impl Properties {
    fn take(&mut self, number: u32, part: &mut Reader<'_>) -> Result<(), WireError> {
        match number {
            0x01 => self.payload_format = Some(flag(part)?),
            0x02 => self.message_expiry = Some(part.four()?),
            0x03 => self.content_type = Some(part.text()?.into()),
            0x08 => self.response_topic = Some(part.text()?.into()),
            0x09 => self.correlation = Some(part.bytes()?),
            0x0b => self.subscription_id = Some(not_zero(part.varying()?)?),
            0x11 => self.session_expiry = Some(part.four()?),
            0x15 => self.auth_method = Some(part.text()?.into()),
            0x16 => drop(part.field()?),
            0x18 => self.will_delay = Some(part.four()?),
            // Reasons are said where they always may be, and response information never: nothing is to be kept of these wishes.
            0x17 | 0x19 => drop(flag(part)?),
            0x1f => drop(part.text()?),
            0x21 => self.receive_maximum = Some(not_zero(part.two()?)?),
            0x22 => self.topic_alias_maximum = Some(part.two()?),
            0x23 => self.topic_alias = Some(part.two()?),
            0x26 => {
                if self.user.len() == USER_PROPERTIES {
                    return Err(WireError::TooMany("user properties"));
                }
                self.user.push((part.text()?.into(), part.text()?.into()));
            }
            0x27 => self.packet_bytes = Some(not_zero(part.four()?)?),
            _ => return Err(WireError::Protocol("an unknown property")),
        }
        Ok(())
    }

    /// What goes on to subscribers, in memory of its own; `None` when nothing does.
    pub(in super::super) fn to_pass_on(&self) -> Option<Box<Self>> {
        let passed = Self {
            payload_format: self.payload_format,
            content_type: self.content_type.clone(),
            response_topic: self.response_topic.clone(),
            correlation: self.correlation.as_deref().map(Bytes::copy_from_slice),
            user: self.user.clone(),
            ..Self::default()
        };
        (passed != Self::default()).then(|| Box::new(passed))
    }

    /// About how much memory it takes.
    pub(in super::super) fn bytes(&self) -> usize {
        let texts = [&self.content_type, &self.response_topic].into_iter().flatten().map(|text| text.len()).sum::<usize>();
        let user = self.user.iter().map(|(name, value)| 32 + name.len() + value.len()).sum::<usize>();
        size_of::<Self>() + texts + user + self.correlation.as_ref().map_or(0, Bytes::len)
    }

    /// Appends those that go on to subscribers, without their length.
    pub(super) fn put(&self, out: &mut BytesMut) {
        if let Some(format) = self.payload_format {
            out.put_slice(&[0x01, format]);
        }
        for (number, text) in [(0x03, &self.content_type), (0x08, &self.response_topic)] {
            if let Some(text) = text {
                out.put_u8(number);
                put_bytes(out, text.as_bytes());
            }
        }
        if let Some(correlation) = &self.correlation {
            out.put_u8(0x09);
            put_bytes(out, correlation);
        }
        for (name, value) in &self.user {
            out.put_u8(0x26);
            put_bytes(out, name.as_bytes());
            put_bytes(out, value.as_bytes());
        }
    }

    /// How many bytes [`Self::put`] appends.
    pub(super) fn put_bytes(&self) -> usize {
        let texts = [&self.content_type, &self.response_topic].into_iter().flatten().map(|text| 3 + text.len()).sum::<usize>();
        let user = self.user.iter().map(|(name, value)| 5 + name.len() + value.len()).sum::<usize>();
        usize::from(self.payload_format.is_some()) * 2 + texts + user + self.correlation.as_ref().map_or(0, |bytes| 3 + bytes.len())
    }
}

/// Appends subscription ids and what is left of a message's time.
pub(super) fn put_of_delivery(out: &mut BytesMut, subscription_ids: &[u32], expiry_s: Option<u32>) {
    if let Some(seconds) = expiry_s {
        out.put_u8(0x02);
        out.put_u32(seconds);
    }
    for id in subscription_ids {
        out.put_u8(0x0b);
        put_varying(out, *id as usize);
    }
}

/// How many bytes [`put_of_delivery`] appends.
pub(super) fn delivery_bytes(subscription_ids: &[u32], expiry_s: Option<u32>) -> usize {
    subscription_ids.iter().map(|id| 1 + varying_bytes(*id as usize)).sum::<usize>() + expiry_s.map_or(0, |_| 5)
}

fn flag(part: &mut Reader<'_>) -> Result<u8, WireError> {
    match part.byte()? {
        flag @ (0 | 1) => Ok(flag),
        _ => Err(WireError::Protocol("a flag that is neither 0 nor 1")),
    }
}

fn not_zero<N: Default + PartialEq>(number: N) -> Result<N, WireError> {
    if number == N::default() { Err(WireError::Protocol("a zero that may not be")) } else { Ok(number) }
}
