//! The broker of somebody else: where it is and how we sign in there.

use std::path::PathBuf;

use serde::Deserialize;

use super::{BadSetting, Secret};

/// Which version of MQTT we speak with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Protocol {
    /// Version 5: it can say how much may be under way, and why something was refused.
    #[default]
    V5,
    /// Version 3.1.1, for brokers that know no other.
    V311,
}

impl TryFrom<String> for Protocol {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "5" => Ok(Self::V5),
            "3.1.1" => Ok(Self::V311),
            _ => Err(format!("{text:?} is no version that we speak; write \"5\" or \"3.1.1\"")),
        }
    }
}

impl Protocol {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::V5 => "5",
            Self::V311 => "3.1.1",
        }
    }
}

/// An external broker as the settings describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// The authorities that may sign its certificate, PEM; the machine's own when not given.
    pub ca_file: Option<PathBuf>,
    /// Our user name there.
    pub user: Option<String>,
    /// Our password there.
    pub password: Option<Secret>,
    /// The version of MQTT.
    pub protocol: Protocol,
    /// Our client id; made once and kept in the data folder when not given.
    pub client_id: Option<String>,
    /// The name under which several processes share the messages.
    pub group: Option<String>,
    /// Whether credentials and rights of devices are made by us, in Mosquitto's dynamic security plugin.
    pub dynamic_security: bool,
}

/// Host, port, TLS, user and password of `mqtt://user:password@host:port`.
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
}

/// Reads an address. Nothing of it stands in the error, because it may hold a password.
pub(super) fn address(url: &str) -> Result<Address, BadSetting> {
    let bad = |problem: &str| BadSetting::Value {
        key: "mqtt.broker",
        problem: problem.to_owned(),
        fix:
            "write \"embedded\", \"mqtt://host:1883\" or \"mqtts://host:8883\"; user and password may stand in mqtt.user and mqtt.password"
                .to_owned(),
    };
    let (tls, rest) = match url.split_once("://") {
        Some(("mqtt", rest)) => (false, rest),
        Some(("mqtts", rest)) => (true, rest),
        _ => return Err(bad("it is neither \"embedded\" nor the address of a broker")),
    };
    let (login, place) = rest.rsplit_once('@').map_or((None, rest), |(login, place)| (Some(login), place));
    let place = place.strip_suffix('/').unwrap_or(place);
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or_else(|| bad("the bracket of its address does not close"))?,
        None => place.find(':').map_or((place, ""), |colon| place.split_at(colon)),
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => Some(if tls { 8883 } else { 1883 }),
        Some(digits) => digits.parse().ok().filter(|port| *port != 0),
        None => None,
    };
    let port = port.ok_or_else(|| bad("its port is no number from 1 to 65535"))?;
    if host.is_empty() || host.contains(['/', '?', '#', ' ']) {
        return Err(bad("it names no host, or something behind it"));
    }
    let (user, password) = match login.map(|login| login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)))) {
        None => (None, None),
        Some((user, password)) => (Some(user), password),
    };
    let plain = |text: &str| unescaped(text).ok_or_else(|| bad("a % in its user or password is not followed by two hexadecimal digits"));
    Ok(Address { host: host.to_owned(), port, tls, user: user.map(plain).transpose()?, password: password.map(plain).transpose()? })
}

/// `%40` is `@`: what may not stand in an address by itself.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_parts() {
        let whole = address("mqtts://vig%C3%ADa:p%40ss%3Aword@broker.example:8884").expect("good");
        assert_eq!((whole.host.as_str(), whole.port, whole.tls), ("broker.example", 8884, true));
        assert_eq!((whole.user.as_deref(), whole.password.as_deref()), (Some("vigía"), Some("p@ss:word")));
        let short = address("mqtt://10.0.0.5").expect("good");
        assert_eq!((short.host.as_str(), short.port, short.user), ("10.0.0.5", 1883, None));
        let six = address("mqtt://[fd00::7]:1884/").expect("good");
        assert_eq!((six.host.as_str(), six.port), ("fd00::7", 1884));
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_its_password() {
        for url in [
            "http://u:hunter2@h",
            "mqtt://",
            "mqtt://u:hunter2@:1883",
            "mqtt://u:hunter2@h:0",
            "mqtt://u:hunter2@h:port",
            "mqtt://u:hunter2%zz@h",
            "mqtt://[::1",
        ] {
            let line = address(url).err().expect("refused").to_string();
            assert!(line.starts_with("mqtt.broker: ") && !line.contains("hunter2"), "{line}");
        }
    }
}
