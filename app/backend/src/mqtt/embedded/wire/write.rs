//! Packets to bytes.

use std::time::Duration;

use bytes::{BufMut as _, BytesMut};

use super::Version;
use super::packet::Ack;
use super::properties::{self, Properties};
use super::reason::Reason;

/// What a client of MQTT 5 is told when it is let in; of it, version 3 hears only whether its session was kept.
#[derive(Debug, Default)]
pub(in super::super) struct Welcome<'w> {
    pub(in super::super) session_present: bool,
    /// Where it is less than what was asked for.
    pub(in super::super) session_expiry: Option<Duration>,
    /// Where the client had none.
    pub(in super::super) client: Option<&'w str>,
    pub(in super::super) receive_maximum: u16,
    pub(in super::super) packet_bytes: u32,
    pub(in super::super) topic_aliases: u16,
}

/// A message on its way to a subscriber.
pub(in super::super) struct Forward<'m> {
    pub(in super::super) topic: &'m str,
    pub(in super::super) payload: &'m [u8],
    pub(in super::super) properties: Option<&'m Properties>,
    pub(in super::super) qos: u8,
    pub(in super::super) retain: bool,
    pub(in super::super) dup: bool,
    pub(in super::super) id: u16,
    pub(in super::super) subscription_ids: &'m [u32],
    /// What is left of its time, in seconds.
    pub(in super::super) expiry_s: Option<u32>,
}

/// Yes or no to a CONNECT.
pub(in super::super) fn connack(out: &mut BytesMut, version: Version, reason: Reason, welcome: Option<&Welcome<'_>>, detail: &str) {
    let present = welcome.is_some_and(|welcome| welcome.session_present);
    if version == Version::Three {
        return out.put_slice(&[0x20, 2, u8::from(present), reason.in_connack_of_three()]);
    }
    let mut properties = BytesMut::new();
    if let Some(welcome) = welcome {
        if let Some(expiry) = welcome.session_expiry {
            properties.put_u8(0x11);
            properties.put_u32(u32::try_from(expiry.as_secs()).unwrap_or(u32::MAX));
        }
        if let Some(client) = welcome.client {
            properties.put_u8(0x12);
            put_bytes(&mut properties, client.as_bytes());
        }
        properties.put_u8(0x21);
        properties.put_u16(welcome.receive_maximum);
        properties.put_u8(0x22);
        properties.put_u16(welcome.topic_aliases);
        properties.put_u8(0x27);
        properties.put_u32(welcome.packet_bytes);
    }
    put_reason_text(&mut properties, detail);
    out.put_u8(0x20);
    put_varying(out, 2 + varying_bytes(properties.len()) + properties.len());
    out.put_slice(&[u8::from(present), reason as u8]);
    put_varying(out, properties.len());
    out.put_slice(&properties);
}

/// One of the four acknowledgements. Version 3 has no way to say a reason.
pub(in super::super) fn ack(out: &mut BytesMut, version: Version, kind: Ack, id: u16, reason: Reason) {
    out.put_u8(kind as u8);
    let [high, low] = id.to_be_bytes();
    if version == Version::Five && reason != Reason::Success {
        out.put_slice(&[3, high, low, reason as u8]);
    } else {
        out.put_slice(&[2, high, low]);
    }
}

/// The answer to a SUBSCRIBE, a code for each filter.
pub(in super::super) fn subscribed(out: &mut BytesMut, version: Version, id: u16, codes: &[u8]) {
    out.put_u8(0x90);
    put_varying(out, 2 + usize::from(version == Version::Five) + codes.len());
    out.put_u16(id);
    if version == Version::Five {
        out.put_u8(0);
    }
    for code in codes {
        out.put_u8(if version == Version::Three && *code > 2 { 0x80 } else { *code });
    }
}

/// The answer to an UNSUBSCRIBE; only version 5 hears a code for each filter.
pub(in super::super) fn unsubscribed(out: &mut BytesMut, version: Version, id: u16, codes: &[Reason]) {
    out.put_u8(0xb0);
    if version == Version::Three {
        out.put_u8(2);
        return out.put_u16(id);
    }
    put_varying(out, 3 + codes.len());
    out.put_u16(id);
    out.put_u8(0);
    codes.iter().for_each(|code| out.put_u8(*code as u8));
}

/// The answer to a ping.
pub(in super::super) fn pong(out: &mut BytesMut) {
    out.put_slice(&[0xd0, 0]);
}

/// A farewell; version 3 knows none from the server.
pub(in super::super) fn disconnect(out: &mut BytesMut, version: Version, reason: Reason, detail: &str) {
    if version == Version::Three {
        return;
    }
    let mut properties = BytesMut::new();
    put_reason_text(&mut properties, detail);
    out.put_u8(0xe0);
    put_varying(out, 1 + varying_bytes(properties.len()) + properties.len());
    out.put_u8(reason as u8);
    put_varying(out, properties.len());
    out.put_slice(&properties);
}

/// How many bytes [`publish`] appends.
pub(in super::super) fn publish_bytes(version: Version, forward: &Forward<'_>) -> usize {
    let length = publish_length(version, forward);
    1 + varying_bytes(length) + length
}

/// A message to a subscriber.
pub(in super::super) fn publish(out: &mut BytesMut, version: Version, forward: &Forward<'_>) {
    let length = publish_length(version, forward);
    out.reserve(5 + length);
    out.put_u8(0x30 | u8::from(forward.dup) << 3 | forward.qos << 1 | u8::from(forward.retain));
    put_varying(out, length);
    put_bytes(out, forward.topic.as_bytes());
    if forward.qos > 0 {
        out.put_u16(forward.id);
    }
    if version == Version::Five {
        put_varying(out, properties_length(forward));
        properties::put_of_delivery(out, forward.subscription_ids, forward.expiry_s);
        if let Some(properties) = forward.properties {
            properties.put(out);
        }
    }
    out.put_slice(forward.payload);
}

fn properties_length(forward: &Forward<'_>) -> usize {
    properties::delivery_bytes(forward.subscription_ids, forward.expiry_s) + forward.properties.map_or(0, Properties::put_bytes)
}

fn publish_length(version: Version, forward: &Forward<'_>) -> usize {
    let properties = match version {
        Version::Three => 0,
        Version::Five => {
            let length = properties_length(forward);
            varying_bytes(length) + length
        }
    };
    2 + forward.topic.len() + if forward.qos > 0 { 2 } else { 0 } + properties + forward.payload.len()
}

fn put_reason_text(out: &mut BytesMut, detail: &str) {
    if !detail.is_empty() {
        out.put_u8(0x1f);
        put_bytes(out, detail.as_bytes());
    }
}

/// A field with its length before it. What is longer than a field can be was never read from one.
pub(super) fn put_bytes(out: &mut BytesMut, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    out.put_u16(length);
    out.put_slice(&bytes[..usize::from(length)]);
}

/// A number in seven bits a byte.
#[expect(clippy::cast_possible_truncation, reason = "seven bits fit into a byte")]
pub(super) fn put_varying(out: &mut BytesMut, mut number: usize) {
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            return out.put_u8(byte);
        }
        out.put_u8(byte | 0x80);
    }
}

pub(super) fn varying_bytes(number: usize) -> usize {
    match number {
        0..=0x7f => 1,
        0x80..=0x3fff => 2,
        0x4000..=0x001f_ffff => 3,
        _ => 4,
    }
}
