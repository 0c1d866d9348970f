//! The listener, over TLS or not.

use std::net::SocketAddr;

use axum::Router;
use axum::serve::{Listener, ListenerExt as _};
use tokio::net::TcpListener;

use super::tls::{self, TlsError};
use crate::app::App;
use crate::lifecycle::Phase;

/// The listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, or not ours.
    #[error("http.listen: {address} cannot be listened on: {reason}; stop what uses it, or choose another with VIGIA_HTTP__LISTEN")]
    Address {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Listens and serves until the process stops; requests under way then end first. Returns the address, with the port that
/// the system chose where the settings left it open.
///
/// # Errors
/// [`ServeError`], one line.
pub async fn serve(app: &App, router: Router) -> Result<SocketAddr, ServeError> {
    let http = &app.settings().http;
    let failed = |reason| ServeError::Address { address: http.listen, reason };
    let listener = TcpListener::bind(http.listen).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    match &http.tls {
        None => start(app, listener, router),
        Some(files) => start(app, tls::over(listener, files, app.lifecycle())?, router),
    }
    app.set_http_address(bound);
    Ok(bound)
}

fn start<L: Listener<Addr = SocketAddr>>(app: &App, listener: L, router: Router) {
    // A connection's address is known to axum for its own listener, and for whatever is tapped.
    let listener = listener.tap_io(|_| ());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let lifecycle = app.lifecycle().clone();
    app.lifecycle().spawn("http", Phase::Intake, |stop| async move {
        if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await {
            lifecycle.crash(&format!("the web server ended: {error}"));
        }
    });
}
