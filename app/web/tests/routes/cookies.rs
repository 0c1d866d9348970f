//! The cookie of a session: what a browser may do with it, and from when on it opens nothing.

use std::sync::Arc;

use axum::http::Method;
use vigia_backend::auth::session::LONGEST_DAYS;
use vigia_backend::http::assets::AssetNames;
use vigia_domain::user::Role;

use crate::NoFiles;
use crate::support::{Answer, Engine, Installation};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const SIGN_IN: &str = "email=ana%40example.org&password=correct+horse+battery&next=%2F";
/// What [`answers`] gives for who is signed in, and for who is not.
const IN: [u16; 3] = [200; 3];
const OUT: [u16; 3] = [401; 3];

/// A site that is reached by this address, and an account.
async fn site(engine: Engine, public_url: &str) -> Installation {
    let setting = ("VIGIA_HTTP__PUBLIC_URL".to_owned(), public_url.to_owned());
    let mut it = Installation::with(engine, [setting]).await;
    it.router = vigia_web::site::site(&it.app, Arc::new(NoFiles), AssetNames::default);
    it.user("ana@example.org", Role::Staff).await;
    it
}

/// Sends a form as a browser without a script does.
async fn send(it: &Installation, path: &str, cookie: &str, body: &str) -> Answer {
    it.ask(Method::POST, path, &[FORM, ("accept", "text/html"), ("cookie", cookie)], body.to_owned()).await
}

/// Signs in by the form, in a browser that has this cookie; the cookie that it has then.
async fn sign_in(it: &Installation, cookie: &str) -> String {
    let answer = send(it, "/ui/sign-in", cookie, SIGN_IN).await;
    assert_eq!(way(&answer), "/", "{}", answer.text);
    set(&answer)[0].to_owned()
}

fn way(answer: &Answer) -> &str {
    answer.headers.get("location").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The parts of the one session cookie that an answer sets: first its name and value, then what it may.
fn set(answer: &Answer) -> Vec<&str> {
    let all = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let sessions: Vec<&str> = all.filter(|cookie| cookie.starts_with("vigia_session=")).collect();
    assert_eq!(sessions.len(), 1, "{answer:?}");
    sessions[0].split("; ").collect()
}

/// What a browser with this cookie hears from the interface for scripts, from a page's call and from a page.
async fn answers(it: &Installation, cookie: &str) -> [u16; 3] {
    let ask = async |path: &str| it.ask(Method::GET, path, &[("cookie", cookie)], "").await.status.as_u16();
    [ask("/api/v1/devices").await, ask("/ui/devices").await, ask("/").await]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_script_reads_the_cookie_no_other_site_sends_it_and_over_tls_it_stays_there() {
    for (public_url, is_secure) in [("https://vigia.example", true), ("http://192.168.1.5:3000", false)] {
        let mut it = site(Engine::Sqlite, public_url).await;
        let answer = send(&it, "/ui/sign-in", "", SIGN_IN).await;
        let parts = set(&answer);
        let lasts = format!("Max-Age={}", LONGEST_DAYS * 24 * 60 * 60);
        for part in ["HttpOnly", "SameSite=Lax", "Path=/", lasts.as_str()] {
            assert!(parts.contains(&part), "{part}: {parts:?}");
        }
        assert_eq!(parts.contains(&"Secure"), is_secure, "{public_url}: {parts:?}");
        assert!(!parts.iter().any(|part| part.starts_with("Domain")), "it is this name's alone: {parts:?}");
        it.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cookie_from_before_is_worth_nothing_after_signing_in_on_sqlite() {
    from_before(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cookie_from_before_is_worth_nothing_after_signing_in_on_postgres() {
    from_before(Engine::Postgres).await;
}

/// Whoever has put a cookie into somebody's browser must not be in with them.
async fn from_before(engine: Engine) {
    let mut it = site(engine, "https://vigia.example").await;
    // Whoever is asked for a passkey has a session that is nobody's yet.
    let asked = it.ask(Method::POST, "/ui/passkey-ask", &[FORM], "").await;
    let kept = set(&asked)[0].to_owned();
    for before in [kept.as_str(), "vigia_session=AAAAAAAAAAAAAAAAAAAAAA", "vigia_session=chosen"] {
        assert_eq!(answers(&it, before).await, OUT, "{before}");
        let after = sign_in(&it, before).await;
        assert_ne!(after, before);
        assert_eq!((answers(&it, &after).await, answers(&it, before).await), (IN, OUT), "{before}");
    }
    // Nor is one that was good until then.
    let before = sign_in(&it, "").await;
    let after = sign_in(&it, &before).await;
    assert_ne!(after, before);
    assert_eq!((answers(&it, &after).await, answers(&it, &before).await), (IN, OUT));
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_cookie_ends_with_its_session_on_sqlite() {
    stolen(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_cookie_ends_with_its_session_on_postgres() {
    stolen(Engine::Postgres).await;
}

async fn stolen(engine: Engine) {
    let mut it = site(engine, "https://vigia.example").await;
    let own = sign_in(&it, "").await;
    assert_eq!(answers(&it, &own).await, IN);
    let out = send(&it, "/ui/sign-out", &own, "").await;
    assert_eq!((way(&out), set(&out)[0]), ("/sign-in", "vigia_session="), "the browser forgets it");
    assert_eq!(answers(&it, &own).await, OUT, "and whoever has copied it is out, too");
    // Of another browser of hers it ends from here.
    let password = "current=correct+horse+battery&password=seis+gatos+sin+tejado";
    for (form, body, done) in [("/ui/end-sessions", "", "/settings?done=sessions"), ("/ui/password", password, "/settings?done=password")] {
        let (elsewhere, own) = (sign_in(&it, "").await, sign_in(&it, "").await);
        assert_eq!((answers(&it, &elsewhere).await, answers(&it, &own).await), (IN, IN), "{form}");
        let answer = send(&it, form, &own, body).await;
        assert_eq!(way(&answer), done, "{form}: {}", answer.text);
        assert_eq!((answers(&it, &elsewhere).await, answers(&it, &own).await), (OUT, IN), "{form}");
    }
    it.close().await;
}
