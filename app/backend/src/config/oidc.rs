//! `[oidc.<name>]`: providers of OpenID Connect, by which people sign in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use axum::http::Uri;
use serde::Deserialize;

use super::{BadSetting, Entry, Http, Secret, quoted};

/// The keys of a provider, for who looks for one that does not exist.
pub(super) const KEYS: [&str; 5] = ["issuer", "client_id", "client_secret", "label", "scopes"];
/// What stands in the printed settings where there is no provider.
pub(super) const EXAMPLE: &str = "# A provider of OpenID Connect by which people sign in, with a name of your own; as many as you like.\n\
    # They need http.public_url.\n\
    # In the environment: VIGIA_OIDC__GOOGLE__CLIENT_SECRET and so on.\n\
    # [oidc.google]\n\
    # issuer = \"https://accounts.google.com\"\n\
    # client_id =\n\
    # client_secret =\n\
    # label = \"Google\"\n\
    # scopes = \"openid email profile\"\n";
/// The longest name, which stands in addresses, and the longest label, in characters.
const LONGEST_NAME: usize = 32;
const LONGEST_LABEL: usize = 40;

/// The providers by name.
pub type Oidc = BTreeMap<String, OidcProvider>;

/// A provider of OpenID Connect, and what it knows us by.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OidcProvider {
    /// Its address, under which its own description is found; exactly as it writes it.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// The password that it gave us; none for a client that cannot keep one.
    pub client_secret: Option<Secret>,
    /// What stands on the button; the name without it.
    pub label: Option<String>,
    /// What we ask for, with blanks between.
    pub scopes: String,
}

impl Default for OidcProvider {
    fn default() -> Self {
        let scopes = "openid email profile".to_owned();
        Self { issuer: String::new(), client_id: String::new(), client_secret: None, label: None, scopes }
    }
}

impl OidcProvider {
    /// What people know it by.
    #[must_use]
    pub fn label<'a>(&'a self, name: &'a str) -> &'a str {
        self.label.as_deref().unwrap_or(name)
    }

    fn problem(&self) -> Option<(&'static str, String)> {
        if !is_issuer(&self.issuer) {
            let problem = format!("{:?} is no address of a provider; write it like \"https://accounts.google.com\"", self.issuer);
            return Some(("issuer", problem));
        }
        if self.client_id.trim().is_empty() {
            return Some(("client_id", "the provider does not know whom it speaks to; write the client id that it gave you".to_owned()));
        }
        if self.client_secret.as_ref().is_some_and(|secret| secret.expose().is_empty()) {
            return Some((
                "client_secret",
                "it is empty; write what the provider gave you, or leave it out for a public client".to_owned(),
            ));
        }
        let label = self.label.as_deref();
        if label.is_some_and(|label| label.trim().is_empty() || label.chars().count() > LONGEST_LABEL || label.contains(char::is_control)) {
            return Some(("label", format!("nobody could read that on a button; write 1 to {LONGEST_LABEL} characters")));
        }
        let scopes: Vec<_> = self.scopes.split_whitespace().collect();
        let is_scope = |scope: &&str| scope.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
        if !scopes.contains(&"openid") || !scopes.contains(&"email") || !scopes.iter().all(is_scope) {
            let problem = format!("{:?} does not ask who somebody is; write \"openid email profile\"", self.scopes);
            return Some(("scopes", problem));
        }
        None
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        vec![
            Entry {
                key: "issuer",
                value: Some(quoted(&self.issuer)),
                doc: "The provider's address, exactly as it writes it: \"https://accounts.google.com\".",
            },
            Entry { key: "client_id", value: Some(quoted(&self.client_id)), doc: "What the provider calls this installation." },
            Entry {
                key: "client_secret",
                value: self.client_secret.as_ref().map(|_| quoted("***")),
                doc: "The password that the provider gave it; left out for a public client.",
            },
            Entry {
                key: "label",
                value: self.label.as_deref().map(quoted),
                doc: "What people read on the button; the section's name without it.",
            },
            Entry { key: "scopes", value: Some(quoted(&self.scopes)), doc: "What is asked for, with blanks between." },
        ]
    }
}

/// A name stands in addresses.
pub(super) fn check_names(names: &BTreeSet<String>) -> Result<(), BadSetting> {
    let of_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    let is_name = |name: &String| !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(of_name);
    let Some(name) = names.iter().find(|name| !is_name(name)) else { return Ok(()) };
    let problem = format!("a provider is called by 1 to {LONGEST_NAME} of a-z, 0-9, - and _; write [oidc.google]");
    Err(BadSetting::Shape { place: format!("oidc.{name}"), problem })
}

/// Keys, and the address that providers lead people back to.
pub(super) fn check(providers: &Oidc, http: &Http) -> Result<(), BadSetting> {
    for (name, provider) in providers {
        if let Some((key, problem)) = provider.problem() {
            return Err(BadSetting::Shape { place: format!("oidc.{name}.{key}"), problem });
        }
    }
    match providers.keys().next() {
        Some(name) if http.public_url.is_none() => Err(BadSetting::Value {
            key: "http.public_url",
            problem: format!("oidc.{name} would not know where to lead people back to"),
            fix: "write the address that people type, like \"https://vigia.example.org\"".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// TLS, or this machine; nothing that its description could not be found under.
fn is_issuer(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let is_safe = match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_here,
        _ => false,
    };
    is_safe && uri.query().is_none() && !text.contains(['#', '@'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    const GOOGLE: [(&str, &str); 3] = [
        ("VIGIA_HTTP__PUBLIC_URL", "https://vigia.example.org"),
        ("VIGIA_OIDC__GOOGLE__ISSUER", "https://accounts.google.com"),
        ("VIGIA_OIDC__GOOGLE__CLIENT_ID", "abc.apps.googleusercontent.com"),
    ];

    fn with(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        let empty = tempfile::NamedTempFile::new().expect("a temporary file");
        let environment = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Settings::load(Some(empty.path()), environment).map_err(|e| e.to_string())
    }

    #[test]
    fn providers_are_read_from_the_environment_and_the_secret_is_never_printed() {
        let settings = with(&[GOOGLE.as_slice(), &[("VIGIA_OIDC__GOOGLE__CLIENT_SECRET", "hunter2")]].concat()).expect("good");
        let google = &settings.oidc["google"];
        assert_eq!((google.label("google"), google.scopes.as_str()), ("google", "openid email profile"));
        assert_eq!(google.client_secret.as_ref().map(Secret::expose), Some("hunter2"));
        let shown = settings.to_toml();
        assert!(shown.contains("[oidc.google]") && shown.contains("client_secret = \"***\""), "{shown}");
        assert!(!shown.contains("hunter2") && !format!("{settings:?}").contains("hunter2"));
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), shown).expect("written");
        assert_eq!(Settings::load(Some(file.path()), []).expect("what is printed loads").oidc.len(), 1);
    }

    #[test]
    fn two_providers_stand_beside_each_other_in_the_file() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let text = "[http]\npublic_url = \"https://v.example\"\n[oidc.google]\nissuer = \"https://accounts.google.com\"\nclient_id = \"a\"\n\
                    label = \"Google\"\n[oidc.own-idp]\nissuer = \"http://127.0.0.1:8080/realms/x\"\nclient_id = \"b\"\n";
        std::fs::write(file.path(), text).expect("written");
        let settings = Settings::load(Some(file.path()), []).expect("good");
        let labels: Vec<_> = settings.oidc.iter().map(|(name, provider)| provider.label(name)).collect();
        assert_eq!(labels, ["Google", "own-idp"]);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_key_with_the_fix() {
        let wrong = |pairs: &[(&str, &str)]| with(&[GOOGLE.as_slice(), pairs].concat()).expect_err("refused");
        for (pair, key, fix) in [
            (("VIGIA_OIDC__GOOGLE__ISSUER", "accounts.google.com"), "oidc.google.issuer", "https://"),
            (("VIGIA_OIDC__GOOGLE__ISSUER", "http://accounts.google.com"), "oidc.google.issuer", "https://"),
            (("VIGIA_OIDC__GOOGLE__ISSUER", "https://a@b.example"), "oidc.google.issuer", "https://"),
            (("VIGIA_OIDC__GOOGLE__CLIENT_ID", " "), "oidc.google.client_id", "gave you"),
            (("VIGIA_OIDC__GOOGLE__CLIENT_SECRET", ""), "oidc.google.client_secret", "public client"),
            (("VIGIA_OIDC__GOOGLE__LABEL", ""), "oidc.google.label", "1 to 40"),
            (("VIGIA_OIDC__GOOGLE__SCOPES", "openid profile"), "oidc.google.scopes", "openid email profile"),
            (("VIGIA_OIDC__GOOGLE__SECRET", "x"), "oidc.google.secret", "client_secret"),
            (("VIGIA_OIDC__ISSUER", "https://x.example"), "oidc.issuer", "google.issuer"),
            (("VIGIA_OIDC__A%B__ISSUER", "https://x.example"), "oidc.a%b", "a-z"),
        ] {
            let line = wrong(&[pair]);
            assert!(line.starts_with(&format!("{key}: ")) && line.contains(fix) && !line.contains('\n'), "{line}");
        }
        let line = with(&GOOGLE[1..]).expect_err("refused");
        assert!(line.starts_with("http.public_url: ") && line.contains("oidc.google"), "{line}");
        let alone = with(&[GOOGLE[0], ("VIGIA_OIDC__X__CLIENT_ID", "a")]).expect_err("refused");
        assert!(alone.starts_with("oidc.x.issuer: "), "{alone}");
    }
}
