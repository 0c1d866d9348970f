//! The listener, over TLS or not.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::Layer as _;

use super::patient::Patient;
use super::places::{Limits, Places, Seated};
use crate::app::App;
use crate::lifecycle::{Lifecycle, Phase};
use crate::metrics::Turned;
use crate::tls::{self, TlsError};

/// How long to wait when the system has nothing left to accept with.
const PAUSE: Duration = Duration::from_secs(1);

/// The listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, or not ours.
    #[error("http.listen: {address} cannot be listened on: {reason}; stop what uses it, or choose another with VIGIA_HTTP__LISTEN")]
    Address {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        reason: io::Error,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// What every connection needs.
#[derive(Clone)]
struct Service {
    router: Router,
    tls: Option<TlsAcceptor>,
    places: Places,
    limits: Limits,
    turned: Turned,
}

/// Listens and serves until the process stops; requests under way then end first. Returns the address, with the port that
/// the system chose where the settings left it open.
///
/// # Errors
/// [`ServeError`], one line.
pub async fn serve(app: &App, router: Router) -> Result<SocketAddr, ServeError> {
    serve_within(app, router, Limits::default()).await
}

/// The same within other limits, for tests that have less time.
///
/// # Errors
/// [`ServeError`], one line.
pub async fn serve_within(app: &App, router: Router, limits: Limits) -> Result<SocketAddr, ServeError> {
    let http = &app.settings().http;
    let failed = |reason| ServeError::Address { address: http.listen, reason };
    let listener = TcpListener::bind(http.listen).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let tls = http.tls.as_ref().map(|files| tls::acceptor("http", files, "http/1.1", app.lifecycle())).transpose()?;
    let turned = Turned::new("http", app.metrics().http_turned_away.clone());
    let service = Service { router, tls, places: Places::new(&limits, http), limits, turned };
    let tasks = app.lifecycle().clone();
    app.lifecycle().spawn("http", Phase::Intake, |stop| accept(listener, service, tasks, stop));
    app.set_http_address(bound);
    Ok(bound)
}

async fn accept(listener: TcpListener, service: Service, tasks: Lifecycle, stop: CancellationToken) {
    loop {
        let next = async {
            let free = service.places.free().await;
            (free, listener.accept().await)
        };
        let (free, accepted) = tokio::select! {
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
        let Some(stream) = service.places.seat(free, peer.ip(), stream) else {
            service.turned.note("address", "an address holds too many connections", Some(peer.ip()));
            continue;
        };
        let (service, stream) = (service.clone(), Patient::new(stream, service.limits.write_time));
        tasks.serve("http connection", Phase::Intake, |stop| service.meet(stream, peer, stop));
    }
}

impl Service {
    /// Serves one connection until it ends, becomes a live connection, or the process stops.
    async fn meet(self, stream: Patient<Seated>, peer: SocketAddr, stop: CancellationToken) {
        let Some(acceptor) = &self.tls else { return self.speak(stream, peer, stop).await };
        let Some(place) = self.places.handshake(peer.ip()) else {
            return self.turned.note("address", "too many handshakes of an address are under way", Some(peer.ip()));
        };
        let handshake = tokio::time::timeout(self.limits.handshake_time, acceptor.accept(stream));
        let done = tokio::select! {
            done = handshake => done,
            () = stop.cancelled() => return,
        };
        drop(place);
        match done {
            Ok(Ok(stream)) => self.speak(stream, peer, stop).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "a handshake failed"),
            Err(_) => self.turned.note("silent", "a handshake took too long", Some(peer.ip())),
        }
    }

    async fn speak(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: SocketAddr, stop: CancellationToken) {
        // Not axum's `serve` nor hyper-util's builder: both await the first bytes, which may never come, to learn the version of HTTP.
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.limits.header_time);
        let router = Extension(ConnectInfo(peer)).layer(self.router.clone());
        let (service, has_asked) = (TowerToHyperService::new(router), AtomicBool::new(false));
        let service = service_fn(|request| {
            has_asked.store(true, Ordering::Relaxed);
            service.call(request)
        });
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            // Who was answered and says nothing more is only idle.
            if error.is_timeout() && !has_asked.load(Ordering::Relaxed) {
                self.turned.note("silent", "a connection sent no whole request in time", Some(peer.ip()));
            }
            tracing::trace!(%peer, %error, "a connection ended");
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}
