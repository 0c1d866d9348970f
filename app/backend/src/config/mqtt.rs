//! `[mqtt]`

use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;

use super::listen::{self, Guard, Plaintext};
use super::{BadSetting, Entry, Tls, quoted, tls};

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
    /// Address and port for MQTT over WebSocket.
    #[serde(deserialize_with = "listen::maybe_address")]
    pub websocket_listen: Option<SocketAddr>,
    /// Certificate and key: both listeners speak TLS.
    pub tls: Option<Tls>,
}

impl Default for Mqtt {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 1883).into(),
            broker: "embedded".to_owned(),
            behind_proxy: false,
            plaintext: None,
            websocket_listen: None,
            tls: None,
        }
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
        let protected = self.tls.is_some() || self.behind_proxy || self.plaintext.is_some();
        let first = "give tls.certificate and tls.key, or ";
        listen::check("mqtt.listen", self.listen, protected, first)?;
        if let Some(listen) = self.websocket_listen {
            listen::check("mqtt.websocket_listen", listen, protected, first)?;
        }
        if self.tls.is_some() && self.plaintext.is_some() {
            return Err(BadSetting::Value {
                key: "mqtt.plaintext",
                problem: "the listeners speak TLS".to_owned(),
                fix: "leave out plaintext, or tls".to_owned(),
            });
        }
        Ok(())
    }

    /// How an address of the broker begins.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "mqtts" } else { "mqtt" }
    }

    /// Which peers are served.
    #[must_use]
    pub fn guard(&self) -> Guard {
        listen::guard(self.plaintext)
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut entries = vec![
            Entry {
                key: "listen",
                value: Some(quoted(&self.listen.to_string())),
                doc: "Address and port of the embedded broker. Beyond loopback it needs tls, behind_proxy or plaintext.",
            },
            Entry { key: "broker", value: Some(quoted(&self.broker)), doc: "\"embedded\": the broker inside this program." },
            Entry { key: "behind_proxy", value: Some(self.behind_proxy.to_string()), doc: "true: a proxy in front speaks TLS." },
            Entry {
                key: "plaintext",
                value: self.plaintext.map(|_| quoted("private")),
                doc: "\"private\": no TLS, but only peers with private addresses are served: an ESP32 on a home network.",
            },
            Entry {
                key: "websocket_listen",
                value: self.websocket_listen.map(|listen| quoted(&listen.to_string())),
                doc: "Address and port for MQTT over WebSocket, path /mqtt; not open by default. Protected like listen.",
            },
        ];
        entries.extend(tls::entries(self.tls.as_ref(), tls::MQTT));
        entries
    }
}
