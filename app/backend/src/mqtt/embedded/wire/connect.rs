//! CONNECT.

use std::time::Duration;

use bytes::Bytes;

use super::Version;
use super::frame::Frame;
use super::packet::{check_response_topic, is_wild, read_qos};
use super::properties::{self, Allowed, Properties};
use super::read::Reader;
use super::reason::{Reason, WireError};

/// What a client says first.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Connect {
    pub(in super::super) version: Version,
    /// Whether it wants nothing of an earlier session.
    pub(in super::super) clean: bool,
    /// The longest silence that it allows itself; zero: any.
    pub(in super::super) keep_alive: Duration,
    pub(in super::super) client: String,
    pub(in super::super) will: Option<LastWill>,
    pub(in super::super) user: Option<String>,
    pub(in super::super) password: Option<Bytes>,
    /// Those of MQTT 5.
    pub(in super::super) properties: Box<Properties>,
}

/// What is to be published when the connection ends badly.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct LastWill {
    pub(in super::super) topic: String,
    pub(in super::super) payload: Bytes,
    pub(in super::super) qos: u8,
    pub(in super::super) retain: bool,
    pub(in super::super) properties: Option<Box<Properties>>,
}

/// Why this is no CONNECT that can be answered with yes. A version that is known is answered in.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct ConnectError {
    pub(in super::super) version: Option<Version>,
    pub(in super::super) reason: Reason,
    pub(in super::super) detail: &'static str,
}

impl Connect {
    pub(in super::super) fn decode(frame: &Frame) -> Result<Self, ConnectError> {
        let unknown = |detail| ConnectError { version: None, reason: Reason::MalformedPacket, detail };
        if frame.first != 0x10 {
            return Err(unknown("the first packet is no CONNECT"));
        }
        let mut reader = Reader::new(&frame.body);
        let name = reader.field().map_err(|_| unknown("no name of a protocol"))?;
        let level = reader.byte().map_err(|_| unknown("no level of a protocol"))?;
        let version = match (name, level) {
            (b"MQTT", 4) | (b"MQIsdp", 3) => Version::Three,
            (b"MQTT", 5) => Version::Five,
            (b"MQTT" | b"MQIsdp", level) => {
                let version = if level > 5 { Version::Five } else { Version::Three };
                return Err(ConnectError { version: Some(version), reason: Reason::UnsupportedVersion, detail: "no such level" });
            }
            _ => return Err(unknown("another protocol")),
        };
        read(&mut reader, version).map_err(|error| {
            let (reason, detail) = match error {
                WireError::Malformed(detail) | WireError::Protocol(detail) => (error.reason(), detail),
                WireError::Topic => (error.reason(), "the will is for no topic"),
                _ => (error.reason(), "too much"),
            };
            ConnectError { version: Some(version), reason, detail }
        })
    }
}

fn read(reader: &mut Reader<'_>, version: Version) -> Result<Connect, WireError> {
    let flags = reader.byte()?;
    if flags & 0x01 != 0 {
        return Err(WireError::Malformed("the reserved flag is set"));
    }
    let (has_will, has_password, has_user) = (flags & 0x04 != 0, flags & 0x40 != 0, flags & 0x80 != 0);
    if !has_will && flags & 0x38 != 0 {
        return Err(WireError::Malformed("quality or retain of a will that is not there"));
    }
    if version == Version::Three && has_password && !has_user {
        return Err(WireError::Malformed("a password without a user name"));
    }
    let qos = read_qos(flags >> 3)?;
    let keep_alive = Duration::from_secs(reader.two()?.into());
    let properties = match version {
        Version::Three => Box::default(),
        Version::Five => properties::read(reader, Allowed::CONNECT)?.unwrap_or_default(),
    };
    let client = reader.text()?.to_owned();
    let will = if has_will {
        let properties = match version {
            Version::Three => None,
            Version::Five => properties::read(reader, Allowed::WILL)?,
        };
        let (topic, payload) = (reader.text()?.to_owned(), Bytes::copy_from_slice(reader.field()?));
        // The same as of every message: it becomes one.
        if topic.is_empty() || is_wild(&topic) {
            return Err(WireError::Topic);
        }
        check_response_topic(properties.as_deref())?;
        Some(LastWill { topic, payload, qos, retain: flags & 0x20 != 0, properties })
    } else {
        None
    };
    let user = if has_user { Some(reader.text()?.to_owned()) } else { None };
    let password = if has_password { Some(reader.bytes()?) } else { None };
    reader.end()?;
    Ok(Connect { version, clean: flags & 0x02 != 0, keep_alive, client, will, user, password, properties })
}
