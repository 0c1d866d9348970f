//! MQTT by hand: a client library would not send what has to be refused.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a CONNECT says.
#[derive(Clone)]
pub(crate) struct Hello {
    pub(crate) level: u8,
    pub(crate) client: String,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) clean: bool,
    pub(crate) will: Option<Will>,
}

#[derive(Clone)]
pub(crate) struct Will {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) retain: bool,
    /// Seconds, version 5 only.
    pub(crate) delay: Option<u32>,
}

impl Hello {
    /// The device's own credential and a client id that is its name.
    pub(crate) fn of(device: &str, level: u8) -> Self {
        Self {
            level,
            client: format!("{device}-client"),
            user: Some(device.to_owned()),
            password: Some(format!("t-{device}")),
            clean: true,
            will: None,
        }
    }

    pub(crate) fn client(mut self, client: &str) -> Self {
        client.clone_into(&mut self.client);
        self
    }

    pub(crate) fn will(mut self, topic: &str, payload: &str, retain: bool) -> Self {
        self.will = Some(Will { topic: topic.to_owned(), payload: payload.into(), retain, delay: None });
        self
    }

    pub(crate) fn packet(&self) -> Vec<u8> {
        let mut flags = u8::from(self.clean) << 1;
        let mut body = Vec::new();
        text(&mut body, b"MQTT");
        body.push(self.level);
        if let Some(will) = &self.will {
            flags |= 0x04 | 0x08 | u8::from(will.retain) << 5;
        }
        flags |= u8::from(self.user.is_some()) << 7 | u8::from(self.password.is_some()) << 6;
        body.push(flags);
        body.extend(60u16.to_be_bytes());
        if self.level == 5 {
            // A session that is not clean lives for ten minutes.
            if self.clean { body.push(0) } else { body.extend([5, 0x11, 0, 0, 2, 88]) }
        }
        text(&mut body, self.client.as_bytes());
        if let Some(will) = &self.will {
            if self.level == 5 {
                match will.delay {
                    Some(delay) => {
                        body.extend([5, 0x18]);
                        body.extend(delay.to_be_bytes());
                    }
                    None => body.push(0),
                }
            }
            text(&mut body, will.topic.as_bytes());
            text(&mut body, &will.payload);
        }
        for credential in [&self.user, &self.password].into_iter().flatten() {
            text(&mut body, credential.as_bytes());
        }
        framed(0x10, &body)
    }
}

/// A PUBLISH as it is to be sent.
#[derive(Clone, Copy, Default)]
pub(crate) struct Say<'a> {
    pub(crate) topic: &'a str,
    pub(crate) payload: &'a [u8],
    pub(crate) qos: u8,
    pub(crate) packet: u16,
    pub(crate) retain: bool,
    pub(crate) dup: bool,
    pub(crate) alias: Option<u16>,
}

/// One connection.
pub(crate) struct Wire {
    stream: TcpStream,
    level: u8,
    /// The reason with which the broker of version 5 ended it.
    pub(crate) goodbye: Option<u8>,
}

/// The first byte and the body of a packet.
pub(crate) type Packet = (u8, Vec<u8>);

impl Wire {
    /// The connection and the code of the CONNACK, `None` when the broker only closed.
    pub(crate) async fn connect(address: SocketAddr, hello: &Hello) -> (Self, Option<u8>) {
        let mut stream = TcpStream::connect(address).await.expect("the broker listens");
        stream.write_all(&hello.packet()).await.expect("it takes the CONNECT");
        let mut wire = Self { stream, level: hello.level, goodbye: None };
        let answer = wire.packet().await;
        let code = answer.map(|(kind, body)| {
            assert_eq!(kind, 0x20, "a CONNACK");
            body[1]
        });
        (wire, code)
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the broker takes it");
    }

    pub(crate) async fn publish(&mut self, say: Say<'_>) {
        let mut body = Vec::new();
        text(&mut body, say.topic.as_bytes());
        if say.qos > 0 {
            body.extend(say.packet.to_be_bytes());
        }
        if self.level == 5 {
            match say.alias {
                Some(alias) => {
                    body.extend([3, 0x23]);
                    body.extend(alias.to_be_bytes());
                }
                None => body.push(0),
            }
        }
        body.extend(say.payload);
        let kind = 0x30 | u8::from(say.dup) << 3 | say.qos << 1 | u8::from(say.retain);
        self.send(&framed(kind, &body)).await;
    }

    /// The code of the SUBACK.
    pub(crate) async fn subscribe(&mut self, filter: &str) -> Option<u8> {
        let mut body = vec![0, 9];
        if self.level == 5 {
            body.push(0);
        }
        text(&mut body, filter.as_bytes());
        body.push(1);
        self.send(&framed(0x82, &body)).await;
        let (kind, body) = self.packet().await?;
        assert_eq!(kind, 0x90, "a SUBACK");
        body.last().copied()
    }

    /// The next packet; `None` when the broker closed the connection, in version 5 with a DISCONNECT before.
    pub(crate) async fn packet(&mut self) -> Option<Packet> {
        let read = tokio::time::timeout(Duration::from_secs(5), self.read()).await.expect("an answer within five seconds");
        let Some((0xe0, body)) = read else { return read };
        self.goodbye = body.first().copied();
        let closed = tokio::time::timeout(Duration::from_secs(5), self.read()).await.expect("it closes at once");
        assert_eq!((self.level, closed), (5, None), "only version 5 is told, and nothing comes behind it");
        None
    }

    /// The next packet, however long it takes.
    pub(crate) async fn packet_ever(&mut self) -> Option<Packet> {
        self.read().await
    }

    /// Whether nothing comes for this time.
    pub(crate) async fn silent(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.read()).await.is_err()
    }

    async fn read(&mut self) -> Option<Packet> {
        let kind = self.stream.read_u8().await.ok()?;
        let (mut length, mut shift) = (0usize, 0);
        loop {
            let byte = self.stream.read_u8().await.ok()?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
            shift += 7;
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.ok()?;
        Some((kind, body))
    }
}

/// Topic and payload of a PUBLISH that a subscriber got, QoS 1.
pub(crate) fn heard(packet: &Packet, level: u8) -> (String, Vec<u8>, bool) {
    let (kind, body) = packet;
    assert_eq!(kind >> 4, 3, "a PUBLISH, not {kind:#x}");
    let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
    let topic = String::from_utf8(body[2..2 + length].to_vec()).expect("a text");
    let mut rest = &body[2 + length..];
    if kind & 0x06 != 0 {
        rest = &rest[2..];
    }
    if level == 5 {
        rest = &rest[1 + usize::from(rest[0])..];
    }
    (topic, rest.to_vec(), kind & 1 == 1)
}

pub(crate) fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![kind];
    let mut length = body.len();
    loop {
        let byte = (length & 0x7f) as u8;
        length >>= 7;
        packet.push(byte | u8::from(length > 0) << 7);
        if length == 0 {
            break;
        }
    }
    packet.extend(body);
    packet
}

fn text(body: &mut Vec<u8>, text: &[u8]) {
    body.extend(u16::try_from(text.len()).expect("a short text").to_be_bytes());
    body.extend(text);
}
