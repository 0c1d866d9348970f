//! Certificate and key of a listener.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Entry, quoted};

/// PEM files. They are read again when they change, so that a renewed certificate needs no restart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Given")]
pub struct Tls {
    /// The certificate, then those that lead to its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What stands in the settings, which may be half of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl TryFrom<Given> for Tls {
    type Error = &'static str;

    fn try_from(given: Given) -> Result<Self, Self::Error> {
        match (given.certificate, given.key) {
            (Some(certificate), Some(key)) => Ok(Self { certificate, key }),
            _ => Err("one of the two files is missing; give both tls.certificate and tls.key, or neither"),
        }
    }
}

/// What is said of the certificate's file where there is one listener; the section `mqtt` has two.
pub(super) const HTTP: &str = "A PEM file with the certificate and those that lead to its authority: the listener speaks TLS itself.\n\
    Read again when it changes. In the environment: VIGIA_HTTP__TLS__CERTIFICATE and VIGIA_HTTP__TLS__KEY.";
pub(super) const MQTT: &str = "The same for MQTT, on both of its listeners: they speak TLS and nothing else then.\n\
    In the environment: VIGIA_MQTT__TLS__CERTIFICATE and VIGIA_MQTT__TLS__KEY.";

pub(super) fn entries(tls: Option<&Tls>, doc: &'static str) -> [Entry; 2] {
    let path = |path: &PathBuf| quoted(&path.to_string_lossy());
    [
        Entry { key: "tls.certificate", value: tls.map(|tls| path(&tls.certificate)), doc },
        Entry { key: "tls.key", value: tls.map(|tls| path(&tls.key)), doc: "A PEM file with its private key." },
    ]
}
