//! The little of MQTT 3.1.1 that a load generator needs. A whole client library would take more of the two cores that it
//! shares with the server than the server does.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// CONNECT with a clean session and a keep-alive of five minutes.
fn connect(client: &str, user: &str, password: &str) -> Vec<u8> {
    let mut body = b"\x00\x04MQTT\x04\xc2\x01\x2c".to_vec();
    for text in [client, user, password] {
        put_text(&mut body, text);
    }
    let mut packet = vec![0x10];
    put_length(&mut packet, body.len());
    packet.extend(body);
    packet
}

/// Connects and signs in.
pub(super) async fn sign_in(address: &str, client: &str, user: &str, password: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    stream.write_all(&connect(client, user, password)).await?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await?;
    match answer {
        [0x20, 2, _, 0] => Ok(stream),
        [0x20, 2, _, code] => Err(io::Error::other(format!("the broker refused {user} with code {code}"))),
        _ => Err(io::Error::other("the broker does not answer with a CONNACK")),
    }
}

/// Appends a PUBLISH of QoS 1.
pub(super) fn put_publish(out: &mut Vec<u8>, topic: &str, packet: u16, payload: &[u8]) {
    out.push(0x32);
    put_length(out, 2 + topic.len() + 2 + payload.len());
    put_text(out, topic);
    out.extend(packet.to_be_bytes());
    out.extend(payload);
}

pub(super) const DISCONNECT: [u8; 2] = [0xe0, 0];

/// Takes the whole PUBACKs off the front of what was read, and leaves the rest.
///
/// # Errors
/// Anything else than a PUBACK.
pub(super) fn take_acks(read: &mut Vec<u8>, mut each: impl FnMut(u16)) -> io::Result<()> {
    let whole = read.len() / 4 * 4;
    for ack in read[..whole].chunks_exact(4) {
        if ack[..2] != [0x40, 2] {
            return Err(io::Error::other("the broker sent something else than a PUBACK"));
        }
        each(u16::from_be_bytes([ack[2], ack[3]]));
    }
    read.drain(..whole);
    Ok(())
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).expect("ids, tokens and topics are short");
    out.extend(length.to_be_bytes());
    out.extend(text.as_bytes());
}

fn put_length(out: &mut Vec<u8>, mut length: usize) {
    loop {
        let byte = (length & 0x7f) as u8;
        length >>= 7;
        out.push(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_as_the_standard_writes_them() {
        let mut out = Vec::new();
        put_publish(&mut out, "a/b", 10, &[b'x'; 200]);
        assert_eq!(out[..10], [0x32, 0xcf, 0x01, 0, 3, b'a', b'/', b'b', 0, 10]);
        assert_eq!(out.len(), 3 + 0xcf);
        assert_eq!(connect("c", "u", "p"), b"\x10\x13\x00\x04MQTT\x04\xc2\x01\x2c\x00\x01c\x00\x01u\x00\x01p");
    }

    #[test]
    fn halves_of_acknowledgements_wait() {
        let mut read = vec![0x40, 2, 0, 1, 0x40, 2, 1];
        let mut seen = Vec::new();
        take_acks(&mut read, |packet| seen.push(packet)).expect("good");
        read.push(0);
        take_acks(&mut read, |packet| seen.push(packet)).expect("good");
        assert_eq!((seen, read), (vec![1, 256], vec![]));
        assert!(take_acks(&mut vec![0xd0, 0, 0, 0], |_| {}).is_err());
    }
}
