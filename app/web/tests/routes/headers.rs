//! What every answer of the site says to the browser, and that a page's scripts run by its own word alone.

use std::sync::Arc;

use axum::http::Method;
use vigia_backend::http::assets::AssetNames;
use vigia_domain::user::Role;

use crate::NoFiles;
use crate::support::{Answer, Engine, Installation};

const ALWAYS: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("x-frame-options", "DENY"),
];
/// The policy of what is no page.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";
const BARE: &[(&str, &str)] = &[];
const SCRIPT: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded")];
const BROWSER: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];

async fn site() -> Installation {
    let mut it = Installation::new(Engine::Sqlite).await;
    it.router = vigia_web::site::site(&it.app, Arc::new(NoFiles), AssetNames::default);
    it.user("ana@example.org", Role::Staff).await;
    it
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// What a policy says of scripts: what it says of everything, where it says nothing of them.
fn of_scripts(policy: &str) -> &str {
    let said = |of: &str| policy.split(';').map(str::trim).find(|part| part.starts_with(of));
    said("script-src ").or_else(|| said("default-src ")).unwrap_or_default()
}

/// The word by which the scripts of a page run; none where there is no page.
fn nonce(policy: &str) -> &str {
    of_scripts(policy).split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_site_answers_it_says_how_it_may_be_used() {
    let mut it = site().await;
    let right = "email=ana%40example.org&password=correct+horse+battery&next=%2F";
    let large = "x".repeat(2 * 1024 * 1024);
    for (method, path, with, body, status) in [
        (Method::GET, "/sign-in", BARE, "", 200),
        (Method::HEAD, "/sign-in", BARE, "", 200),
        (Method::GET, "/", BARE, "", 401),
        (Method::GET, "/nothing", BARE, "", 404),
        (Method::HEAD, "/nothing", BARE, "", 404),
        (Method::PUT, "/sign-in", BARE, "", 405),
        (Method::GET, "/ui/devices", BARE, "", 401),
        (Method::GET, "/ui/nothing", BARE, "", 404),
        (Method::POST, "/ui/sign-in", SCRIPT, "email=a", 422),
        (Method::POST, "/ui/sign-in", SCRIPT, large.as_str(), 413),
        (Method::POST, "/ui/sign-in", SCRIPT, right, 200),
        (Method::POST, "/ui/sign-in", BROWSER, right, 302),
        (Method::GET, "/sw.js", BARE, "", 200),
    ] {
        let answer = it.ask(method.clone(), path, with, body.to_owned()).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}: {}", answer.text);
        for (name, value) in ALWAYS {
            assert_eq!(header(&answer, name), value, "{method} {path}: {name}");
        }
        assert_eq!(answer.headers.get_all("content-security-policy").iter().count(), 1, "{method} {path}");
        let policy = header(&answer, "content-security-policy");
        let scripts = of_scripts(policy);
        assert!(scripts.contains("-src "), "{method} {path}: {policy}");
        assert!(!scripts.contains("'unsafe-inline'") && !scripts.contains("'unsafe-eval'"), "{method} {path}: {policy}");
        if path.starts_with("/ui/") {
            assert_eq!(policy, NOTHING, "{method} {path}");
        }
    }
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_scripts_of_a_page_run_by_a_word_that_is_another_one_each_time() {
    let mut it = site().await;
    for (path, status) in [("/sign-in", 200), ("/", 401), ("/nothing", 404), ("/offline", 200), ("/api/v1/docs", 200)] {
        let (first, second) = (it.ask(Method::GET, path, &[], "").await, it.ask(Method::GET, path, &[], "").await);
        let words = [&first, &second].map(|page| nonce(header(page, "content-security-policy")));
        assert_ne!(words[0], words[1], "{path}");
        for (page, word) in [(&first, words[0]), (&second, words[1])] {
            assert_eq!(page.status.as_u16(), status, "{path}");
            assert!(word.len() >= 22, "128 bits: {path}: {word}");
            let policy = header(page, "content-security-policy");
            assert!(!of_scripts(policy).contains("'unsafe-inline'"), "{path}: {policy}");
            let tags: Vec<&str> = page.text.split("<script").skip(1).map(|rest| rest.split('>').next().unwrap_or_default()).collect();
            let with_word = format!("nonce=\"{word}\"");
            assert!(tags.iter().any(|tag| tag.contains(&with_word)), "{path}: {tags:?}");
            // A file of ours needs no word.
            assert!(tags.iter().all(|tag| tag.contains(&with_word) || tag.contains("src=\"/passkey.js\"")), "{path}: {tags:?}");
        }
    }
    it.close().await;
}
