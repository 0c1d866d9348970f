//! Links by mail: into the folder where no mail server is set, and through a real one.

use std::path::PathBuf;
use std::time::Duration;

use axum::http::Method;
use tower_sessions::Session;
use vigia_backend::auth::redeem::{self, Entered};
use vigia_backend::auth::sign_in::{self, SignInError};
use vigia_backend::auth::{links, session};
use vigia_domain::user::Role;

use crate::smtp::SmtpServer;
use crate::support::{Engine, HERE, Installation, NOW, both};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
/// An address of our own, and a link by mail for who registers, too.
const OURS: [(&str, &str); 3] = [
    ("VIGIA_HTTP__PUBLIC_URL", "https://vigia.example.org/"),
    ("VIGIA_ACCOUNTS__REGISTRATION", "open"),
    ("VIGIA_ACCOUNTS__APPROVAL", "false"),
];
/// What a request may say that we are called, of itself or by whatever it came through.
const FOREIGN: [(&str, &str); 7] = [
    ("content-type", "application/json"),
    ("host", "evil.example"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "gopher"),
    ("x-forwarded-port", "6666"),
    ("x-original-host", "evil.example"),
    ("forwarded", "for=192.0.2.7;host=evil.example;proto=gopher"),
];

/// Asks for a link: the status, what is told, and how long to wait in seconds.
async fn ask(it: &Installation, email: &str) -> (u16, String, Option<u64>) {
    ask_at(it, "magic-link", serde_json::json!({ "email": email })).await
}

async fn ask_at(it: &Installation, way: &str, body: serde_json::Value) -> (u16, String, Option<u64>) {
    let answer = it.ask(Method::POST, &format!("/api/v1/auth/{way}"), &JSON, body.to_string()).await;
    let wait = answer.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    (answer.status.as_u16(), answer.text, wait)
}

/// The mails in the folder, once none waits any more.
pub async fn mails(it: &Installation) -> Vec<String> {
    nothing_waits(it).await;
    let Ok(entries) = std::fs::read_dir(it.dir.path().join("data/mail")) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.iter().map(|file| whole(&std::fs::read_to_string(file).expect("read"))).collect()
}

/// A mail with its lines as they were: what is longer than a line travels broken by `=`.
fn whole(mail: &str) -> String {
    mail.replace("=\r\n", "").replace("=\n", "")
}

pub async fn nothing_waits(it: &Installation) {
    let waits = async || it.numbers("vigia.db", "SELECT id FROM mails").await;
    let done = async {
        while !waits().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.expect("every mail has left");
}

/// The code of the link in a mail.
pub fn code(mail: &str) -> String {
    let at = mail.find("#vgl_").unwrap_or_else(|| panic!("no link: {mail}")) + "#".len();
    mail[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

pub fn browser(it: &Installation) -> Session {
    Session::new(None, std::sync::Arc::new(it.app.sessions().clone()), None)
}

async fn enter(it: &Installation, code: &str) -> Result<String, SignInError> {
    redeem::entry(&it.app, &browser(it), HERE, code).await.map(|entered| match entered {
        Entered::In(visitor) => visitor.email,
        Entered::Second => panic!("they have no second step"),
        Entered::Choose(_) => panic!("they have a password of their own"),
    })
}

both! {
    async fn a_link_by_mail_signs_its_owner_in_once(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        let (status, told, _) = ask(it, " ANA@example.org").await;
        assert_eq!(status, 202, "{told}");
        let mails = mails(it).await;
        assert_eq!(mails.len(), 1);
        assert!(mails[0].contains("To: ana@example.org") && mails[0].contains("Subject: Tu enlace para entrar"), "{}", mails[0]);
        assert_eq!(mails[0].matches("/enter#vgl_").count(), 2, "as a text and as a page: {}", mails[0]);
        let code = code(&mails[0]);
        assert_eq!(enter(it, &code).await.expect("in"), "ana@example.org");
        assert!(matches!(enter(it, &code).await, Err(SignInError::LinkOver)), "it works once");
    }

    async fn a_link_by_mail_ends_after_a_quarter_of_an_hour(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        it.sql("vigia.db", "UPDATE users SET lang = 'en', name = '<b>Ana</b>'").await;
        ask(it, "ana@example.org").await;
        let mails = mails(it).await;
        assert!(mails[0].contains("Subject: Your link to sign in") && mails[0].contains("&lt;b&gt;Ana"), "{}", mails[0]);
        it.world.advance(links::MAILED_MS + 1);
        assert!(matches!(enter(it, &code(&mails[0])).await, Err(SignInError::LinkOver)));
    }

    async fn nobody_learns_which_addresses_have_an_account(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        it.user("luis@example.org", Role::Customer).await;
        it.sql("vigia.db", "UPDATE users SET disabled_ms = 1 WHERE email = 'luis@example.org'").await;
        let queued = async || it.numbers("vigia.db", "SELECT COALESCE(MAX(id), 0) FROM mails").await[0];
        let mut told = Vec::new();
        for email in ["ana@example.org", "eva@example.org", "luis@example.org"] {
            told.push(ask(it, email).await);
        }
        assert!(told.iter().all(|one| *one == told[0]) && told[0].0 == 202, "{told:?}");
        assert_eq!(mails(it).await.len(), 1, "only who has an account gets a mail");
        assert_eq!(queued().await, 0, "and nothing is left of the others");
    }

    async fn a_forgotten_password_is_chosen_anew_and_whoever_knew_the_old_one_is_out(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        let elsewhere = browser(it);
        sign_in::sign_in(&it.app, &elsewhere, HERE, "ana@example.org", "correct horse battery").await.expect("in");
        let (status, told, _) = ask_at(it, "forgot-password", serde_json::json!({ "user_email": "Ana@example.org" })).await;
        assert_eq!(status, 202, "{told}");
        ask(it, "ana@example.org").await;
        let mut mails = mails(it).await;
        mails.sort_by_key(|mail| mail.contains("/enter#"));
        assert!(mails[0].contains("/reset#vgl_") && mails[0].contains("Subject: Elige otra"), "{}", mails[0]);
        let (code, other) = (code(&mails[0]), code(&mails[1]));
        assert!(matches!(enter(it, &code).await, Err(SignInError::LinkOver)), "it opens nothing else");
        let reset = async |code: &str, new: &str| {
            let body = serde_json::json!({ "token": code, "new_password": new });
            let answer = it.ask(Method::POST, "/api/v1/auth/reset-password", &JSON, body.to_string()).await;
            (answer.status.as_u16(), answer.json()["field"].as_str().map(str::to_owned))
        };
        for weak in ["short", "password12", "ana@example.org", &"x".repeat(513)] {
            assert_eq!(reset(&code, weak).await, (422, Some("new_password".to_owned())), "{weak}");
        }
        assert_eq!(reset(&other, "seis gatos sin tejado").await, (422, Some("token".to_owned())), "a link to sign in does not do it");
        assert_eq!(reset(&code, "seis gatos sin tejado").await, (200, None));
        assert_eq!(reset(&code, "otros gatos sin tejado").await, (422, Some("token".to_owned())), "it works once");
        sign_in::sign_in(&it.app, &browser(it), HERE, "ana@example.org", "seis gatos sin tejado").await.expect("the new one opens");
        assert!(enter(it, &other).await.is_err(), "links that were mailed before are over");
        let again = Session::new(elsewhere.id(), std::sync::Arc::new(it.app.sessions().clone()), None);
        assert_eq!(session::user(&again).await.expect("read"), None, "and so are sessions");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM audit WHERE action = 'user.reset'").await, [1]);
    }

    async fn who_is_not_let_in_any_more_chooses_no_password(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        ask_at(it, "forgot-password", serde_json::json!({ "email": "ana@example.org" })).await;
        let code = code(&mails(it).await[0]);
        it.sql("vigia.db", "UPDATE users SET disabled_ms = 1").await;
        let done = redeem::reset(&it.app, HERE, &code, "seis gatos sin tejado").await;
        assert!(matches!(done, Err(SignInError::LinkOver)));
        it.sql("vigia.db", "UPDATE users SET disabled_ms = NULL").await;
        let entered = redeem::reset_and_enter(&it.app, &browser(it), HERE, &code, "seis gatos sin tejado").await.expect("nothing was spent");
        assert!(matches!(entered, Entered::In(visitor) if visitor.email == "ana@example.org"));
    }

    async fn what_is_no_address_is_named_and_a_flood_ends(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        for (body, status, field) in [
            (r#"{"email": "ana"}"#, 422, Some("email")),
            (r#"{"email": "a\u0000@b.cd"}"#, 422, Some("email")),
            (r#"{"email": 7}"#, 422, Some("email")),
            ("{}", 422, Some("email")),
            (r#"{"email": "ana@example.org", "name": "Ana"}"#, 422, Some("name")),
            ("[]", 422, Some("body")),
            ("{", 400, Some("body")),
        ] {
            let answer = it.ask(Method::POST, "/api/v1/auth/magic-link", &JSON, body).await;
            assert_eq!((answer.status.as_u16(), answer.json()["field"].as_str()), (status, field), "{body}: {}", answer.text);
        }
        let mut statuses = Vec::new();
        for _ in 0..5 {
            let (status, _, wait) = ask(it, "ana@example.org").await;
            statuses.push((status, wait.is_some_and(|seconds| seconds > 5)));
        }
        assert_eq!(statuses, [(202, false), (202, false), (202, false), (429, true), (429, true)]);
        assert_eq!(mails(it).await.len(), 3);
    }
}

both! {
    with OURS:
    async fn a_link_begins_with_our_address_whatever_a_request_calls_us(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        let of_ana = r#"{"email": "ana@example.org"}"#;
        let of_eva = r#"{"email": "eva@example.org", "password": "seis gatos sin tejado"}"#;
        // Of a site that has its own name lead to us, the origin is its own, too.
        let same = [&FOREIGN[..], &[("origin", "http://evil.example")][..]].concat();
        for (path, headers, body, status) in [
            ("/api/v1/auth/magic-link", &FOREIGN[..], of_ana, 202),
            ("/api/v1/auth/magic-link", &same[..], of_ana, 202),
            ("/api/v1/auth/forgot-password", &FOREIGN[..], of_ana, 202),
            ("/api/v1/users/", &FOREIGN[..], of_eva, 201),
        ] {
            let answer = it.ask(Method::POST, path, headers, body).await;
            assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text);
        }
        let mails = mails(it).await;
        assert_eq!(mails.len(), 4);
        for mail in &mails {
            assert!(mail.split("://").skip(1).all(|rest| rest.starts_with("vigia.example.org/")), "{mail}");
            assert!(!mail.contains("evil") && !mail.contains("gopher"), "{mail}");
        }
        let with = |page: &str| mails.iter().filter(|mail| mail.contains(&format!("https://vigia.example.org/{page}#vgl_"))).count();
        assert_eq!((with("enter"), with("reset"), with("join")), (2, 1, 1));
    }
}

both! {
    async fn without_a_public_address_a_link_begins_with_the_listeners(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        let answer = it.ask(Method::POST, "/api/v1/auth/magic-link", &FOREIGN, r#"{"email": "ana@example.org"}"#).await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.text);
        let mails = mails(it).await;
        let link = format!("{}/enter#vgl_", it.app.base_url());
        assert!(link.starts_with("http://127.0.0.1:") && mails[0].contains(&link) && !mails[0].contains("evil"), "{}", mails[0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_gets_the_mail_also_when_it_was_away_for_a_moment() {
    let smtp = SmtpServer::new();
    let url = ("VIGIA_HTTP__PUBLIC_URL".to_owned(), "https://vigia.example.org".to_owned());
    let from = ("VIGIA_MAIL__FROM".to_owned(), "Vigía <vigia@example.org>".to_owned());
    let mut it = Installation::with(Engine::Sqlite, [("VIGIA_MAIL__SMTP".to_owned(), smtp.url()), url, from]).await;
    it.user("ana@example.org", Role::Customer).await;
    assert_eq!(ask(&it, "ana@example.org").await.0, 202);
    let due = "SELECT due_ms FROM mails WHERE tries = 1";
    let tried = async {
        while it.numbers("vigia.db", due).await.first().is_none_or(|due| *due > NOW + 60_000) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), tried).await.expect("nobody was there, and it is tried again");
    let mut smtp = smtp.start().await;
    it.world.advance(11_000);
    nothing_waits(&it).await;
    let mail = whole(&smtp.end().await);
    assert!(mail.contains("To: ana@example.org") && mail.contains("vigia@example.org"), "{mail}");
    assert_eq!(enter(&it, &code(&mail)).await.expect("in"), "ana@example.org");
    assert!(!it.dir.path().join("data/mail").exists(), "nothing is kept beside it");
    it.close().await;
}
