//! Whom to tell of a hole: what the settings say, and nothing where they say nothing.

use axum::http::Method;

use crate::support::{Engine, Installation};

const PATH: &str = "/.well-known/security.txt";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_is_told_whom_the_operator_has_named() {
    let settings = [("VIGIA_HTTP__SECURITY_CONTACT", "mailto:security@example.org"), ("VIGIA_HTTP__PUBLIC_URL", "https://vigia.example")];
    let mut it = Installation::with(Engine::Sqlite, settings.map(|(key, value)| (key.to_owned(), value.to_owned()))).await;
    let answer = it.ask(Method::GET, PATH, &[], "").await;
    assert_eq!((answer.status.as_u16(), answer.headers["content-type"].to_str().ok()), (200, Some("text/plain; charset=utf-8")));
    let lines: Vec<_> = answer.text.lines().collect();
    assert_eq!(
        lines,
        [
            "Contact: mailto:security@example.org",
            "Expires: 2026-08-28T00:00:00.000Z",
            "Preferred-Languages: es, en",
            "Canonical: https://vigia.example/.well-known/security.txt",
        ]
    );
    // A month later it is good for a month longer.
    it.world.advance(30 * 24 * 60 * 60 * 1000);
    let later = it.ask(Method::GET, PATH, &[], "").await;
    assert!(later.text.contains("Expires: 2026-09-27T00:00:00.000Z"), "{}", later.text);
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_is_named_there_is_no_such_file() {
    let mut it = Installation::new(Engine::Sqlite).await;
    let answer = it.ask(Method::GET, PATH, &[], "").await;
    assert_eq!((answer.status.as_u16(), answer.headers["content-type"].to_str().ok()), (404, Some("application/problem+json")));
    it.close().await;
}
