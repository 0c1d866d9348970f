//! Somebody who guesses passwords from many addresses, and somebody who wants to know which addresses have an account.

use std::net::IpAddr;

use axum::http::Method;
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::{Value, json};
use vigia_backend::auth::sign_in::{self, SignInError};
use vigia_backend::origin::Origin;
use vigia_domain::user::Role;

use crate::mail::{browser, nothing_waits};
use crate::support::{Engine, Installation, both};

fn from(address: [u8; 4]) -> Origin {
    IpAddr::from(address).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_wrong_passwords_from_many_addresses_get_nobody_in_and_keep_nobody_out() {
    let mut it = Installation::new(Engine::Sqlite).await;
    it.user("ana@example.org", Role::Admin).await;
    let guess = async |n: u32| {
        // Ten from each of a hundred addresses: as many as one address has.
        let origin = from([198, 51, 100, u8::try_from(n / 10).expect("a hundred addresses")]);
        sign_in::known(&it.app, &origin, "ana@example.org", &format!("wrong horse battery {n}")).await.map(drop)
    };
    let outcomes: Vec<_> = stream::iter(0..1_000).map(guess).buffer_unordered(8).collect().await;
    let wrong = outcomes.iter().filter(|outcome| matches!(outcome, Err(SignInError::Wrong))).count();
    assert_eq!(wrong, 1_000, "each was looked at, and none fits");
    // One comes back each minute, and the thousand took a few.
    let again: Vec<_> = stream::iter(0..10).then(|_| guess(0)).collect().await;
    assert!(matches!(again.last(), Some(Err(SignInError::TooMany(_)))), "an address has its ten and no more: {again:?}");
    let home = from([192, 0, 2, 7]);
    let entered = sign_in::sign_in(&it.app, &browser(&it), &home, "ana@example.org", "correct horse battery").await;
    assert!(entered.is_ok(), "the owner gets in from her own address: {entered:?}");
    it.close().await;
}

/// What a request has cost: passwords hashed, mails that were asked for.
async fn cost(it: &Installation, path: &str, body: Value) -> (u16, Value, u64, i64) {
    nothing_waits(it).await;
    let asked = async || {
        let sql = match it.engine {
            Engine::Sqlite => "SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'mails'), 0)",
            Engine::Postgres => "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM mails_id_seq",
        };
        it.numbers("vigia.db", sql).await[0]
    };
    let (hashes, mails) = (it.app.metrics().passwords.get(), asked().await);
    let answer = it.ask(Method::POST, path, &[("content-type", "application/json")], body.to_string()).await;
    let mut told = answer.json();
    // The request, and what it said itself.
    if let Some(told) = told.as_object_mut() {
        told.remove("request_id");
        told.remove("email");
    }
    (answer.status.as_u16(), told, it.app.metrics().passwords.get() - hashes, asked().await - mails)
}

both! {
    with OPEN:
    async fn an_address_that_is_known_and_one_that_is_not_cost_the_same(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        it.user("luis@example.org", Role::Customer).await;
        it.sql("vigia.db", "UPDATE users SET disabled_ms = 1 WHERE email = 'luis@example.org'").await;
        let sign_in = |login: &str| json!({ "user_email": login, "user_password": "wrong horse battery" });
        let link = |email: &str| json!({ "email": email });
        let register = |email: &str| json!({ "user_email": email, "user_password": "tres tristes tigres y un tren" });
        for (path, body, hashes, mails) in [
            ("/api/v1/auth/login", &sign_in as &dyn Fn(&str) -> Value, 1, 0),
            ("/api/v1/auth/magic-link", &link, 0, 1),
            ("/api/v1/auth/forgot-password", &link, 0, 1),
            ("/api/v1/users/", &register, 1, 1),
        ] {
            let known = cost(it, path, body("ana@example.org")).await;
            assert_eq!((known.2, known.3), (hashes, mails), "{path}: {known:?}");
            for email in ["luis@example.org", "nobody@example.org"] {
                assert_eq!(cost(it, path, body(email)).await, known, "{path} {email}");
            }
        }
    }
}

const OPEN: [(&str, &str); 1] = [("VIGIA_ACCOUNTS__REGISTRATION", "open")];
