//! `[mqtt]`

use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;

use super::listen::{self, Guard, Plaintext};
use vigia_domain::decode::route::Routes;

use super::routes::{self, TopicRoute};
use super::{BadSetting, Entry, inline, quoted};

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
    /// Topics of one's own; asked before the built-in ones.
    pub routes: Vec<TopicRoute>,
}

impl Default for Mqtt {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 1883).into(),
            broker: "embedded".to_owned(),
            behind_proxy: false,
            plaintext: None,
            routes: Vec::new(),
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
        routes::table(&self.routes)?;
        listen::check("mqtt.listen", self.listen, self.behind_proxy || self.plaintext.is_some(), "")
    }

    /// Which peers are served.
    #[must_use]
    pub fn guard(&self) -> Guard {
        listen::guard(self.plaintext)
    }

    /// Whose a topic is and what reads it. The settings were checked, so every row is one.
    #[must_use]
    pub fn routes(&self) -> Routes {
        routes::table(&self.routes).unwrap_or_else(|_| Routes::built_in())
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
            Entry {
                key: "routes",
                value: Some(inline(&self.routes)),
                doc: "Topics beside those that are built in, with what reads them: native, shelly, shelly_gen1, tasmota, zigbee2mqtt,\n\
                      biogestor or iot_backend. A topic has {device}, or {device...} for a name with slashes, or a device of its own:\n\
                      [{ topic = \"plant/{device}/data\", decoder = \"native\" }, { topic = \"well\", decoder = \"native\", device = \"well-1\" }]",
            },
        ]
    }
}
