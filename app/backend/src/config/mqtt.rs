//! `[mqtt]`

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;
use vigia_domain::decode::route::Routes;

use super::external::{self, External, Protocol};
use super::listen::{self, Guard, Plaintext};
use super::routes::{self, TopicRoute};
use super::{BadSetting, Entry, Secret, Tls, inline, quoted, tls};

/// The broker inside this program.
const EMBEDDED: &str = "embedded";

/// The broker.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mqtt {
    /// Address and port of the embedded broker.
    #[serde(deserialize_with = "listen::address")]
    pub listen: SocketAddr,
    /// `embedded`, or the address of an external one; it may hold a password.
    pub broker: Secret,
    /// A proxy in front speaks TLS.
    pub behind_proxy: bool,
    /// Plaintext beyond loopback.
    pub plaintext: Option<Plaintext>,
    /// Our user name at an external broker.
    pub user: Option<String>,
    /// Our password there.
    pub password: Option<Secret>,
    /// The version of MQTT that we speak with it.
    pub protocol: Protocol,
    /// The authorities that may sign its certificate.
    pub ca_file: Option<PathBuf>,
    /// Our client id there.
    pub client_id: Option<String>,
    /// The name under which several processes share the messages.
    pub group: Option<String>,
    /// Whether we make the devices' credentials and rights there.
    pub dynamic_security: bool,
    /// Address and port for MQTT over WebSocket.
    #[serde(deserialize_with = "listen::maybe_address")]
    pub websocket_listen: Option<SocketAddr>,
    /// Certificate and key: both listeners speak TLS.
    pub tls: Option<Tls>,
    /// Topics of one's own; asked before the built-in ones.
    pub routes: Vec<TopicRoute>,
}

impl Default for Mqtt {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 1883).into(),
            broker: Secret::from(EMBEDDED.to_owned()),
            behind_proxy: false,
            plaintext: None,
            user: None,
            password: None,
            protocol: Protocol::default(),
            ca_file: None,
            client_id: None,
            group: None,
            dynamic_security: false,
            websocket_listen: None,
            tls: None,
            routes: Vec::new(),
        }
    }
}

impl Mqtt {
    pub(super) fn check(&self) -> Result<(), BadSetting> {
        routes::table(&self.routes)?;
        match self.understood()? {
            Some(broker) => self.check_external(&broker),
            None => self.check_embedded(),
        }
    }

    fn check_embedded(&self) -> Result<(), BadSetting> {
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

    fn check_external(&self, broker: &External) -> Result<(), BadSetting> {
        let value = |key, problem: &str, fix: &str| Err(BadSetting::Value { key, problem: problem.to_owned(), fix: fix.to_owned() });
        let is_level = |text: &str| !text.is_empty() && text.len() <= 128 && !text.contains(['/', '+', '#', '\0']);
        if self.group.as_deref().is_some_and(|group| !is_level(group)) {
            return value("mqtt.group", "it is no part of a topic", "write a short name without / + #, for example \"vigia\"");
        }
        if self.client_id.as_deref().is_some_and(|id| !is_level(id)) {
            return value("mqtt.client_id", "it is no client id", "write a short name without / + #, another for each process");
        }
        if self.dynamic_security && broker.user.is_none() {
            return value("mqtt.dynamic_security", "it needs an account", "set mqtt.user and mqtt.password to the plugin's administrator");
        }
        if self.ca_file.is_some() && !broker.tls {
            return value("mqtt.ca_file", "the connection has no TLS", "write mqtts:// in mqtt.broker, or leave the file out");
        }
        Ok(())
    }

    /// The external broker, if there is one. The settings were checked when they were read.
    #[must_use]
    pub fn external(&self) -> Option<External> {
        self.understood().ok().flatten()
    }

    fn understood(&self) -> Result<Option<External>, BadSetting> {
        if self.broker.expose() == EMBEDDED {
            return Ok(None);
        }
        let address = external::address(self.broker.expose())?;
        Ok(Some(External {
            host: address.host,
            port: address.port,
            tls: address.tls,
            ca_file: self.ca_file.clone(),
            user: self.user.clone().or(address.user),
            password: self.password.clone().or(address.password.map(Secret::from)),
            protocol: self.protocol,
            client_id: self.client_id.clone(),
            group: self.group.clone(),
            dynamic_security: self.dynamic_security,
        }))
    }

    /// The same with the broker inside this program.
    #[must_use]
    pub(super) fn with_own_broker(self) -> Self {
        Self { broker: Self::default().broker, ..self }
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

    /// Whose a topic is and what reads it. The settings were checked, so every row is one.
    #[must_use]
    pub fn routes(&self) -> Routes {
        routes::table(&self.routes).unwrap_or_else(|_| Routes::built_in())
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        let text = |value: &Option<String>| value.as_deref().map(quoted);
        let mut entries = vec![
            Entry {
                key: "listen",
                value: Some(quoted(&self.listen.to_string())),
                doc: "Address and port of the embedded broker. Beyond loopback it needs tls, behind_proxy or plaintext.",
            },
            Entry {
                key: "broker",
                value: Some(quoted(&self.broker.redacted_url())),
                doc: "\"embedded\": the broker inside this program. Or another's: \"mqtt://host:1883\", \"mqtts://host:8883\" with TLS;\n\
                      what that broker must promise stands in docs/operations.md.",
            },
            Entry { key: "behind_proxy", value: Some(self.behind_proxy.to_string()), doc: "true: a proxy in front speaks TLS." },
            Entry {
                key: "plaintext",
                value: self.plaintext.map(|_| quoted("private")),
                doc: "\"private\": no TLS, but only peers with private addresses are served: an ESP32 on a home network.",
            },
            Entry { key: "user", value: text(&self.user), doc: "Our user name at an external broker." },
            Entry { key: "password", value: self.password.as_ref().map(|_| quoted("***")), doc: "Our password there." },
            Entry {
                key: "protocol",
                value: Some(quoted(self.protocol.as_str())),
                doc: "The version of MQTT that we speak with an external broker: \"5\" or \"3.1.1\".",
            },
            Entry {
                key: "ca_file",
                value: self.ca_file.as_ref().map(|file| quoted(&file.to_string_lossy())),
                doc: "PEM file of the authorities that may sign an external broker's certificate; the machine's own when left out.",
            },
            Entry {
                key: "client_id",
                value: text(&self.client_id),
                doc: "Our client id at an external broker, another for each process. Made once and kept in the data folder when left out;\n\
                      set it where that folder does not last: the broker keeps our messages under this name.",
            },
            Entry {
                key: "group",
                value: text(&self.group),
                doc: "The name under which several processes share the messages of an external broker. Leave it out for one process.",
            },
            Entry {
                key: "dynamic_security",
                value: Some(self.dynamic_security.to_string()),
                doc: "true: we make each device's credential and rights in Mosquitto's dynamic security plugin.",
            },
            Entry {
                key: "websocket_listen",
                value: self.websocket_listen.map(|listen| quoted(&listen.to_string())),
                doc: "Address and port for MQTT over WebSocket, path /mqtt; not open by default. Protected like listen.",
            },
            Entry {
                key: "routes",
                value: Some(inline(&self.routes)),
                doc: "Topics beside those that are built in, with what reads them: native, shelly, shelly_gen1, tasmota, zigbee2mqtt,\n\
                      biogestor or iot_backend. A topic has {device}, or {device...} for a name with slashes, or a device of its own:\n\
                      [{ topic = \"plant/{device}/data\", decoder = \"native\" }, { topic = \"well\", decoder = \"native\", device = \"well-1\" }]",
            },
        ];
        entries.extend(tls::entries(self.tls.as_ref(), tls::MQTT));
        entries
    }
}
