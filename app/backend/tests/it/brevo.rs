//! Mails by an API like Brevo's: a small server that hears what is asked of it and answers what the test says.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use vigia_domain::user::Role;

use crate::mail::{code, nothing_waits};
use crate::support::{Engine, Installation, NOW};

/// What it heard: the key, and the mail.
type Heard = UnboundedReceiver<(String, Value)>;

/// Answers with these, one after the other, and takes everything after the last.
#[expect(clippy::disallowed_methods, reason = "the other side is not our process")]
async fn api(answers: Vec<(u16, Value)>) -> (String, Heard, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/v3/smtp/email", listener.local_addr().expect("bound"));
    let (tell, heard) = unbounded_channel();
    let answers = std::sync::Arc::new(std::sync::Mutex::new(answers.into_iter()));
    let answer = move |headers: HeaderMap, body: Bytes| async move {
        let key = headers.get("api-key").and_then(|key| key.to_str().ok()).unwrap_or_default().to_owned();
        tell.send((key, serde_json::from_slice(&body).expect("JSON"))).expect("somebody listens");
        let (status, body) = answers.lock().expect("no panic").next().unwrap_or((201, json!({ "messageId": "<1@example>" })));
        (StatusCode::from_u16(status).expect("a status"), body.to_string())
    };
    let router = Router::new().fallback(answer);
    (url, heard, tokio::spawn(async move { axum::serve(listener, router).await.expect("served") }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_goes_to_the_api_again_while_that_is_busy_and_not_once_more_when_it_is_refused() {
    let busy = (429, json!({ "code": "too_many_requests", "message": "slow down" }));
    let refused = (400, json!({ "code": "invalid_parameter", "message": "email is not valid in to" }));
    let (url, mut heard, server) = api(vec![busy, (201, json!({})), refused]).await;
    let settings = [
        ("VIGIA_MAIL__BREVO", "xkeysib-of-the-test"),
        ("VIGIA_MAIL__BREVO_URL", &url),
        ("VIGIA_MAIL__FROM", "Vigía <vigia@example.org>"),
        ("VIGIA_HTTP__PUBLIC_URL", "https://vigia.example.org"),
    ];
    let mut it = Installation::with(Engine::Sqlite, settings.map(|(key, value)| (key.to_owned(), value.to_owned()))).await;
    it.user("ana@example.org", Role::Customer).await;
    let ask = async || {
        let body = json!({ "email": "ana@example.org" }).to_string();
        assert_eq!(it.ask(Method::POST, "/api/v1/auth/magic-link", &[("content-type", "application/json")], body).await.status, 202);
    };
    ask().await;
    heard.recv().await.expect("a first try");
    let again = async {
        // Further away: it is being tried.
        while it.numbers("vigia.db", "SELECT due_ms FROM mails WHERE tries = 1").await.first().is_none_or(|due| *due > NOW + 60_000) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.expect("it waits for another try");
    it.world.advance(11_000);
    let (key, mail) = heard.recv().await.expect("a second try");
    nothing_waits(&it).await;
    assert_eq!(
        (key.as_str(), &mail["to"], &mail["sender"]["name"]),
        ("xkeysib-of-the-test", &json!([{ "email": "ana@example.org" }]), &json!("Vigía"))
    );
    let text = mail["textContent"].as_str().expect("a text");
    assert!(text.contains(&format!("https://vigia.example.org/enter#{}", code(text))), "{text}");
    assert!(!it.dir.path().join("data/mail").exists(), "nothing is kept beside it");
    ask().await;
    heard.recv().await.expect("a try that is refused");
    nothing_waits(&it).await;
    it.world.advance(3_600_000);
    assert!(tokio::time::timeout(Duration::from_secs(2), heard.recv()).await.is_err(), "what is refused is not sent again");
    it.close().await;
    server.abort();
}
