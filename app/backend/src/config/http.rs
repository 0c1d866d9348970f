//! `[http]`

use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;
use webauthn_rs::prelude::Url;

use super::listen::{self, Guard, Plaintext};
use super::{BadSetting, Entry, Tls, quoted, tls};

/// The web server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port.
    #[serde(deserialize_with = "listen::address")]
    pub listen: SocketAddr,
    /// The address that people type, for links; without it the listening address.
    pub public_url: Option<String>,
    /// Origins whose scripts may call the HTTP interface.
    pub cors: Vec<String>,
    /// The listener speaks TLS itself.
    pub tls: Option<Tls>,
    /// A proxy in front speaks TLS and sets `X-Forwarded-For`.
    pub behind_proxy: bool,
    /// Plaintext beyond loopback.
    pub plaintext: Option<Plaintext>,
    /// Whom to tell of a hole in the installation's security: `mailto:` or `https:`.
    pub security_contact: Option<String>,
    /// The page of all parts is there, at `/_design`.
    pub design: bool,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 3000).into(),
            public_url: None,
            cors: Vec::new(),
            tls: None,
            behind_proxy: false,
            plaintext: None,
            security_contact: None,
            design: false,
        }
    }
}

impl Http {
    pub(super) fn check(&self) -> Result<(), BadSetting> {
        let protected = self.tls.is_some() || self.behind_proxy || self.plaintext.is_some();
        listen::check("http.listen", self.listen, protected, "give tls.certificate and tls.key, or ")?;
        if self.tls.is_some() && self.plaintext.is_some() {
            return Err(BadSetting::Value {
                key: "http.plaintext",
                problem: "the listener speaks TLS".to_owned(),
                fix: "leave out plaintext, or tls".to_owned(),
            });
        }
        if let Some(url) = &self.public_url
            && !is_origin(url.trim_end_matches('/'))
        {
            return Err(BadSetting::Value {
                key: "http.public_url",
                problem: format!("{url:?} is no web address without a path"),
                fix: "write it like \"https://vigia.example.org\"".to_owned(),
            });
        }
        if let Some(contact) = &self.security_contact
            && !is_contact(contact)
        {
            return Err(BadSetting::Value {
                key: "http.security_contact",
                problem: format!("{contact:?} is nowhere to write to"),
                fix: "write it like \"mailto:security@example.org\" or \"https://example.org/security\"".to_owned(),
            });
        }
        if let Some(origin) = self.cors.iter().find(|origin| !is_origin(origin)) {
            return Err(BadSetting::Value {
                key: "http.cors",
                problem: format!("{origin:?} is no origin"),
                fix: "list origins like \"https://app.example.org\", without a path; * is not allowed".to_owned(),
            });
        }
        Ok(())
    }

    /// Which peers are served.
    #[must_use]
    pub fn guard(&self) -> Guard {
        listen::guard(self.plaintext)
    }

    /// The address that links begin with: the public one, else one of the listener at `bound`.
    #[must_use]
    pub fn base_url(&self, bound: SocketAddr) -> String {
        let own = || format!("{}://{}", self.scheme(), listen::to_type(bound));
        self.public_url.as_ref().map_or_else(own, |url| url.trim_end_matches('/').to_owned())
    }

    /// The origin that passkeys belong to, as a browser writes it: that of the public address, else the loopback name of a listener at
    /// `bound` that listens there. `None`: browsers keep passkeys for names reached over TLS, and for this machine's own.
    #[must_use]
    pub fn passkey_origin(&self, bound: SocketAddr) -> Option<String> {
        let own = || bound.ip().is_loopback().then(|| format!("{}://localhost:{}", self.scheme(), bound.port()));
        let url = Url::parse(&self.public_url.clone().or_else(own)?).ok()?;
        let is_kept = url.domain().is_some_and(|name| url.scheme() == "https" || name == "localhost" || name.ends_with(".localhost"));
        is_kept.then(|| url.origin().ascii_serialization())
    }

    /// What the listener speaks.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Whether browsers reach us over TLS, so that cookies may insist on it.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        // A proxy in front speaks TLS, as its setting says; a public address says it better.
        self.tls.is_some() || self.public_url.as_deref().map_or(self.behind_proxy, |url| url.starts_with("https://"))
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut entries = vec![
            Entry {
                key: "listen",
                value: Some(quoted(&self.listen.to_string())),
                doc: "Address and port. Beyond loopback it needs tls, behind_proxy or plaintext.",
            },
            Entry {
                key: "public_url",
                value: self.public_url.as_deref().map(quoted),
                doc: "The address that people type, for links and cookies: \"https://vigia.example.org\".",
            },
            Entry {
                key: "cors",
                value: Some(format!("[{}]", self.cors.iter().map(|o| quoted(o)).collect::<Vec<_>>().join(", "))),
                doc: "Origins whose scripts may call the HTTP interface; none by default.",
            },
            Entry {
                key: "behind_proxy",
                value: Some(self.behind_proxy.to_string()),
                doc: "true: a proxy in front speaks TLS and sets X-Forwarded-For.",
            },
            Entry {
                key: "plaintext",
                value: self.plaintext.map(|_| quoted("private")),
                doc: "\"private\": no TLS, but only peers with private addresses are served.",
            },
            Entry {
                key: "security_contact",
                value: self.security_contact.as_deref().map(quoted),
                doc: "Whom to tell of a hole in this installation's security, for /.well-known/security.txt:\n\
                      \"mailto:security@example.org\" or an address that begins with https://.",
            },
            Entry {
                key: "design",
                value: Some(self.design.to_string()),
                doc: "true: /_design shows every part of the pages in every state, for who works on them.",
            },
        ];
        entries.extend(tls::entries(self.tls.as_ref(), tls::HTTP));
        entries
    }
}

/// `https://host` or `https://host:port`, nothing behind it.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<axum::http::Uri>() else { return false };
    matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some_and(|h| !h.is_empty() && h != "*")
        && uri.authority().is_some_and(|a| !a.as_str().contains('@') && text.ends_with(a.as_str()))
}

/// An address to write a mail to, or a page; in one line, as the file has it.
fn is_contact(text: &str) -> bool {
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return false;
    }
    match text.split_once(':') {
        Some(("mailto", address)) => address.parse::<lettre::Address>().is_ok(),
        Some(("https", _)) => text.parse::<axum::http::Uri>().is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty())),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_belong_to_a_name_over_tls_or_to_this_machine() {
        let of = |public_url: Option<&str>, bound: &str| {
            let http = Http { public_url: public_url.map(str::to_owned), ..Http::default() };
            http.passkey_origin(bound.parse().expect("an address"))
        };
        for (public_url, bound, origin) in [
            (None, "127.0.0.1:3000", Some("http://localhost:3000")),
            (None, "[::1]:3000", Some("http://localhost:3000")),
            (None, "0.0.0.0:3000", None),
            (None, "192.168.1.5:3000", None),
            (Some("https://Vigia.example.org/"), "127.0.0.1:3000", Some("https://vigia.example.org")),
            (Some("https://vigia.example.org:443"), "0.0.0.0:3000", Some("https://vigia.example.org")),
            (Some("https://vigia.example.org:8443"), "0.0.0.0:3000", Some("https://vigia.example.org:8443")),
            (Some("https://vigía.example"), "0.0.0.0:3000", Some("https://xn--viga-xpa.example")),
            (Some("http://localhost:3000"), "0.0.0.0:3000", Some("http://localhost:3000")),
            (Some("http://vigia.local"), "127.0.0.1:3000", None),
            (Some("https://192.168.1.5"), "127.0.0.1:3000", None),
            (Some("https://[::1]:3000"), "127.0.0.1:3000", None),
        ] {
            assert_eq!(of(public_url, bound).as_deref(), origin, "{public_url:?} {bound}");
        }
    }
}
