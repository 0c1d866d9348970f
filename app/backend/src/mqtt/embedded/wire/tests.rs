use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::*;

/// Takes every packet off `bytes`, as a connection would, in pieces of the given sizes.
fn read_all(bytes: &[u8], pieces: &[usize], version: Version) -> (Vec<Packet>, Option<WireError>, usize) {
    let (mut buffer, mut packets, mut most) = (BytesMut::new(), Vec::new(), 0);
    let (mut rest, mut sizes) = (bytes, pieces.iter().cycle());
    while !rest.is_empty() {
        let piece = sizes.next().map_or(rest.len(), |size| (*size).clamp(1, rest.len()));
        buffer.extend_from_slice(&rest[..piece]);
        rest = &rest[piece..];
        loop {
            most = most.max(buffer.capacity());
            match next(&mut buffer, 1 << 20) {
                Ok(Next::Part(_)) => break,
                Ok(Next::Whole(frame)) => match decode(frame, version, None) {
                    Ok(packet) => packets.push(packet),
                    Err(error) => return (packets, Some(error), most),
                },
                Err(error) => return (packets, Some(error), most),
            }
        }
    }
    (packets, None, most)
}

proptest! {
    #[test]
    fn any_bytes_are_a_packet_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600), piece in 1usize..70, five: bool) {
        let version = if five { Version::Five } else { Version::Three };
        let whole = read_all(&bytes, &[], version);
        let parts = read_all(&bytes, &[piece], version);
        prop_assert_eq!((whole.0, whole.1), (parts.0, parts.1), "however they arrive");
        prop_assert!(whole.2 < 4096 && parts.2 < 4096, "no memory for what is only claimed");
    }

    #[test]
    fn any_body_of_any_packet_is_understood_or_refused(first: u8, body in proptest::collection::vec(any::<u8>(), 0..200), five: bool) {
        let version = if five { Version::Five } else { Version::Three };
        let frame = Frame { first, body: Bytes::from(body) };
        let _ = Connect::decode(&frame);
        let _ = decode(frame, version, None);
    }

    #[test]
    fn any_connect_is_understood_or_refused(level in 3u8..=6, flags: u8, body in proptest::collection::vec(any::<u8>(), 0..120)) {
        let mut whole = b"\x00\x04MQTT".to_vec();
        whole.extend([level, flags]);
        whole.extend(body);
        let _ = Connect::decode(&Frame { first: 0x10, body: whole.into() });
    }

    #[test]
    fn a_message_is_read_as_it_was_written(
        topic in "[a-z/]{1,40}", payload in proptest::collection::vec(any::<u8>(), 0..300), qos in 0u8..=2, retain: bool, id in 1u16..,
        five: bool, content in proptest::option::of("[a-z]{0,9}"), user in proptest::collection::vec(("[a-zñ]{0,5}", "[a-z]{0,5}"), 0..4),
        expiry_s: Option<u32>,
    ) {
        let version = if five { Version::Five } else { Version::Three };
        let properties = Properties {
            content_type: content.map(Into::into),
            user: user.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            correlation: Some(Bytes::from_static(b"\x00\x01")),
            ..Properties::default()
        };
        let forward = Forward {
            topic: &topic, payload: &payload, properties: Some(&properties), qos, retain, dup: false, id, subscription_ids: &[], expiry_s,
        };
        let mut out = BytesMut::new();
        publish(&mut out, version, &forward);
        prop_assert_eq!(out.len(), publish_bytes(version, &forward));
        let (packets, error, _) = read_all(&out, &[], version);
        prop_assert_eq!(error, None);
        let [Packet::Publish(read)] = packets.as_slice() else { panic!("one message") };
        prop_assert_eq!((&*read.topic, &read.payload[..], read.qos, read.retain), (topic.as_str(), payload.as_slice(), qos, retain));
        prop_assert_eq!(read.id, if qos > 0 { id } else { 0 });
        let expected = five.then(|| Box::new(Properties { message_expiry: expiry_s, ..properties }));
        prop_assert_eq!(&read.properties, &expected);
    }
}

fn refused(bytes: &[u8], version: Version) -> WireError {
    read_all(bytes, &[], version).1.expect("refused")
}

#[test]
fn what_the_standard_forbids_is_refused() {
    use Version::{Five, Three};
    let malformed = |bytes: &[u8], version| matches!(refused(bytes, version), WireError::Malformed(_));
    assert!(malformed(b"GET / HTTP/1.1\r\n", Three), "another protocol, by its first byte");
    assert!(malformed(b"\x36\x05\x00\x01a\x00\x01", Three), "quality of service 3");
    assert!(malformed(b"\x80\x06\x00\x01\x00\x01a\x00", Three), "the flags of a SUBSCRIBE are 2");
    assert!(malformed(b"\x30\x04\x00\x02\xc3\x28", Three), "a topic that is not UTF-8");
    assert!(malformed(b"\x30\x03\x00\x01\x00", Three), "the character 0");
    assert!(malformed(b"\x30\xff\xff\xff\xff\x01", Three), "a length of five bytes");
    assert!(malformed(b"\xc0\x01\x00", Three), "a PINGREQ with a body");
    assert_eq!(refused(b"\x30\xff\xff\xff\x7f", Three), WireError::TooLarge, "refused by its claim alone");
    assert_eq!(refused(b"\x30\x03\x00\x01#", Three), WireError::Topic);
    assert_eq!(refused(b"\x30\x02\x00\x00", Three), WireError::Topic);
    let protocol = |bytes: &[u8], version| matches!(refused(bytes, version), WireError::Protocol(_));
    assert!(protocol(b"\x32\x05\x00\x01a\x00\x00", Three), "packet id 0");
    assert!(protocol(b"\x82\x02\x00\x01", Three), "a SUBSCRIBE without a filter");
    assert!(protocol(b"\x10\x00", Five), "a second CONNECT");
    assert!(protocol(b"\x20\x02\x00\x00", Five), "what only a server sends");
    assert!(protocol(b"\x30\x08\x00\x01a\x04\x01\x00\x01\x00", Five), "a property twice");
    assert!(protocol(b"\x30\x06\x00\x01a\x02\x0b\x01", Five), "a subscription id in a PUBLISH");
    let many = [&[0x00, 0x01, b'a', 0xc8, 0x03][..], &b"\x26\x00\x00\x00\x00".repeat(70)[..]].concat();
    let mut packet = BytesMut::from(&b"\x30"[..]);
    super::write::put_varying(&mut packet, many.len() - 98);
    packet.extend_from_slice(&many[..many.len() - 98]);
    assert!(matches!(refused(&packet, Five), WireError::Malformed(_) | WireError::TooMany(_)));
}

#[test]
fn a_last_will_is_for_a_topic_and_answered_on_one() {
    let said = |topic: &[u8], properties: &[u8]| {
        let field = |bytes: &[u8]| [&[0, u8::try_from(bytes.len()).expect("short")], bytes].concat();
        let properties = [&[u8::try_from(properties.len()).expect("short")], properties].concat();
        let body = [b"\x00\x04MQTT\x05\x06\x00\x3c\x00", &field(b"c")[..], &properties, &field(topic), &field(b"gone")].concat();
        Connect::decode(&Frame { first: 0x10, body: body.into() }).map_err(|error| error.reason)
    };
    assert!(said(b"vigia/m1/status", b"\x08\x00\x01r").is_ok());
    for topic in [&b""[..], b"vigia/m1/+", b"vigia/m1/#"] {
        assert_eq!(said(topic, b""), Err(Reason::TopicInvalid));
    }
    assert_eq!(said(b"vigia/m1/status", b"\x08\x00\x01#"), Err(Reason::ProtocolError));
}

#[test]
fn the_same_topic_again_is_the_same_memory() {
    let mut buffer = BytesMut::from(&b"\x30\x04\x00\x01ax\x30\x04\x00\x01ay"[..]);
    let mut read = |last: Option<&std::sync::Arc<str>>| {
        let Ok(Next::Whole(frame)) = next(&mut buffer, 100) else { panic!("whole") };
        let Ok(Packet::Publish(publish)) = decode(frame, Version::Three, last) else { panic!("a message") };
        publish.topic
    };
    let first = read(None);
    assert!(std::sync::Arc::ptr_eq(&first, &read(Some(&first))));
}
