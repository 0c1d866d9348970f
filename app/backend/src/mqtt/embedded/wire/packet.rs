//! What a client sends after its CONNECT.

use std::sync::Arc;

use bytes::Bytes;

use super::Version;
use super::frame::Frame;
use super::properties::{self, Allowed, Properties};
use super::read::{Reader, text};
use super::reason::WireError;

/// Filters in one SUBSCRIBE or UNSUBSCRIBE: a few times of what one session may hold.
const FILTERS: usize = 256;

/// A packet.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Packet {
    Publish(Publish),
    Ack(Ack, u16, u8),
    Subscribe(Subscribe),
    Unsubscribe(u16, Vec<String>),
    Ping,
    Disconnect(Goodbye),
}

/// A message.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Publish {
    pub(in super::super) dup: bool,
    pub(in super::super) qos: u8,
    pub(in super::super) retain: bool,
    /// Empty where an alias stands for it.
    pub(in super::super) topic: Arc<str>,
    /// 0 without quality.
    pub(in super::super) id: u16,
    pub(in super::super) properties: Option<Box<Properties>>,
    /// Shares the packet's memory.
    pub(in super::super) payload: Bytes,
}

/// The four acknowledgements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in super::super) enum Ack {
    Taken = 0x40,
    Received = 0x50,
    Release = 0x62,
    Complete = 0x70,
}

/// A wish to hear.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Subscribe {
    pub(in super::super) id: u16,
    /// The number that the client gives to what it hears by this.
    pub(in super::super) subscription_id: Option<u32>,
    pub(in super::super) filters: Vec<(String, Options)>,
}

/// How a filter is subscribed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Options {
    pub(in super::super) qos: u8,
    /// Not what the same client published.
    pub(in super::super) no_local: bool,
    /// With the retain flag as it was published.
    pub(in super::super) as_published: bool,
    /// When retained messages are sent: 0 always, 1 for a new subscription, 2 never.
    pub(in super::super) retained: u8,
}

/// How a client leaves.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Goodbye {
    /// Its will is to be published all the same.
    pub(in super::super) with_will: bool,
    /// In seconds, where it changes its mind about its session.
    pub(in super::super) session_expiry: Option<u32>,
}

/// Understands a packet. `last` is the topic of the message before: the same topic again costs no memory.
pub(in super::super) fn decode(frame: Frame, version: Version, last: Option<&Arc<str>>) -> Result<Packet, WireError> {
    let mut reader = Reader::new(&frame.body);
    let packet = match frame.first >> 4 {
        1 => return Err(WireError::Protocol("a second CONNECT")),
        3 => return publish(frame.first, reader, version, last).map(Packet::Publish),
        4 => ack(Ack::Taken, &mut reader, version)?,
        5 => ack(Ack::Received, &mut reader, version)?,
        6 => ack(Ack::Release, &mut reader, version)?,
        7 => ack(Ack::Complete, &mut reader, version)?,
        8 => Packet::Subscribe(subscribe(&mut reader, version)?),
        10 => {
            let id = reader.packet_id()?;
            if version == Version::Five {
                properties::read(&mut reader, Allowed::UNSUBSCRIBE)?;
            }
            Packet::Unsubscribe(id, filters(&mut reader, |reader| Ok(reader.text()?.to_owned()))?)
        }
        12 => Packet::Ping,
        14 => Packet::Disconnect(goodbye(&mut reader, version)?),
        15 if version == Version::Five => return Err(WireError::Protocol("AUTH without a method")),
        _ => return Err(WireError::Protocol("a packet that only a server sends")),
    };
    reader.end()?;
    Ok(packet)
}

pub(super) fn read_qos(bits: u8) -> Result<u8, WireError> {
    match bits & 3 {
        3 => Err(WireError::Malformed("quality of service 3")),
        qos => Ok(qos),
    }
}

fn publish(first: u8, mut reader: Reader<'_>, version: Version, last: Option<&Arc<str>>) -> Result<Publish, WireError> {
    let qos = read_qos(first >> 1)?;
    let dup = first & 0x08 != 0;
    if dup && qos == 0 {
        return Err(WireError::Malformed("a repetition without quality"));
    }
    let field = reader.field()?;
    let topic = match last {
        Some(last) if last.as_bytes() == field => Arc::clone(last),
        _ => topic(field)?,
    };
    let id = if qos > 0 { reader.packet_id()? } else { 0 };
    let properties = if version == Version::Five { properties::read(&mut reader, Allowed::PUBLISH)? } else { None };
    let alias = properties.as_ref().and_then(|p| p.topic_alias);
    if topic.is_empty() && alias.is_none() {
        return Err(WireError::Topic);
    }
    check_response_topic(properties.as_deref())?;
    Ok(Publish { dup, qos, retain: first & 1 != 0, topic, id, properties, payload: reader.rest() })
}

fn topic(field: &[u8]) -> Result<Arc<str>, WireError> {
    let topic = text(field)?;
    if is_wild(topic) { Err(WireError::Topic) } else { Ok(topic.into()) }
}

/// Whether it is for filters alone.
pub(super) fn is_wild(topic: &str) -> bool {
    topic.contains(['+', '#'])
}

pub(super) fn check_response_topic(properties: Option<&Properties>) -> Result<(), WireError> {
    let topic = properties.and_then(|properties| properties.response_topic.as_deref());
    if topic.is_some_and(is_wild) { Err(WireError::Protocol("a wildcard in the response topic")) } else { Ok(()) }
}

fn ack(kind: Ack, reader: &mut Reader<'_>, version: Version) -> Result<Packet, WireError> {
    let id = reader.packet_id()?;
    let mut code = 0;
    if version == Version::Five && !reader.is_empty() {
        code = reader.byte()?;
        if !reader.is_empty() {
            properties::read(reader, Allowed::ACK)?;
        }
    }
    Ok(Packet::Ack(kind, id, code))
}

fn subscribe(reader: &mut Reader<'_>, version: Version) -> Result<Subscribe, WireError> {
    let id = reader.packet_id()?;
    let properties = if version == Version::Five { properties::read(reader, Allowed::SUBSCRIBE)? } else { None };
    let filters = filters(reader, |reader| {
        let filter = reader.text()?.to_owned();
        let byte = reader.byte()?;
        let options =
            Options { qos: read_qos(byte)?, no_local: byte & 0x04 != 0, as_published: byte & 0x08 != 0, retained: (byte >> 4) & 3 };
        match version {
            Version::Three if byte & 0xfc != 0 => return Err(WireError::Malformed("reserved bits of a subscription")),
            Version::Five if byte & 0xc0 != 0 => return Err(WireError::Malformed("reserved bits of a subscription")),
            Version::Five if options.retained == 3 => return Err(WireError::Protocol("retain handling 3")),
            Version::Five if options.no_local && filter.starts_with("$share/") => {
                return Err(WireError::Protocol("a shared subscription without what is local"));
            }
            _ => {}
        }
        Ok((filter, options))
    })?;
    Ok(Subscribe { id, subscription_id: properties.and_then(|p| p.subscription_id), filters })
}

fn filters<'b, T>(reader: &mut Reader<'b>, mut each: impl FnMut(&mut Reader<'b>) -> Result<T, WireError>) -> Result<Vec<T>, WireError> {
    let mut found = Vec::new();
    while !reader.is_empty() {
        if found.len() == FILTERS {
            return Err(WireError::TooMany("filters"));
        }
        found.push(each(reader)?);
    }
    if found.is_empty() { Err(WireError::Protocol("no filter")) } else { Ok(found) }
}

fn goodbye(reader: &mut Reader<'_>, version: Version) -> Result<Goodbye, WireError> {
    let mut goodbye = Goodbye::default();
    if version == Version::Five && !reader.is_empty() {
        goodbye.with_will = reader.byte()? != 0;
        if !reader.is_empty() {
            goodbye.session_expiry = properties::read(reader, Allowed::DISCONNECT)?.and_then(|p| p.session_expiry);
        }
    }
    Ok(goodbye)
}
