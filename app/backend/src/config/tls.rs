//! Certificate and key of a listener.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Entry, quoted};

/// PEM files. They are read again when they change, so that a renewed certificate needs no restart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate, then those that lead to its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

pub(super) fn entries(tls: Option<&Tls>) -> [Entry; 2] {
    let path = |path: &PathBuf| quoted(&path.to_string_lossy());
    [
        Entry {
            key: "tls.certificate",
            value: tls.map(|tls| path(&tls.certificate)),
            doc: "A PEM file with the certificate and those that lead to its authority: the listener speaks TLS itself.\n\
                  Read again when it changes. In the environment: VIGIA_HTTP__TLS__CERTIFICATE and VIGIA_HTTP__TLS__KEY.",
        },
        Entry { key: "tls.key", value: tls.map(|tls| path(&tls.key)), doc: "A PEM file with its private key." },
    ]
}
