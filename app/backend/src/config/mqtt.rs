//! `[mqtt]`

use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;

use super::listen::{self, Guard, Plaintext};
use super::{BadSetting, Entry, quoted};

/// The broker.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mqtt {
    /// Address and port of the embedded broker.
    #[serde(deserialize_with = "listen::address")]
    pub listen: SocketAddr,
    /// `embedded`.
    pub broker: String,
    /// A proxy in front speaks TLS.
    pub behind_proxy: bool,
    /// Plaintext beyond loopback.
    pub plaintext: Option<Plaintext>,
}

impl Default for Mqtt {
    fn default() -> Self {
        Self { listen: (Ipv4Addr::LOCALHOST, 1883).into(), broker: "embedded".to_owned(), behind_proxy: false, plaintext: None }
    }
}

impl Mqtt {
    pub(super) fn check(&self) -> Result<(), BadSetting> {
        if self.broker != "embedded" {
            return Err(BadSetting::Value {
                key: "mqtt.broker",
                problem: "this version has only its own broker".to_owned(),
                fix: "write \"embedded\"".to_owned(),
            });
        }
        listen::check("mqtt.listen", self.listen, self.behind_proxy || self.plaintext.is_some(), "")
    }

    /// Which peers are served.
    #[must_use]
    pub fn guard(&self) -> Guard {
        listen::guard(self.plaintext)
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        vec![
            Entry {
                key: "listen",
                value: Some(quoted(&self.listen.to_string())),
                doc: "Address and port of the embedded broker. Beyond loopback it needs behind_proxy or plaintext.",
            },
            Entry { key: "broker", value: Some(quoted(&self.broker)), doc: "\"embedded\": the broker inside this program." },
            Entry { key: "behind_proxy", value: Some(self.behind_proxy.to_string()), doc: "true: a proxy in front speaks TLS." },
            Entry {
                key: "plaintext",
                value: self.plaintext.map(|_| quoted("private")),
                doc: "\"private\": no TLS, but only peers with private addresses are served: an ESP32 on a home network.",
            },
        ]
    }
}
