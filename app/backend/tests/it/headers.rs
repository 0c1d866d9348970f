//! What every answer says to the browser, whatever it answers.

use axum::http::Method;

use crate::support::{Engine, Installation};

const ALWAYS: [(&str, &str); 7] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
];

async fn looked_at(public_url: &str, only_tls: Option<&str>) {
    let settings = [("VIGIA_HTTP__PUBLIC_URL".to_owned(), public_url.to_owned())];
    let mut it = Installation::with(Engine::Sqlite, settings).await;
    for (method, path, bytes, status) in [
        (Method::GET, "/healthz", 0, 200),
        (Method::HEAD, "/healthz", 0, 200),
        (Method::OPTIONS, "/healthz", 0, 200),
        (Method::GET, "/api/v1/auth/oidc/nobody", 0, 303),
        (Method::GET, "/api/v1/devices", 0, 401),
        (Method::GET, "/nothing", 0, 404),
        (Method::HEAD, "/nothing", 0, 404),
        (Method::POST, "/healthz", 0, 405),
        (Method::POST, "/api/v1/auth/magic-link", 2 * 1024 * 1024, 413),
    ] {
        let answer = it.ask(method.clone(), path, &[], "x".repeat(bytes)).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}");
        let of = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
        for (name, value) in ALWAYS {
            assert_eq!(of(name), Some(value), "{method} {path}: {name}");
        }
        assert_eq!(of("strict-transport-security"), only_tls, "{method} {path}");
        assert_eq!(of("server"), None, "what runs here is nobody's matter");
    }
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_a_browser_is_told_to_come_over_nothing_else() {
    looked_at("https://vigia.example", Some("max-age=31536000")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_home_network_it_is_not() {
    looked_at("http://192.168.1.7:3000", None).await;
}
