//! TLS of our own: rustls with ring, the certificate from files.

mod certificate;

pub use certificate::TlsError;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

use crate::config::Tls;
use crate::lifecycle::{Lifecycle, Phase};
use certificate::Certificate;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// What speaks TLS over a connection.
///
/// # Errors
/// [`TlsError`] when the files cannot be used.
pub(super) fn acceptor(tls: &Tls, lifecycle: &Lifecycle) -> Result<TlsAcceptor, TlsError> {
    let certificate = Arc::new(Certificate::read(tls.clone())?);
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&certificate) as Arc<_>);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    lifecycle.spawn("certificate", Phase::Intake, |stop| async move {
        let mut clock = tokio::time::interval(LOOK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = clock.tick() => certificate.look().await,
                () = stop.cancelled() => break,
            }
        }
    });
    Ok(TlsAcceptor::from(Arc::new(config)))
}
