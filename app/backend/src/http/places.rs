//! What connections may take of the web server, before anybody said who they are: how many at once, and how long they may
//! keep us waiting. One place for both listeners.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Http;
use crate::files;
use crate::share::{Share, Shares, network};

/// What the web server grants.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections in all; more wait in the system's queue.
    pub connections: usize,
    /// Connections of one address (of IPv6: of one network of 64 bits); one more is hung up on. An office behind one address has
    /// forty browsers with six each.
    pub per_peer: usize,
    /// TLS handshakes of one address under way.
    pub handshakes_per_peer: usize,
    /// How long a handshake may take.
    pub handshake_time: Duration,
    /// How long until a request's headers are there in full, counted from the connection or from the answer before. So long also
    /// an idle connection is kept.
    pub header_time: Duration,
    /// How long a client may leave what is written to it unread until its connection is given up.
    pub write_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // The other half of the files is for the broker and the databases: whoever floods one door leaves the other open.
            connections: (files::limit() / 2).clamp(16, 16_384),
            per_peer: 256,
            handshakes_per_peer: 32,
            handshake_time: Duration::from_secs(5),
            header_time: Duration::from_secs(15),
            write_time: Duration::from_secs(30),
        }
    }
}

/// Who holds how many connections. Clones are handles to the same count.
#[derive(Clone)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    connections: OfPeers,
    handshakes: OfPeers,
}

impl Places {
    pub(super) fn new(limits: &Limits, http: &Http) -> Self {
        // Behind a proxy every peer is the proxy.
        let shares = |most| OfPeers { shares: Shares::of(most), except_all: http.behind_proxy };
        Self {
            all: Arc::new(Semaphore::new(limits.connections)),
            connections: shares(limits.per_peer),
            handshakes: shares(limits.handshakes_per_peer),
        }
    }

    /// Waits until one connection more may be taken, whoever's it is.
    pub(super) async fn free(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.all).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// The connection of `peer`, which holds its place until it ends; `None` when this peer holds too many.
    pub(super) fn seat(&self, free: OwnedSemaphorePermit, peer: IpAddr, stream: TcpStream) -> Option<Seated> {
        let share = self.connections.take(peer)?;
        Some(Seated { stream, _place: (free, share) })
    }

    /// A handshake of `peer`; `None` when too many are under way.
    pub(super) fn handshake(&self, peer: IpAddr) -> Option<OfPeer> {
        self.handshakes.take(peer)
    }
}

/// The same number for each peer. This machine itself has no bound: what stands in front of us on it speaks for everybody.
#[derive(Clone)]
struct OfPeers {
    shares: Shares<IpAddr>,
    except_all: bool,
}

/// One of a peer's share; free again when dropped. Nothing for a peer without a bound.
pub(super) struct OfPeer {
    _share: Option<Share<IpAddr>>,
}

impl OfPeers {
    fn take(&self, peer: IpAddr) -> Option<OfPeer> {
        let unbound = self.except_all || peer.to_canonical().is_loopback();
        let share = if unbound { None } else { Some(self.shares.take(network(Some(peer)))?) };
        Some(OfPeer { _share: share })
    }
}

/// A connection with its place. The place is in the stream because that alone lives as long as the connection does: one that
/// becomes a live connection leaves the web server and stays open.
pub(super) struct Seated {
    stream: TcpStream,
    _place: (OwnedSemaphorePermit, OfPeer),
}

impl AsyncRead for Seated {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Seated {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(behind_proxy: bool) -> Places {
        Places::new(&Limits { handshakes_per_peer: 3, ..Limits::default() }, &Http { behind_proxy, ..Http::default() })
    }

    fn taken(places: &Places, peer: &str) -> Vec<OfPeer> {
        let peer = peer.parse().expect("an address");
        (0..10).map_while(|_| places.handshake(peer)).collect()
    }

    #[test]
    fn one_peer_takes_no_more_than_its_share_and_gives_it_back() {
        let places = places(false);
        let held = taken(&places, "192.0.2.7");
        assert_eq!((held.len(), taken(&places, "192.0.2.8").len()), (3, 3), "the others have their own");
        assert_eq!(taken(&places, "::ffff:192.0.2.7").len(), 0, "the same address in other clothes");
        drop(held);
        assert_eq!(taken(&places, "192.0.2.7").len(), 3);
        let network = taken(&places, "2001:db8::1");
        assert_eq!((network.len(), taken(&places, "2001:db8::2").len()), (3, 0), "a network of 64 bits is one peer");
        drop(network);
        assert!(places.handshakes.shares.are_free());
    }

    #[test]
    fn this_machine_and_a_proxy_speak_for_many() {
        assert_eq!((taken(&places(false), "127.0.0.1").len(), taken(&places(false), "::1").len()), (10, 10));
        assert_eq!(taken(&places(true), "10.0.0.2").len(), 10);
    }

    #[test]
    fn both_doors_fit_into_the_files() {
        assert!(Limits::default().connections <= files::limit() / 2);
    }
}
