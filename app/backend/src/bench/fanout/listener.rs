//! The little of a WebSocket client that thousands of them in one process need: what it costs is taken from the server beside it.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// What a client that never reads lets the system keep for it, in bytes: as little as it allows.
const NO_ROOM: u32 = 1;
/// The longest answer to the handshake.
const ANSWER_BYTES: usize = 8 * 1024;

/// A connection that follows one device or two.
pub(super) struct Listener {
    stream: TcpStream,
    read: Vec<u8>,
}

/// What came in a frame.
#[derive(Debug, PartialEq, Eq)]
enum Frame<'a> {
    Text(&'a [u8]),
    Ping(&'a [u8]),
    Close,
    Other,
}

impl Listener {
    /// Connects with this key and follows the devices.
    ///
    /// # Errors
    /// The system's, or what the server refuses with.
    pub(super) async fn connect(address: SocketAddr, key: &str, devices: &[&str], without_room: bool) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if without_room {
            socket.set_recv_buffer_size(NO_ROOM)?;
        }
        let mut stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET /api/v1/live HTTP/1.1\r\nHost: {address}\r\nX-API-Key: {key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut read = Vec::new();
        let end = loop {
            if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if read.len() > ANSWER_BYTES || stream.read_buf(&mut read).await? == 0 {
                return Err(io::Error::other("the server does not answer the handshake"));
            }
        };
        if !read.starts_with(b"HTTP/1.1 101") {
            let line = read.split(|byte| *byte == b'\r').next().unwrap_or_default();
            return Err(io::Error::other(format!("the server answers {}", String::from_utf8_lossy(line))));
        }
        read.drain(..end);
        read.shrink_to(512);
        let topics: Vec<_> = devices.iter().map(|device| format!("\"device/{device}\"")).collect();
        let subscription = format!(r#"{{"subscribe":[{}]}}"#, topics.join(","));
        let mut frame = Vec::new();
        put(&mut frame, 1, subscription.as_bytes());
        stream.write_all(&frame).await?;
        Ok(Self { stream, read })
    }

    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// The numbers `n` of the next messages; those that repeat what was known before are left out.
    ///
    /// # Errors
    /// The connection is over.
    pub(super) async fn next(&mut self) -> io::Result<Vec<usize>> {
        if self.stream.read_buf(&mut self.read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (mut numbers, mut pong, mut taken) = (Vec::new(), Vec::new(), 0);
        while let Some((frame, length)) = split(&self.read[taken..]) {
            match frame {
                Frame::Text(text) => numbers.extend(number(text)),
                Frame::Ping(payload) => put(&mut pong, 10, payload),
                Frame::Close => return Err(io::ErrorKind::ConnectionAborted.into()),
                Frame::Other => {}
            }
            taken += length;
        }
        self.read.drain(..taken);
        if !pong.is_empty() {
            self.stream.write_all(&pong).await?;
        }
        Ok(numbers)
    }
}

/// The first whole frame of a server, and its length.
fn split(read: &[u8]) -> Option<(Frame<'_>, usize)> {
    let (head, size) = match *read {
        [_, size @ 0..=125, ..] => (2, usize::from(size)),
        [_, 126, high, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
        _ => return None,
    };
    let payload = read.get(head..head + size)?;
    let frame = match read[0] & 0x0f {
        1 => Frame::Text(payload),
        8 => Frame::Close,
        9 => Frame::Ping(payload),
        _ => Frame::Other,
    };
    Some((frame, head + size))
}

/// Appends a frame of a client. The mask is zero, which is a mask, too.
fn put(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    let size = u8::try_from(payload.len()).ok().filter(|size| *size < 126).expect("a client of this bench says little");
    out.extend([0x80 | opcode, 0x80 | size, 0, 0, 0, 0]);
    out.extend(payload);
}

/// The value of the metric `n`; none in what only repeats.
fn number(text: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(text).ok().filter(|text| !text.contains("\"seen_at\""))?;
    let digits = text.split_once("\"n\":")?.1;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_whole_or_not_at_all() {
        let long = [b"\x81\x7e\x01\x00".as_slice(), &[b'x'; 256]].concat();
        assert_eq!(split(&long), Some((Frame::Text(&[b'x'; 256]), 260)));
        assert_eq!(split(&long[..259]), None);
        assert_eq!(split(b"\x89\x02hi\x88"), Some((Frame::Ping(b"hi"), 4)));
        assert_eq!((split(b"\x88\x00"), split(b"\x81")), (Some((Frame::Close, 2)), None));
        let mut out = Vec::new();
        put(&mut out, 1, b"ab");
        assert_eq!(out, b"\x81\x82\0\0\0\0ab");
    }

    #[test]
    fn a_message_is_known_by_its_number() {
        assert_eq!(number(br#"{"topic":"device/x","at":"","values":{"energy_wh":1.5,"n":17.0,"power_w":2.0}}"#), Some(17));
        assert_eq!(number(br#"{"topic":"device/x","at":"","values":{"n":17.0},"seen_at":"x"}"#), None);
        assert_eq!(number(br#"{"topic":"device/x","at":"","values":{}}"#), None);
    }
}
