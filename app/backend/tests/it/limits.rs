//! How many requests are taken: of each key, person and device, and of an address that says not who it is.

use axum::http::Method;
use vigia_domain::rights::Scope;
use vigia_domain::user::Role;

use crate::support::{Answer, Engine, Installation};

async fn tight(engine: Engine) -> Installation {
    let one = |key: &str| (key.to_owned(), "1".to_owned());
    Installation::with(engine, [one("VIGIA_LIMITS__PER_KEY"), one("VIGIA_LIMITS__PER_ADDRESS")]).await
}

async fn list(it: &Installation, key: &str) -> Answer {
    it.ask(Method::GET, "/api/v1/devices", &[("x-api-key", key)], "").await
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).and_then(|value| value.to_str().ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_too_often_waits_and_nobody_else_does() {
    let mut it = tight(Engine::Sqlite).await;
    it.user("ana@example.org", Role::Customer).await;
    let cookie = it.cookie("ana@example.org").await;
    let (_, device) = it.device("m1", None).await;
    let (busy, calm) = (it.key("busy", &[Scope::TelemetryRead]).await, it.key("calm", &[Scope::TelemetryRead]).await);
    // Time goes on while the test runs: ten at once, and whatever comes back meanwhile.
    let (mut taken, mut refused) = (0, list(&it, &busy).await);
    while refused.status == 200 && taken < 100 {
        (taken, refused) = (taken + 1, list(&it, &busy).await);
    }
    assert!((10..100).contains(&taken), "{taken} were taken");
    let problem = refused.json();
    assert_eq!(
        (refused.status.as_u16(), header(&refused, "retry-after"), problem["status"].as_u64()),
        (429, Some("1"), Some(429)),
        "{problem}"
    );
    assert_eq!(header(&refused, "content-type"), Some("application/problem+json"));
    // A key, a person, a device and a stranger have each their own.
    assert_eq!(list(&it, &calm).await.status, 200);
    assert_eq!(it.ask(Method::GET, "/api/v1/users/me", &[("cookie", &cookie)], "").await.status, 200);
    let bearer = format!("Bearer {device}");
    assert_eq!(it.ask(Method::GET, "/api/v1/devices/m1/latest", &[("authorization", &bearer)], "").await.status, 200);
    it.world.advance(1_000);
    assert_eq!(list(&it, &busy).await.status, 200, "one comes back each second");
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_guesses_keys_is_slowed_and_the_right_key_from_there_is_not() {
    let mut it = tight(Engine::Sqlite).await;
    let key = it.key("grafana", &[Scope::TelemetryRead]).await;
    let mut wrong = key.clone();
    wrong.replace_range(10..11, if &key[10..11] == "a" { "b" } else { "a" });
    let (mut wrongs, mut answer) = (0, list(&it, &wrong).await);
    while answer.status == 401 && wrongs < 100 {
        (wrongs, answer) = (wrongs + 1, list(&it, &wrong).await);
    }
    assert!(answer.status == 429 && (10..100).contains(&wrongs), "{wrongs} were looked at, then {}", answer.status);
    assert_eq!(list(&it, &key).await.status, 200);
    it.close().await;
}
