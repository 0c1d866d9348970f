//! Any bytes from an MQTT client, in any pieces: no panic, the same packets however they arrive, and what was understood says the
//! same again when it is written and read once more.
#![no_main]

// The broker's own codec, which needs nothing of the rest of the back end.
#[expect(dead_code, unused_imports, reason = "the half that speaks to clients is not needed here")]
#[path = "../../app/backend/src/mqtt/embedded/wire/mod.rs"]
mod wire;
mod client;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;

use wire::{Connect, ConnectError, Forward, Frame, Next, Packet, Publish, Reason, Version, WireError, decode, next};

/// What the broker takes.
const PACKET_BYTES: usize = 1 << 20;

/// What came of the bytes.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    connect: Option<Result<Connect, ConnectError>>,
    packets: Vec<Packet>,
    error: Option<WireError>,
}

fuzz_target!(|input: &[u8]| {
    let [pick, pieces @ ..] = input else { return };
    let (sizes, bytes) = pieces.split_at(pieces.len().min(4));
    // Half of all inputs begin with a CONNECT; the other half is in the middle of a connection.
    let version = if pick & 1 == 0 { Version::Three } else { Version::Five };
    let with_connect = pick & 2 != 0;
    let whole = hear(bytes, &[], version, with_connect);
    assert_eq!(whole, hear(bytes, sizes, version, with_connect), "however they arrive");
    if let Some(Ok(connect)) = &whole.connect {
        let again = Connect::decode(&framed(&client::connect(connect)));
        assert_eq!(again.as_ref(), Ok(connect));
    }
    for packet in &whole.packets {
        let version = version_of(&whole, version);
        match packet {
            Packet::Publish(publish) => pass_on(publish, version),
            other => assert_eq!(decode(framed(&client::packet(other, version)), version, None).as_ref(), Ok(other)),
        }
        if let Packet::Ack(kind, id, 0) = packet {
            let mut out = BytesMut::new();
            wire::ack(&mut out, version, *kind, *id, Reason::Success);
            assert_eq!(decode(framed(&out), version, None).as_ref(), Ok(packet));
        }
    }
});

fn version_of(heard: &Heard, unsaid: Version) -> Version {
    match &heard.connect {
        Some(Ok(connect)) => connect.version,
        _ => unsaid,
    }
}

/// Takes every packet off, in pieces of these sizes over and over; without sizes at once.
fn hear(bytes: &[u8], sizes: &[u8], version: Version, with_connect: bool) -> Heard {
    let (mut heard, mut buffer) = (Heard::default(), BytesMut::new());
    let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
    while !rest.is_empty() {
        let piece = sizes.next().map_or(rest.len(), |size| usize::from(*size).clamp(1, rest.len()));
        buffer.extend_from_slice(&rest[..piece]);
        rest = &rest[piece..];
        loop {
            match next(&mut buffer, PACKET_BYTES) {
                Ok(Next::Part(wanted)) => {
                    assert!(wanted > buffer.len() && wanted <= PACKET_BYTES, "it waits for what does not come");
                    break;
                }
                Ok(Next::Whole(frame)) if with_connect && heard.connect.is_none() => {
                    heard.connect = Some(Connect::decode(&frame));
                    if !matches!(heard.connect, Some(Ok(_))) {
                        return heard;
                    }
                }
                Ok(Next::Whole(frame)) => match decode(frame, version_of(&heard, version), None) {
                    Ok(packet) => heard.packets.push(packet),
                    Err(error) => {
                        heard.error = Some(error);
                        return heard;
                    }
                },
                Err(error) => {
                    heard.error = Some(error);
                    return heard;
                }
            }
        }
    }
    heard
}

/// A message as it goes to a subscriber is the message that came, without the alias between its sender and us.
fn pass_on(publish: &Publish, version: Version) {
    if publish.topic.is_empty() {
        return;
    }
    let passed = publish.properties.as_ref().and_then(|properties| properties.to_pass_on());
    let forward = Forward {
        topic: &publish.topic,
        payload: &publish.payload,
        properties: passed.as_deref(),
        qos: publish.qos,
        retain: publish.retain,
        dup: publish.dup,
        id: publish.id,
        subscription_ids: &[],
        expiry_s: publish.properties.as_ref().and_then(|properties| properties.message_expiry),
    };
    let mut out = BytesMut::new();
    wire::publish(&mut out, version, &forward);
    assert_eq!(out.len(), wire::publish_bytes(version, &forward));
    let Ok(Packet::Publish(mut again)) = decode(framed(&out), version, Some(&publish.topic)) else { panic!("{publish:?} is no message") };
    let alias = publish.properties.as_ref().and_then(|properties| properties.topic_alias);
    if let Some(alias) = alias {
        again.properties.get_or_insert_default().topic_alias = Some(alias);
    }
    assert_eq!(&again, publish);
}

/// The only packet of these bytes.
fn framed(bytes: &[u8]) -> Frame {
    let mut buffer = BytesMut::from(bytes);
    let Ok(Next::Whole(frame)) = next(&mut buffer, PACKET_BYTES) else { panic!("{bytes:02x?} is no packet") };
    assert_eq!(&buffer[..], b"", "and nothing behind it");
    frame
}
