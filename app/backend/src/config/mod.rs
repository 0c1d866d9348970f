//! The settings: one small struct per section, read from `vigia.toml` and the environment, checked before anything starts.

mod accounts;
mod data;
mod database;
mod external;
mod http;
mod ingest;
mod limits;
mod listen;
mod log;
mod mail;
mod mqtt;
mod oidc;
mod routes;
mod secret;
mod sign_in;
mod sources;
mod telemetry;
mod tls;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use accounts::{Accounts, Registration};
pub use data::Data;
pub use database::Database;
pub use external::{External, Protocol};
pub use http::Http;
pub use ingest::Ingest;
pub use limits::RequestLimits;
pub use listen::{Guard, Plaintext};
pub use log::{Log, LogFormat};
pub use mail::Mail;
pub use mqtt::Mqtt;
pub use oidc::{Oidc, OidcProvider};
pub use routes::TopicRoute;
pub use secret::Secret;
pub use sign_in::{Most, SignIn};
pub use telemetry::Telemetry;
pub use tls::Tls;

use sources::Sources;

/// Every setting of a process. Sections left out have their defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where files are kept.
    pub data: Data,
    /// The web server.
    pub http: Http,
    /// How often somebody may be wrong when signing in.
    pub sign_in: SignIn,
    /// How many requests are taken.
    pub limits: RequestLimits,
    /// Who may open an account.
    pub accounts: Accounts,
    /// Providers by which people sign in.
    pub oidc: Oidc,
    /// How mails leave.
    pub mail: Mail,
    /// The broker.
    pub mqtt: Mqtt,
    /// What is taken from devices.
    pub ingest: Ingest,
    /// The relational database.
    pub database: Database,
    /// The time-series store.
    pub telemetry: Telemetry,
    /// What is logged and how.
    pub log: Log,
}

/// A setting that cannot be used: which one, why, and what to write instead.
#[derive(Debug, thiserror::Error)]
pub enum BadSetting {
    /// The file named on the command line is not there or not readable.
    #[error("{}: {reason}; give --config a readable TOML file", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// A value of the wrong type, or a key that does not exist.
    #[error("{place}: {problem}")]
    Shape {
        /// The key, or the file.
        place: String,
        /// What is wrong, what to write, and where it came from.
        problem: String,
    },
    /// A value that cannot be used.
    #[error("{key}: {problem}; {fix}")]
    Value {
        /// The key, `section.key`.
        key: &'static str,
        /// What is wrong.
        problem: String,
        /// What to write.
        fix: String,
    },
}

/// One setting as `vigia config` shows it.
pub struct Entry {
    /// `key` within its section.
    pub key: &'static str,
    /// Its value as TOML; `None` when it is not set.
    pub value: Option<String>,
    /// What it does, in one or two lines.
    pub doc: &'static str,
}

impl Settings {
    /// Reads `file` (or `vigia.toml` in the working folder, if it is there), then the environment (`VIGIA_<SECTION>__<KEY>`),
    /// and checks every section.
    ///
    /// # Errors
    /// [`BadSetting`], one line that names the key and the fix.
    pub fn load(file: Option<&Path>, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, BadSetting> {
        let sources = Sources::read(file, environment)?;
        let sections = Self::default().sections();
        let known = sections.iter().flat_map(|(section, entries)| entries.iter().map(move |entry| format!("{section}.{}", entry.key)));
        // Providers have names of their own; without any, one stands for all, so that whoever looks for the section finds it.
        let mut providers = sources.names_in("oidc");
        oidc::check_names(&providers)?;
        providers.insert("<name>".to_owned());
        let of_providers = providers.iter().flat_map(|name| oidc::KEYS.map(|key| format!("oidc.{name}.{key}")));
        sources.check_keys(&known.chain(of_providers).collect())?;
        let settings: Self = sources.understand()?;
        settings.check()?;
        Ok(settings)
    }

    /// The same installation with its own folder and its own SQLite files, for `serve --demo`.
    #[must_use]
    pub fn for_demo(mut self) -> Self {
        self.data.dir.push("demo");
        self.database = Database::default();
        // Its devices have tokens that nobody else's broker knows.
        self.mqtt = self.mqtt.with_own_broker();
        self
    }

    fn check(&self) -> Result<(), BadSetting> {
        self.data.check()?;
        self.http.check()?;
        self.sign_in.check()?;
        self.limits.check()?;
        oidc::check(&self.oidc, &self.http)?;
        self.mail.check()?;
        self.check_links()?;
        self.mqtt.check()?;
        self.ingest.check()?;
        self.database.check()?;
        self.telemetry.check()
    }

    /// Mails that leave this machine hold links, which begin with an address that their readers can open.
    fn check_links(&self) -> Result<(), BadSetting> {
        if !self.mail.leaves() || self.http.public_url.is_some() {
            return Ok(());
        }
        Err(BadSetting::Value {
            key: "http.public_url",
            problem: "mails leave this machine, and the links in them would lead nowhere".to_owned(),
            fix: "write the address that people open, like \"https://vigia.example.org\"".to_owned(),
        })
    }

    /// Every setting there is, by section.
    fn sections(&self) -> [(&'static str, Vec<Entry>); 11] {
        [
            ("data", self.data.entries()),
            ("http", self.http.entries()),
            ("sign_in", self.sign_in.entries()),
            ("limits", self.limits.entries()),
            ("accounts", self.accounts.entries()),
            ("mail", self.mail.entries()),
            ("mqtt", self.mqtt.entries()),
            ("ingest", self.ingest.entries()),
            ("database", self.database.entries()),
            ("telemetry", self.telemetry.entries()),
            ("log", self.log.entries()),
        ]
    }

    /// The settings as commented TOML, secrets redacted. What is not set stands as a comment.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let of_providers = self.oidc.iter().map(|(name, provider)| (format!("oidc.{name}"), provider.entries()));
        let sections = self.sections().into_iter().map(|(section, entries)| (section.to_owned(), entries));
        for (section, entries) in sections.chain(of_providers) {
            text.push_str(&format!("[{section}]\n"));
            for Entry { key, value, doc } in entries {
                for line in doc.lines() {
                    text.push_str(&format!("# {line}\n"));
                }
                match value {
                    Some(value) => text.push_str(&format!("{key} = {value}\n")),
                    None => text.push_str(&format!("# {key} =\n")),
                }
            }
            text.push('\n');
        }
        if self.oidc.is_empty() {
            text.push_str(oidc::EXAMPLE);
        }
        text
    }
}

/// A list as TOML writes it in one line.
fn inline(list: &[impl Serialize]) -> String {
    let json = serde_json::to_value(list).expect("settings are texts and numbers, which JSON has forms for");
    toml_of(&json)
}

fn toml_of(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Array(list) => format!("[{}]", list.iter().map(toml_of).collect::<Vec<_>>().join(", ")),
        serde_json::Value::Object(map) => {
            let fields: Vec<_> = map.iter().map(|(key, value)| format!("{key} = {}", toml_of(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        // Texts, numbers and truth are written alike in both.
        other => other.to_string(),
    }
}

/// A text as a TOML basic string.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is always JSON, and JSON's escapes are TOML's")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        let empty = tempfile::NamedTempFile::new().expect("a temporary file");
        let environment = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Settings::load(Some(empty.path()), environment).map_err(|e| e.to_string())
    }

    #[test]
    fn a_fresh_machine_needs_no_settings() {
        let settings = with(&[]).expect("defaults");
        assert_eq!(settings.http.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(settings.mqtt.listen.to_string(), "127.0.0.1:1883");
        assert_eq!(settings.data.dir, PathBuf::from("./data"));
    }

    #[test]
    fn the_environment_wins_and_lists_are_split() {
        let settings = with(&[
            ("VIGIA_HTTP__LISTEN", "127.0.0.1:0"),
            ("VIGIA_DATA__DIR", "/tmp/x"),
            ("VIGIA_HTTP__CORS", "https://a.example,https://b.example"),
            ("VIGIA_LOG__FORMAT", "json"),
        ])
        .expect("good settings");
        assert_eq!(settings.http.listen.port(), 0);
        assert_eq!(settings.http.cors.len(), 2);
        assert_eq!(settings.log.format, LogFormat::Json);
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_fix() {
        let wrong = |pairs: &[(&str, &str)]| with(pairs).expect_err("refused");
        assert!(wrong(&[("VIGIA_HTTP__LISTEN", "nowhere")]).contains("http.listen"), "{}", wrong(&[("VIGIA_HTTP__LISTEN", "nowhere")]));
        assert!(wrong(&[("VIGIA_HTTP__LISTN", "127.0.0.1:1")]).contains("listn"));
        let open = wrong(&[("VIGIA_HTTP__LISTEN", "0.0.0.0:3000")]);
        assert!(open.starts_with("http.listen:") && open.contains("behind_proxy") && open.contains("plaintext"), "{open}");
        assert!(wrong(&[("VIGIA_MQTT__BROKER", "tcp://elsewhere")]).starts_with("mqtt.broker:"));
        assert!(wrong(&[("VIGIA_TELEMETRY__ENGINE", "rrd")]).starts_with("telemetry.engine:"));
        assert!(wrong(&[("VIGIA_TELEMETRY__SEAL_READINGS", "0")]).starts_with("telemetry.seal_readings:"));
        assert!(wrong(&[("VIGIA_DATABASE__URL", "mysql://x")]).starts_with("database.url:"));
        assert!(wrong(&[("VIGIA_SIGN_IN__TRIES", "0")]).starts_with("sign_in.tries:"));
        assert!(wrong(&[("VIGIA_LIMITS__PER_KEY", "0")]).starts_with("limits.per_key:"));
        assert!(wrong(&[("VIGIA_LIMITS__PER_ADDRESS", "2000000")]).starts_with("limits.per_address:"));
        let mail = [("VIGIA_MAIL__SMTP", "smtps://u:p@mail.example.org"), ("VIGIA_MAIL__FROM", "vigia@example.org")];
        assert!(wrong(&mail).starts_with("http.public_url:"), "{}", wrong(&mail));
        assert!(wrong(&[("VIGIA_HTTP__CORS", "*")]).starts_with("http.cors:"));
        assert!(wrong(&[("VIGIA_HTTP__PUBLIC_URL", "ftp://x")]).starts_with("http.public_url:"));
        for contact in ["security@example.org", "mailto:", "http://example.org", "https://", "mailto:a@b.org\nExpires: never"] {
            let line = wrong(&[("VIGIA_HTTP__SECURITY_CONTACT", contact)]);
            assert!(line.starts_with("http.security_contact:") && line.contains("mailto:security@example.org"), "{line}");
        }
    }

    #[test]
    fn a_wrong_word_or_address_is_named_with_what_may_be_written() {
        let wrong = |key: &str, text: &str| with(&[(key, text)]).expect_err("refused");
        for (variable, text, key, fix) in [
            ("VIGIA_LOG__FORMAT", "xml", "log.format", "\"text\" or \"json\""),
            ("VIGIA_MQTT__PLAINTEXT", "all", "mqtt.plaintext", "\"private\""),
            ("VIGIA_HTTP__PLAINTEXT", "all", "http.plaintext", "\"private\""),
            ("VIGIA_HTTP__LISTEN", "localhost:3000", "http.listen", "127.0.0.1:3000"),
            ("VIGIA_MQTT__LISTEN", "1883", "mqtt.listen", "\"127.0.0.1:3000\""),
            ("VIGIA_HTTP__BEHIND_PROXY", "maybe", "http.behind_proxy", "true or false"),
            ("VIGIA_SIGN_IN__TRIES", "many", "sign_in.tries", "a whole number"),
            ("VIGIA_SIGN_IN__TRIES", "-1", "sign_in.tries", "a whole number"),
            ("VIGIA_FOO__BAR", "1", "foo.bar", "the sections are accounts, data, database, http, ingest, limits, log, mail, mqtt, oidc"),
            ("VIGIA_LOG__COLOUR", "1", "log.colour", "log has filter, format"),
            ("VIGIA_HTTP__TLS__CERTIFICATE", "cert.pem", "http.tls", "tls.certificate and tls.key"),
        ] {
            let line = wrong(variable, text);
            assert!(line.starts_with(&format!("{key}: ")) && line.contains(fix) && !line.contains('\n'), "{line}");
            assert!(line.contains(variable) || key == "http.tls", "where it came from: {line}");
        }
    }

    #[test]
    fn what_is_wrong_in_the_file_is_said_of_the_file() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        for (text, key) in [("[http]\nlistn = 1", "http.listn: "), ("[log]\nformat = \"xml\"", "log.format: "), ("http = 3", "http: ")] {
            std::fs::write(file.path(), text).expect("written");
            let line = Settings::load(Some(file.path()), []).expect_err("refused").to_string();
            assert!(line.starts_with(key) && line.contains(&file.path().display().to_string()), "{line}");
        }
        std::fs::write(file.path(), "[http\nlisten").expect("written");
        let line = Settings::load(Some(file.path()), []).expect_err("refused").to_string();
        assert!(line.starts_with(&file.path().display().to_string()) && line.contains("line 1") && !line.contains('\n'), "{line}");
    }

    #[test]
    fn a_text_that_looks_like_a_number_stays_a_text() {
        for text in ["007", "1e3", "+5", "true", "nan", "a,b"] {
            assert_eq!(with(&[("VIGIA_DATA__DIR", text)]).expect("a folder's name").data.dir, PathBuf::from(text));
        }
        let typed = with(&[("VIGIA_HTTP__BEHIND_PROXY", "true"), ("VIGIA_SIGN_IN__TRIES", "7")]).expect("typed fields read texts");
        assert!(typed.http.behind_proxy && typed.sign_in.tries == 7);
    }

    #[test]
    fn the_home_lan_is_allowed_by_name() {
        let settings = with(&[("VIGIA_MQTT__LISTEN", "0.0.0.0:1883"), ("VIGIA_MQTT__PLAINTEXT", "private")]).expect("allowed");
        let guard = settings.mqtt.guard();
        assert!(guard.admits("192.168.1.7".parse().expect("an address")));
        assert!(guard.admits("fe80::1".parse().expect("an address")));
        assert!(guard.admits("127.0.0.1".parse().expect("an address")));
        assert!(!guard.admits("203.0.113.9".parse().expect("an address")));
        assert!(!guard.admits("2001:db8::1".parse().expect("an address")));
    }

    #[test]
    fn a_listener_with_a_certificate_may_be_open_to_the_world() {
        let tls = [("VIGIA_HTTP__TLS__CERTIFICATE", "/etc/vigia/cert.pem"), ("VIGIA_HTTP__TLS__KEY", "/etc/vigia/key.pem")];
        let open = [tls[0], tls[1], ("VIGIA_HTTP__LISTEN", "0.0.0.0:443")];
        let settings = with(&open).expect("allowed");
        assert!(settings.http.is_secure() && settings.http.guard() == Guard::Anyone);
        assert!(settings.to_toml().contains("tls.key = \"/etc/vigia/key.pem\""), "{}", settings.to_toml());
        let half = with(&tls[..1]).expect_err("refused");
        assert!(half.contains("key"), "{half}");
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), settings.to_toml()).expect("written");
        assert_eq!(Settings::load(Some(file.path()), []).expect("what is printed loads").http.tls, settings.http.tls);
    }

    #[test]
    fn both_doors_of_the_broker_are_protected_or_refused() {
        let web = ("VIGIA_MQTT__WEBSOCKET_LISTEN", "0.0.0.0:8083");
        let line = with(&[web]).expect_err("refused");
        assert!(line.starts_with("mqtt.websocket_listen: ") && line.contains("tls.certificate"), "{line}");
        assert!(with(&[web, ("VIGIA_MQTT__PLAINTEXT", "private")]).is_ok());
        assert_eq!(with(&[]).expect("defaults").mqtt.websocket_listen, None);
        let tls = [("VIGIA_MQTT__TLS__CERTIFICATE", "cert.pem"), ("VIGIA_MQTT__TLS__KEY", "key.pem")];
        let settings = with(&[tls[0], tls[1], web, ("VIGIA_MQTT__LISTEN", "0.0.0.0:8883")]).expect("allowed");
        assert!(settings.mqtt.scheme() == "mqtts" && settings.to_toml().contains("websocket_listen = \"0.0.0.0:8083\""));
        let both = with(&[tls[0], tls[1], ("VIGIA_MQTT__PLAINTEXT", "private")]).expect_err("refused");
        assert!(both.starts_with("mqtt.plaintext: "), "{both}");
    }

    #[test]
    fn a_password_in_the_database_address_is_never_printed() {
        let settings = with(&[("VIGIA_DATABASE__URL", "postgres://vigia:hunter2@db.example/vigia")]).expect("good");
        assert!(!settings.to_toml().contains("hunter2"), "{}", settings.to_toml());
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert!(settings.to_toml().contains("db.example"));
    }

    #[test]
    fn a_password_of_the_broker_is_never_printed() {
        let inside = with(&[("VIGIA_MQTT__BROKER", "mqtts://vigia:hunter2@broker.example")]).expect("good");
        let beside =
            with(&[("VIGIA_MQTT__BROKER", "mqtts://broker.example"), ("VIGIA_MQTT__USER", "vigia"), ("VIGIA_MQTT__PASSWORD", "hunter2")]);
        let beside = beside.expect("good");
        for settings in [&inside, &beside] {
            let broker = settings.mqtt.external().expect("external");
            assert_eq!((broker.user.as_deref(), broker.password.as_ref().map(Secret::expose)), (Some("vigia"), Some("hunter2")));
            assert_eq!((broker.host.as_str(), broker.port, broker.tls), ("broker.example", 8883, true));
            assert!(!settings.to_toml().contains("hunter2") && settings.to_toml().contains("broker.example"), "{}", settings.to_toml());
            assert!(!format!("{settings:?} {broker:?}").contains("hunter2"));
        }
        assert!(inside.for_demo().mqtt.external().is_none());
    }

    #[test]
    fn an_external_broker_is_described_wholly_or_not_at_all() {
        let wrong = |key: &str, text: &str| with(&[("VIGIA_MQTT__BROKER", "mqtt://b"), (key, text)]).expect_err("refused");
        assert!(wrong("VIGIA_MQTT__PROTOCOL", "4").contains("\"5\" or \"3.1.1\""));
        assert!(wrong("VIGIA_MQTT__GROUP", "a/b").starts_with("mqtt.group:"));
        assert!(wrong("VIGIA_MQTT__CLIENT_ID", "").starts_with("mqtt.client_id:"));
        assert!(wrong("VIGIA_MQTT__DYNAMIC_SECURITY", "true").starts_with("mqtt.dynamic_security:"));
        assert!(wrong("VIGIA_MQTT__CA_FILE", "ca.pem").starts_with("mqtt.ca_file:"));
    }

    #[test]
    fn routes_and_limits_are_read_checked_and_printed_as_they_were_written() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let load = |text: &str| {
            std::fs::write(file.path(), text).expect("written");
            Settings::load(Some(file.path()), []).map_err(|e| e.to_string())
        };
        let good = "[[mqtt.routes]]\ntopic = \"plant/{device}/data\"\ndecoder = \"native\"\n[[mqtt.routes]]\ntopic = \"well\"\ndecoder = \"tasmota\"\ndevice = \"well-1\"\n
            [[ingest.limits]]\nmetric = \"voltage_v\"\nkind = \"energy_meter\"\nleast = 90\nmost = 150.5\n";
        let settings = load(good).expect("good");
        assert_eq!((settings.mqtt.routes.len(), settings.ingest.limits[0].most), (2, Some(150.5)));
        let again = load(&settings.to_toml()).expect("what is printed loads");
        assert_eq!((again.mqtt.routes, again.ingest.limits), (settings.mqtt.routes, settings.ingest.limits));
        for (text, key, fix) in [
            ("[[mqtt.routes]]\ntopic = \"plant/data\"\ndecoder = \"native\"", "mqtt.routes: ", "a device of its own"),
            ("[[mqtt.routes]]\ntopic = \"vigia/{device}/x\"\ndecoder = \"native\"", "mqtt.routes: ", "not for routes"),
            ("[[mqtt.routes]]\ntopic = \"a/{device}\"\ndecoder = \"esphome\"", "mqtt.routes", "esphome"),
            ("[[mqtt.routes]]\ntopic = \"well\"\ndecoder = \"native\"\ndevice = \"a/b\"", "mqtt.routes", "a device id holds only"),
            ("[[ingest.limits]]\nmetric = \"voltage_v\"", "ingest.limits: ", "change_per_s"),
            ("[[ingest.limits]]\nmetric = \"voltage_v\"\nleast = 5\nmost = 1", "ingest.limits: ", "least"),
            ("[[ingest.limits]]\nmetric = \"temperature_c\"\nleast = 3000", "ingest.limits: ", "known of the quantity"),
            ("[[ingest.limits]]\nmetric = \"a b\"\nleast = 5", "ingest.limits: ", "voltage_v"),
            ("[[ingest.limits]]\nmetric = \"x\"\nhighest = 5", "ingest.limits", "highest"),
        ] {
            let line = load(text).expect_err("refused");
            assert!(line.starts_with(key) && line.contains(fix) && !line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn the_printed_defaults_are_settings_that_load() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), Settings::default().to_toml()).expect("written");
        Settings::load(Some(file.path()), []).expect("the defaults load");
    }
}
