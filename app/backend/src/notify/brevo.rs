//! Mails by Brevo's HTTP API (`POST /v3/smtp/email`, developers.brevo.com): where no port for mail is open, as on most rented machines.

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{Request, StatusCode};
use lettre::message::Mailbox;
use serde_json::{Value, json};

use super::mail::Mail;
use super::post::PostError;
use crate::config::Secret;
use crate::outbound::{Outbound, OutboundError, Reach};

/// The longest reason of Brevo's that goes into the log, in characters.
const LONGEST_REASON: usize = 300;

/// The way out by Brevo.
pub(super) struct Brevo {
    /// What goes out; why nothing can.
    outbound: Result<Outbound, String>,
    url: String,
    key: Secret,
}

impl Brevo {
    /// By the API at this address, with this key.
    pub(super) fn new(url: &str, key: Secret) -> Self {
        let outbound = Outbound::new(Reach::Anywhere).map_err(|error| error.to_string());
        Self { outbound, url: url.to_owned(), key }
    }

    /// Hands a mail over.
    ///
    /// # Errors
    /// [`PostError`]: for good what Brevo will never take, for now what is a matter of its account, its limits or the line.
    pub(super) async fn send(&self, from: &Mailbox, mail: &Mail) -> Result<(), PostError> {
        let outbound = self.outbound.as_ref().map_err(|reason| PostError::for_now(reason.clone()))?;
        let request = self.request(from, mail).map_err(|error| PostError::for_good(format!("no request can be made: {error}")))?;
        let answer = outbound.send(request).await.map_err(|error: OutboundError| PostError::for_now(error.to_string()))?;
        if answer.status().is_success() {
            return Ok(());
        }
        let reason = reason(answer.status(), answer.body());
        Err(if answer.status() == StatusCode::BAD_REQUEST { PostError::for_good(reason) } else { PostError::for_now(reason) })
    }

    fn request(&self, from: &Mailbox, mail: &Mail) -> Result<Request<Vec<u8>>, axum::http::Error> {
        let sender = match &from.name {
            Some(name) => json!({ "name": name, "email": from.email.to_string() }),
            None => json!({ "email": from.email.to_string() }),
        };
        let body = json!({
            "sender": sender, "to": [{ "email": mail.to }], "subject": mail.subject, "textContent": mail.text, "htmlContent": mail.html,
        });
        Request::post(&self.url)
            .header("api-key", self.key.expose())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string().into_bytes())
    }
}

/// What Brevo says is wrong: `{"code": ..., "message": ...}`, and the status alone where it says nothing of the kind.
fn reason(status: StatusCode, body: &[u8]) -> String {
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    let said: Vec<_> = ["code", "message"].iter().filter_map(|name| told.get(*name)?.as_str()).collect();
    let said: String = said.join(": ").chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect();
    format!("Brevo answers {}{}{said}", status.as_u16(), if said.is_empty() { "" } else { ": " })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> Mail {
        let text = |text: &str| text.to_owned();
        Mail { to: text("ana@example.org"), subject: text("Hola \"Ana\""), text: text("hola"), html: text("<p>hola</p>") }
    }

    #[test]
    fn a_mail_is_written_as_the_api_wants_it_with_the_key_in_a_header_alone() {
        let brevo = Brevo::new("https://api.brevo.com/v3/smtp/email", "xkeysib-1".to_owned().into());
        let request = brevo.request(&"Vigía <vigia@example.org>".parse().expect("an address"), &mail()).expect("a request");
        assert_eq!(
            (request.uri().to_string().as_str(), &request.headers()["api-key"]),
            ("https://api.brevo.com/v3/smtp/email", &"xkeysib-1".parse().expect("a value"))
        );
        let body: Value = serde_json::from_slice(request.body()).expect("JSON");
        let wanted = json!({
            "sender": { "name": "Vigía", "email": "vigia@example.org" }, "to": [{ "email": "ana@example.org" }], "subject": "Hola \"Ana\"",
            "textContent": "hola", "htmlContent": "<p>hola</p>",
        });
        assert_eq!(body, wanted);
    }

    #[test]
    fn what_is_wrong_is_told_in_one_line() {
        let told = |status: u16, body: &str| reason(StatusCode::from_u16(status).expect("a status"), body.as_bytes());
        assert_eq!(
            told(400, r#"{"code":"invalid_parameter","message":"sender is\nnot valid"}"#),
            "Brevo answers 400: invalid_parameter: sender isnot valid"
        );
        assert_eq!(told(502, "<html>"), "Brevo answers 502");
    }
}
