//! The certificate that is shown, and its files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio_rustls::rustls::crypto::ring::sign;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

use crate::config::Tls;

/// Why TLS cannot be spoken: the key of the setting, the file, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there, or may not be read.
    #[error("{key}: {} cannot be read: {reason}; give a PEM file that this user may read", file.display())]
    File {
        /// The setting.
        key: String,
        /// The file.
        file: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// A file without what it should hold.
    #[error("{key}: {} holds no {what} in PEM form; {what}s begin with -----BEGIN", file.display())]
    Empty {
        /// The setting.
        key: String,
        /// The file.
        file: PathBuf,
        /// What is missing.
        what: &'static str,
    },
    /// A key that cannot be used with the certificate.
    #[error("{key}: {} does not fit the certificate: {reason}; give the key that the certificate was made with", file.display())]
    Mismatch {
        /// The setting.
        key: String,
        /// The file.
        file: PathBuf,
        /// The library's reason.
        reason: String,
    },
}

/// What the two files held: first the certificate's bytes, then the key's.
type Contents = (Vec<u8>, Vec<u8>);

/// A certificate from files, and what they last held.
pub(super) struct Certificate {
    /// The section of the settings that names the files.
    section: &'static str,
    files: Tls,
    shown: RwLock<Arc<CertifiedKey>>,
    seen: Mutex<Contents>,
}

impl Certificate {
    pub(super) fn read(section: &'static str, files: Tls) -> Result<Self, TlsError> {
        let contents = contents(section, &files)?;
        let shown = RwLock::new(Arc::new(parse(section, &files, &contents)?));
        Ok(Self { section, files, shown, seen: Mutex::new(contents) })
    }

    /// Reads the files again. What cannot be used is said once, and the certificate from before is shown on.
    pub(super) async fn look(self: &Arc<Self>) {
        let this = Arc::clone(self);
        tokio::task::spawn_blocking(move || this.look_now()).await.expect("reading files does not panic");
    }

    fn look_now(&self) {
        // Between the two files of a renewal one may be missing for a moment.
        let Ok(now) = contents(self.section, &self.files) else { return };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return;
        }
        match parse(self.section, &self.files, &now) {
            Ok(new) => {
                *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                tracing::info!("the certificate was changed: the new one is shown from now on");
            }
            Err(error) => tracing::warn!(%error, "the certificate was changed and cannot be used; the one from before is shown on"),
        }
        *seen = now;
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

fn contents(section: &str, files: &Tls) -> Result<Contents, TlsError> {
    let read = |name, file: &Path| {
        std::fs::read(file).map_err(|reason| TlsError::File { key: format!("{section}.tls.{name}"), file: file.to_owned(), reason })
    };
    Ok((read("certificate", &files.certificate)?, read("key", &files.key)?))
}

fn parse(section: &str, files: &Tls, (certificate, key): &Contents) -> Result<CertifiedKey, TlsError> {
    let setting = |name| format!("{section}.tls.{name}");
    let empty = |name, file: &Path, what| TlsError::Empty { key: setting(name), file: file.to_owned(), what };
    let chain: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| empty("certificate", &files.certificate, "certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| empty("key", &files.key, "private key"))?;
    let mismatch = |reason: String| TlsError::Mismatch { key: setting("key"), file: files.key.clone(), reason };
    let key = sign::any_supported_type(&key).map_err(|e| mismatch(e.to_string()))?;
    let certified = CertifiedKey::new(chain, key);
    certified.keys_match().map_err(|e| mismatch(e.to_string()))?;
    Ok(certified)
}
