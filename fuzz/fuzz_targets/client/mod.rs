//! MQTT as a client writes it, of which the broker only reads.

use crate::wire::{Ack, Connect, Packet, Properties, Version};

/// Begins with the protocol's name of today, whatever the client called it.
pub(crate) fn connect(connect: &Connect) -> Vec<u8> {
    let five = connect.version == Version::Five;
    let mut body = b"\x00\x04MQTT".to_vec();
    let mut flags = u8::from(connect.clean) << 1 | u8::from(connect.user.is_some()) << 7 | u8::from(connect.password.is_some()) << 6;
    if let Some(will) = &connect.will {
        flags |= 0x04 | will.qos << 3 | u8::from(will.retain) << 5;
    }
    body.extend([if five { 5 } else { 4 }, flags]);
    body.extend(u16::try_from(connect.keep_alive.as_secs()).expect("it was read from two bytes").to_be_bytes());
    if five {
        put_properties(&mut body, Some(&connect.properties));
    }
    put(&mut body, connect.client.as_bytes());
    if let Some(will) = &connect.will {
        if five {
            put_properties(&mut body, will.properties.as_deref());
        }
        put(&mut body, will.topic.as_bytes());
        put(&mut body, &will.payload);
    }
    connect.user.iter().for_each(|user| put(&mut body, user.as_bytes()));
    connect.password.iter().for_each(|password| put(&mut body, password));
    framed(0x10, &body)
}

/// Every packet but a message.
pub(crate) fn packet(packet: &Packet, version: Version) -> Vec<u8> {
    let five = version == Version::Five;
    let mut body = Vec::new();
    let first = match packet {
        Packet::Publish(_) => unreachable!("the broker writes these itself"),
        Packet::Ack(kind, id, code) => {
            body.extend(id.to_be_bytes());
            if five {
                body.push(*code);
            }
            match kind {
                Ack::Taken => 0x40,
                Ack::Received => 0x50,
                Ack::Release => 0x62,
                Ack::Complete => 0x70,
            }
        }
        Packet::Subscribe(subscribe) => {
            body.extend(subscribe.id.to_be_bytes());
            if five {
                let properties = Properties { subscription_id: subscribe.subscription_id, ..Properties::default() };
                put_properties(&mut body, Some(&properties));
            }
            for (filter, options) in &subscribe.filters {
                put(&mut body, filter.as_bytes());
                let (local, published) = (u8::from(options.no_local) << 2, u8::from(options.as_published) << 3);
                body.push(options.qos | local | published | options.retained << 4);
            }
            0x82
        }
        Packet::Unsubscribe(id, filters) => {
            body.extend(id.to_be_bytes());
            if five {
                body.push(0);
            }
            filters.iter().for_each(|filter| put(&mut body, filter.as_bytes()));
            0xa2
        }
        Packet::Ping => 0xc0,
        Packet::Disconnect(goodbye) => {
            if five {
                body.push(if goodbye.with_will { 4 } else { 0 });
                put_properties(&mut body, Some(&Properties { session_expiry: goodbye.session_expiry, ..Properties::default() }));
            }
            0xe0
        }
    };
    framed(first, &body)
}

fn put_properties(body: &mut Vec<u8>, properties: Option<&Properties>) {
    let mut part = Vec::new();
    if let Some(p) = properties {
        let bytes = [(0x01, p.payload_format)];
        let twos = [(0x21, p.receive_maximum), (0x22, p.topic_alias_maximum), (0x23, p.topic_alias)];
        let fours = [(0x02, p.message_expiry), (0x11, p.session_expiry), (0x18, p.will_delay), (0x27, p.packet_bytes)];
        let texts = [(0x03, &p.content_type), (0x08, &p.response_topic), (0x15, &p.auth_method)];
        bytes.into_iter().for_each(|(number, value)| value.iter().for_each(|value| part.extend([number, *value])));
        for (number, value) in twos {
            value.iter().for_each(|value| {
                part.push(number);
                part.extend(value.to_be_bytes());
            });
        }
        for (number, value) in fours {
            value.iter().for_each(|value| {
                part.push(number);
                part.extend(value.to_be_bytes());
            });
        }
        for (number, text) in texts {
            text.iter().for_each(|text| {
                part.push(number);
                put(&mut part, text.as_bytes());
            });
        }
        p.correlation.iter().for_each(|data| {
            part.push(0x09);
            put(&mut part, data);
        });
        p.subscription_id.iter().for_each(|id| {
            part.push(0x0b);
            varying(&mut part, *id as usize);
        });
        for (name, value) in &p.user {
            part.push(0x26);
            put(&mut part, name.as_bytes());
            put(&mut part, value.as_bytes());
        }
    }
    varying(body, part.len());
    body.extend(part);
}

fn framed(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    varying(&mut packet, body.len());
    packet.extend(body);
    packet
}

fn put(body: &mut Vec<u8>, field: &[u8]) {
    body.extend(u16::try_from(field.len()).expect("it was read from a field").to_be_bytes());
    body.extend(field);
}

fn varying(out: &mut Vec<u8>, mut number: usize) {
    loop {
        let byte = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        out.push(if number == 0 { byte } else { byte | 0x80 });
        if number == 0 {
            return;
        }
    }
}
