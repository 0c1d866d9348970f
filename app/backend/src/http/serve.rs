//! The listener.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;

use crate::app::App;
use crate::lifecycle::Phase;

/// The listener could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("http.listen: {address} cannot be listened on: {reason}; stop what uses it, or choose another with VIGIA_HTTP__LISTEN")]
pub struct ServeError {
    address: SocketAddr,
    reason: std::io::Error,
}

/// Listens and serves until the process stops; requests under way then end first. Returns the address, with the port that
/// the system chose where the settings left it open.
///
/// # Errors
/// [`ServeError`], one line.
pub async fn serve(app: &App, router: Router) -> Result<SocketAddr, ServeError> {
    let address = app.settings().http.listen;
    let failed = |reason| ServeError { address, reason };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    app.set_http_address(bound);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let lifecycle = app.lifecycle().clone();
    app.lifecycle().spawn("http", Phase::Intake, |stop| async move {
        if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await {
            lifecycle.crash(&format!("the web server ended: {error}"));
        }
    });
    Ok(bound)
}
