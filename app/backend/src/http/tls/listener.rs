//! Connections whose handshake is done. Handshakes run beside the accepting: whoever is slow keeps nobody else waiting.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::lifecycle::{Lifecycle, Phase};

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many may be under way; more wait in the system's own queue.
const UNDER_WAY: usize = 512;
/// How many wait to be served.
const READY: usize = 64;
/// How long to wait when the system has nothing left to accept with, as axum's own listener does.
const PAUSE: Duration = Duration::from_secs(1);

type Ready = (TlsStream<TcpStream>, SocketAddr);

/// For axum, in place of a TCP listener.
pub(in crate::http) struct TlsListener {
    ready: mpsc::Receiver<Ready>,
    address: Option<SocketAddr>,
}

impl TlsListener {
    pub(super) fn start(tcp: TcpListener, acceptor: TlsAcceptor, lifecycle: &Lifecycle) -> Self {
        let (give, ready) = mpsc::channel(READY);
        let address = tcp.local_addr().ok();
        let tasks = lifecycle.clone();
        lifecycle.spawn("tls", Phase::Intake, |stop| accept(tcp, acceptor, give, tasks, stop));
        Self { ready, address }
    }
}

async fn accept(tcp: TcpListener, acceptor: TlsAcceptor, give: mpsc::Sender<Ready>, tasks: Lifecycle, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(UNDER_WAY));
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
            (place, tcp.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = stop.cancelled() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted now");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (acceptor, give) = (acceptor.clone(), give.clone());
        tasks.spawn("tls handshake", Phase::Intake, |stop| async move {
            let handshake = timeout(PATIENCE, acceptor.accept(stream));
            let done = tokio::select! {
                done = handshake => done,
                () = stop.cancelled() => return,
            };
            drop(place);
            match done {
                Ok(Ok(stream)) => drop(give.send((stream, peer)).await),
                Ok(Err(error)) => tracing::debug!(%peer, %error, "a handshake failed"),
                Err(_) => tracing::debug!(%peer, "a handshake took too long"),
            }
        });
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Ready {
        match self.ready.recv().await {
            Some(ready) => ready,
            // We are stopping; axum drops this then.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.address.ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }
}
