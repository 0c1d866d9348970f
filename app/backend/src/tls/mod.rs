//! TLS of our own: rustls with ring, the certificate from files. For every listener.

mod certificate;

pub use certificate::TlsError;

use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

use crate::config::Tls;
use crate::lifecycle::Lifecycle;
use certificate::Certificate;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// What speaks TLS over a connection, and `protocol` (a name of ALPN) in it. `section` is where the settings name the files.
///
/// # Errors
/// [`TlsError`] when the files cannot be used.
pub fn acceptor(section: &'static str, tls: &Tls, protocol: &str, lifecycle: &Lifecycle) -> Result<TlsAcceptor, TlsError> {
    let certificate = Arc::new(Certificate::read(section, tls.clone())?);
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&certificate) as Arc<_>);
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    lifecycle.every("certificate", LOOK, move || {
        let certificate = Arc::clone(&certificate);
        async move { certificate.look().await }
    });
    Ok(TlsAcceptor::from(Arc::new(config)))
}
