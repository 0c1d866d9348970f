//! `[mail]`

use std::net::IpAddr;

use axum::http::Uri;
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use serde::Deserialize;

use super::{BadSetting, Entry, Secret, quoted};

/// How mails leave. Without `smtp` and `brevo` they are written into the folder `mail` of the data folder, so that a fresh machine works.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// Who writes: `Vigía <vigia@example.org>`.
    pub from: Option<String>,
    /// `smtps://user:password@host`, or `smtp://` for STARTTLS.
    pub smtp: Option<Secret>,
    /// A key of Brevo's API.
    pub brevo: Option<Secret>,
    /// Where that API is.
    pub brevo_url: String,
}

/// Brevo's own address for mails of this kind.
const BREVO: &str = "https://api.brevo.com/v3/smtp/email";

impl Default for Mail {
    fn default() -> Self {
        Self { from: None, smtp: None, brevo: None, brevo_url: BREVO.to_owned() }
    }
}

/// Who writes mails that only go into a folder.
const NOBODY: &str = "Vigía <vigia@localhost>";

impl Mail {
    pub(super) fn check(&self) -> Result<(), BadSetting> {
        if let Some(from) = &self.from
            && from.parse::<Mailbox>().is_err()
        {
            return Err(BadSetting::Value {
                key: "mail.from",
                problem: format!("{from:?} is no address that a mail can come from"),
                fix: "write it like \"Vigía <vigia@example.org>\"".to_owned(),
            });
        }
        if self.smtp.is_some() && self.brevo.is_some() {
            return Err(BadSetting::Value {
                key: "mail.brevo",
                problem: "mails leave in one way, and there is a mail server, too".to_owned(),
                fix: "leave out mail.smtp or mail.brevo".to_owned(),
            });
        }
        self.check_brevo()?;
        if self.smtp.as_ref().is_some_and(|url| server(url.expose()).is_none()) {
            return Err(BadSetting::Value {
                key: "mail.smtp",
                problem: "it is no address of a mail server".to_owned(),
                fix: "write \"smtps://user:password@host\", or \"smtp://user:password@host:587\" for STARTTLS, what is odd in a password \
                      as %-codes, and nothing behind the host"
                    .to_owned(),
            });
        }
        if self.leaves() && self.from.is_none() {
            return Err(BadSetting::Value {
                key: "mail.from",
                problem: "mails would come from nobody".to_owned(),
                fix: "write an address that the mail server or Brevo may send for, like \"Vigía <vigia@example.org>\"".to_owned(),
            });
        }
        Ok(())
    }

    fn check_brevo(&self) -> Result<(), BadSetting> {
        if self.brevo.as_ref().is_some_and(|key| key.expose().is_empty() || !key.expose().bytes().all(|b| b.is_ascii_graphic())) {
            return Err(BadSetting::Value {
                key: "mail.brevo",
                problem: "it is no key".to_owned(),
                fix: "write the API key that Brevo shows, which begins with xkeysib-".to_owned(),
            });
        }
        let url = self.brevo_url.parse::<Uri>().ok();
        let scheme = url.as_ref().and_then(Uri::scheme_str);
        // The key travels in a header: without TLS on this machine alone, as to a mail server.
        let is_safe = scheme == Some("https") || (scheme == Some("http") && url.as_ref().and_then(Uri::host).is_some_and(is_here));
        if !is_safe {
            return Err(BadSetting::Value {
                key: "mail.brevo_url",
                problem: "it is no address with https://".to_owned(),
                fix: format!("leave it out: it is {BREVO}"),
            });
        }
        Ok(())
    }

    /// Whether mails leave this machine.
    #[must_use]
    pub fn leaves(&self) -> bool {
        self.smtp.is_some() || self.brevo.is_some()
    }

    /// Who writes.
    #[must_use]
    pub fn sender(&self) -> Mailbox {
        self.from.as_deref().unwrap_or(NOBODY).parse().expect("checked when the settings were read")
    }

    /// The mail server's address as its client wants it, if there is one. Beyond this machine nothing travels without TLS.
    #[must_use]
    pub fn server(&self) -> Option<Secret> {
        self.smtp.as_ref().and_then(|url| server(url.expose()))
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        vec![
            Entry { key: "from", value: self.from.as_deref().map(quoted), doc: "Who writes mails: \"Vigía <vigia@example.org>\"." },
            Entry {
                key: "smtp",
                value: self.smtp.as_ref().map(|url| quoted(&url.redacted_url())),
                doc: "The mail server: \"smtps://user:password@host\", or \"smtp://user:password@host:587\" for STARTTLS.\n\
                      Without one, and without brevo, mails are written into the folder mail of the data folder.",
            },
            Entry {
                key: "brevo",
                value: self.brevo.as_ref().map(|_| quoted("***")),
                doc: "A key of Brevo's API, by which mails leave in place of a mail server.",
            },
            Entry { key: "brevo_url", value: Some(quoted(&self.brevo_url)), doc: "Where that API is." },
        ]
    }
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn server(url: &str) -> Option<Secret> {
    let uri: Uri = url.parse().ok()?;
    let host = uri.host().filter(|host| !host.is_empty())?;
    if uri.query().is_some() || !matches!(uri.path(), "" | "/") {
        return None;
    }
    let url = url.trim_end_matches('/');
    let url = match uri.scheme_str()? {
        "smtps" => url.to_owned(),
        "smtp" if is_here(host) => url.to_owned(),
        "smtp" => format!("{url}?tls=required"),
        _ => return None,
    };
    // What its client cannot read is no address either: a password that is no text, for one.
    AsyncSmtpTransport::<Tokio1Executor>::from_url(&url).ok()?;
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_travels_without_tls_beyond_this_machine() {
        let told = |url: &str| server(url).map(|url| url.expose().to_owned());
        assert_eq!(told("smtps://u:p%40@mail.example.org").as_deref(), Some("smtps://u:p%40@mail.example.org"));
        assert_eq!(told("smtp://u:p@mail.example.org:587/").as_deref(), Some("smtp://u:p@mail.example.org:587?tls=required"));
        assert_eq!(told("smtp://127.0.0.1:2525").as_deref(), Some("smtp://127.0.0.1:2525"));
        assert_eq!(told("smtp://[::1]:2525").as_deref(), Some("smtp://[::1]:2525"));
        for wrong in [
            "",
            "mail.example.org",
            "http://mail.example.org",
            "smtp://mail.example.org?tls=opportunistic",
            "smtp://h/path",
            "smtps://u:p%F1@h",
        ] {
            assert_eq!(told(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_server_needs_somebody_who_writes() {
        let mail = |from: Option<&str>, smtp: Option<&str>| {
            let mail = Mail { from: from.map(str::to_owned), smtp: smtp.map(|url| url.to_owned().into()), ..Mail::default() };
            mail.check().map_err(|error| error.to_string())
        };
        assert_eq!(mail(None, None), Ok(()));
        assert_eq!(mail(Some("Vigía <vigia@example.org>"), Some("smtps://mail.example.org")), Ok(()));
        assert!(mail(None, Some("smtps://mail.example.org")).is_err_and(|line| line.starts_with("mail.from: ")));
        assert!(mail(Some("Vigía"), None).is_err_and(|line| line.starts_with("mail.from: ")));
        assert!(mail(None, Some("smtps://u:hunter2@")).is_err_and(|line| line.starts_with("mail.smtp: ") && !line.contains("hunter2")));
        assert_eq!(Mail::default().sender().email.to_string(), "vigia@localhost");
    }

    #[test]
    fn mails_leave_in_one_way_and_a_key_travels_by_tls() {
        let mail = |brevo: &str, url: &str, smtp: Option<&str>| {
            let (brevo, smtp) = (Some(brevo.to_owned().into()), smtp.map(|url| url.to_owned().into()));
            let from = Some("vigia@example.org".to_owned());
            Mail { from, smtp, brevo, brevo_url: url.to_owned() }.check().map_err(|error| error.to_string())
        };
        assert_eq!(mail("xkeysib-1", BREVO, None), Ok(()));
        assert_eq!(mail("xkeysib-1", "http://127.0.0.1:8080/", None), Ok(()));
        for (key, url, smtp, named) in [
            ("xkeysib-1", BREVO, Some("smtps://mail.example.org"), "mail.brevo: "),
            ("", BREVO, None, "mail.brevo: "),
            ("hunter2\n", BREVO, None, "mail.brevo: "),
            ("xkeysib-1", "http://api.brevo.com/", None, "mail.brevo_url: "),
            ("xkeysib-1", "api.brevo.com", None, "mail.brevo_url: "),
        ] {
            let error = mail(key, url, smtp).expect_err("refused");
            assert!(error.starts_with(named) && !error.contains("hunter2"), "{error}");
        }
    }
}
