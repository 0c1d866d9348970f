//! MQTT over WebSocket (MQTT 5, 6): the bytes of the binary frames, one after the other, wherever packets begin and end.

use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::connection::Stream;
use super::limits::{CONNECT_BYTES, OUT_BYTES, PACKET_BYTES, READ_BYTES};

/// Where it is asked for.
const PATH: &str = "/mqtt";
const PROTOCOL: &str = "mqtt";

/// The bytes of a WebSocket.
pub(super) struct Frames<S> {
    stream: S,
    socket: WebSocketContext,
    read: Bytes,
    /// Something of a frame waits to be written.
    is_blocked: bool,
}

/// Answers the upgrade. The request is bounded by the library: 64 kB, in no more than 512 pieces. Who asks has not said who it is,
/// so a frame is no longer than a CONNECT, until [`Stream::let_in`].
///
/// # Errors
/// Another path or subprotocol, or what is no WebSocket at all.
pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> Result<Frames<S>, Error> {
    // What comes behind the request before the answer is refused, so nothing of the first frame is in there.
    let stream = tokio_tungstenite::accept_hdr_async_with_config(stream, agree, Some(config(CONNECT_BYTES))).await?.into_inner();
    let socket = WebSocketContext::new(Role::Server, Some(config(CONNECT_BYTES)));
    Ok(Frames { stream, socket, read: Bytes::new(), is_blocked: false })
}

/// Memory for a frame is taken as soon as its length is said.
fn config(most: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * PACKET_BYTES.max(OUT_BYTES))
        .max_message_size(Some(most))
        .max_frame_size(Some(most))
}

#[expect(clippy::result_large_err, reason = "the library's own type")]
fn agree(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let refuse = |status, why: &str| {
        let mut refusal = ErrorResponse::new(Some(why.to_owned()));
        *refusal.status_mut() = status;
        Err(refusal)
    };
    if request.uri().path() != PATH {
        return refuse(StatusCode::NOT_FOUND, "MQTT is at /mqtt");
    }
    let offered = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let offered = offered.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    if !offered.into_iter().any(|protocol| protocol.trim() == PROTOCOL) {
        return refuse(StatusCode::BAD_REQUEST, "the subprotocol mqtt is spoken here");
    }
    response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    Ok(response)
}

fn failed(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed | Error::AlreadyClosed => ErrorKind::BrokenPipe.into(),
        other => io::Error::other(other),
    }
}

/// A stream as it is at this moment: what is not ready would block, and wakes the task later.
struct Now<'s, 'c, 'w, S> {
    stream: &'s mut S,
    cx: &'c mut Context<'w>,
}

fn at_once<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
    match polled {
        Poll::Ready(done) => done,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

impl<S: AsyncRead + Unpin> Read for Now<'_, '_, '_, S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(bytes);
        at_once(Pin::new(&mut *self.stream).poll_read(self.cx, &mut buffer))?;
        Ok(buffer.filled().len())
    }
}

impl<S: AsyncWrite + Unpin> Write for Now<'_, '_, '_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        at_once(Pin::new(&mut *self.stream).poll_write(self.cx, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        at_once(Pin::new(&mut *self.stream).poll_flush(self.cx))
    }
}

/// What the library says of a moment, as a task hears it.
fn polled(result: Result<(), Error>) -> Poll<io::Result<()>> {
    match result {
        Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
        result => Poll::Ready(result.map_err(failed)),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Frames<S> {
    fn flushed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, socket, is_blocked, .. } = self;
        let flushed = polled(socket.flush(&mut Now { stream, cx }));
        *is_blocked = flushed.is_pending();
        flushed
    }
}

impl<S: Stream> Stream for Frames<S> {
    fn let_in(&mut self) {
        self.socket.set_config(|narrow| *narrow = config(PACKET_BYTES));
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Frames<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, socket, read, .. } = self.get_mut();
        while read.is_empty() {
            match socket.read(&mut Now { stream, cx }) {
                Ok(Message::Binary(bytes)) => *read = bytes,
                Ok(Message::Text(_)) => return Poll::Ready(Err(ErrorKind::InvalidData.into())),
                // The library answers pings by itself.
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Ok(Message::Close(_)) | Err(Error::ConnectionClosed | Error::AlreadyClosed) => return Poll::Ready(Ok(())),
                Err(error) => return polled(Err(error)),
            }
        }
        let length = read.len().min(buffer.remaining());
        buffer.put_slice(&read[..length]);
        read.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Frames<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.is_blocked {
            std::task::ready!(this.flushed(cx))?;
        }
        let length = bytes.len().min(OUT_BYTES);
        let message = Message::Binary(Bytes::copy_from_slice(&bytes[..length]));
        let Self { stream, socket, is_blocked, .. } = this;
        match polled(socket.write(&mut Now { stream, cx }, message)) {
            Poll::Ready(done) => Poll::Ready(done.map(|()| length)),
            // The library has it all the same.
            Poll::Pending => {
                *is_blocked = true;
                Poll::Ready(Ok(length))
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().flushed(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, socket, .. } = self.get_mut();
        let closed = match socket.can_write() {
            true => socket.close(&mut Now { stream, cx }, None),
            false => socket.flush(&mut Now { stream, cx }),
        };
        match closed {
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => Poll::Ready(Ok(())),
            other => polled(other),
        }
    }
}
