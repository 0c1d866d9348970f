//! Where clients come in: TCP, TLS, WebSocket, or WebSocket in TLS.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::connection::Stream;
use super::handshake;
use super::house::House;
use super::limits::{HANDSHAKE_TIME, PEER_TIME};
use super::strangers::Stranger;
use super::websocket;
use crate::mqtt::BrokerError;

/// One way in, as the settings want it.
pub struct Door {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The setting, for what is said when that does not work.
    pub setting: &'static str,
    /// Speaks TLS.
    pub tls: Option<TlsAcceptor>,
    /// MQTT over WebSocket, path `/mqtt`, subprotocol `mqtt`.
    pub websocket: bool,
    /// Every peer is a proxy, and speaks for many.
    pub behind_proxy: bool,
}

impl Door {
    /// Plain TCP.
    #[must_use]
    pub fn plain(listen: SocketAddr) -> Self {
        Self { listen, setting: "mqtt.listen", tls: None, websocket: false, behind_proxy: false }
    }
}

/// A door that is open.
pub(super) struct OpenDoor {
    pub(super) door: Arc<Door>,
    pub(super) address: SocketAddr,
    listener: TcpListener,
}

pub(super) async fn open(door: Door) -> Result<OpenDoor, BrokerError> {
    let (setting, listen) = (door.setting, door.listen);
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|e| BrokerError::Listen(format!("{setting}: cannot listen on {listen}: {e}; end what uses it or set another address")))?;
    let address = listener.local_addr().map_err(|e| BrokerError::Listen(format!("{setting}: {e}")))?;
    Ok(OpenDoor { door: Arc::new(door), address, listener })
}

/// The next who comes in by any door, each in its turn: a crowd at one does not lock the others.
pub(super) async fn next(doors: &[OpenDoor], turn: &AtomicUsize) -> io::Result<(Arc<Door>, TcpStream, SocketAddr)> {
    let first = turn.fetch_add(1, Ordering::Relaxed) % doors.len().max(1);
    let (before, from) = doors.split_at(first);
    poll_fn(|cx| {
        for OpenDoor { door, listener, .. } in from.iter().chain(before) {
            match listener.poll_accept(cx) {
                Poll::Ready(Ok((stream, peer))) => return Poll::Ready(Ok((Arc::clone(door), stream, peer))),
                Poll::Ready(Err(error)) if is_of_one_connection(&error) => cx.waker().wake_by_ref(),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {}
            }
        }
        Poll::Pending
    })
    .await
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

/// Serves somebody who came in.
pub(super) async fn meet(house: Arc<House>, door: Arc<Door>, stream: TcpStream, stranger: Stranger) {
    let met = tokio::select! {
        // Boxed: half of TLS and WebSocket is over when this is.
        met = tokio::time::timeout(HANDSHAKE_TIME, Box::pin(introduce(&door, stream))) => met,
        () = stranger.gone.cancelled() => {
            if !house.is_stopping() {
                house.turned.note("made_room", "a connection that had not said who it is made room for another", Some(stranger.peer));
            }
            return;
        }
    };
    let peer = stranger.peer;
    match met {
        Ok(Some((stream, hello))) => handshake::serve(house, stream, hello, (peer, stranger.calls())).await,
        Ok(None) => {
            house.turned.count("no_mqtt");
            tracing::trace!("somebody who speaks no MQTT");
        }
        Err(_) => house.turned.note("silent", "a connection did not say in time who it is", Some(peer)),
    }
}

/// Everything until the CONNECT is there.
async fn introduce(door: &Door, stream: TcpStream) -> Option<(Box<dyn Stream>, handshake::Hello)> {
    prepare(&stream);
    let mut stream = unwrap(door, stream).await.inspect_err(|error| tracing::debug!(%error, "a handshake failed")).ok()?;
    let hello = handshake::hello(&mut stream).await?;
    Some((stream, hello))
}

async fn unwrap(door: &Door, stream: TcpStream) -> io::Result<Box<dyn Stream>> {
    let Some(tls) = &door.tls else {
        return if door.websocket { upgraded(stream).await } else { Ok(Box::new(stream)) };
    };
    let stream = tls.accept(stream).await?;
    if door.websocket { upgraded(stream).await } else { Ok(Box::new(stream)) }
}

async fn upgraded(stream: impl Stream + 'static) -> io::Result<Box<dyn Stream>> {
    Ok(Box::new(websocket::accept(stream).await.map_err(io::Error::other)?))
}

/// What cannot be set is not missed by a client that behaves.
fn prepare(stream: &TcpStream) {
    // Acknowledgements are small and awaited.
    let _ = stream.set_nodelay(true);
    let pause: Duration = PEER_TIME / 3;
    let alive = TcpKeepalive::new().with_time(PEER_TIME).with_interval(pause).with_retries(3);
    let _ = SockRef::from(stream).set_tcp_keepalive(&alive);
}
