//! Every route of the one table, asked by every kind of principal.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, Bytes};
use axum::http::Method;
use futures_util::stream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use vigia_backend::db::users;
use vigia_backend::http::assets::AssetNames;
use vigia_backend::http::{Right, Route};
use vigia_domain::rights::Scope;
use vigia_domain::user::Role;

use crate::rights::{ENDLESS, RELOAD, RIGHTS, WHO, expected};
use crate::support::{self, Engine, Installation};
use crate::{NoFiles, table};

#[test]
fn every_route_has_the_right_that_is_written_down_for_it() {
    let mut found: Vec<_> = table().iter().map(|r| (r.method.to_string(), r.path, r.right)).collect();
    let while_developing: &[(&str, &str, Right)] = if cfg!(debug_assertions) { &[RELOAD] } else { &[] };
    let mut written: Vec<_> =
        RIGHTS.iter().chain(while_developing).map(|(method, path, right)| ((*method).to_owned(), *path, *right)).collect();
    found.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    written.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    assert_eq!(found, written, "the table of routes and the list of rights in this test differ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_refuses_and_admits_on_sqlite() {
    walk(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_refuses_and_admits_on_postgres() {
    walk(Engine::Postgres).await;
}

async fn walk(engine: Engine) {
    let mut it = Installation::new(engine).await;
    it.router = vigia_web::site::site(&it.app, Arc::new(NoFiles), AssetNames::default);
    let credentials = credentials(&it).await;
    let admin = it.key("before", &[Scope::Admin]).await;
    let given = it.post("/api/v1/devices/m1/commands", &admin, r#"{"id": "c1", "name": "switch.set"}"#).await;
    assert_eq!(given.status, 202, "{}", given.text);
    it.sql("vigia.db", "INSERT INTO provisioning_keys (name, key_hash, created_ms) VALUES ('batch', '', 0)").await;
    let address = vigia_backend::http::serve(&it.app, it.router.clone()).await.expect("it listens");
    let mut wrong = Vec::new();
    for route in table().into_iter().filter(|route| route.path != RELOAD.1) {
        for ((who, (header, value)), expected) in WHO.iter().zip(&credentials).zip(expected(route.right)) {
            let mut path = format!("{}{}", route.path.replace("{id}", "m1").replace("{command}", "c1"), route.example.query);
            if path.contains("{unclaimed}") {
                // A device can be claimed once.
                path = path.replace("{unclaimed}", &one_that_waits(&it).await);
            }
            if path.contains("{user}") || path.ends_with("user=0") {
                // One that is as it was made: what is asked changes it.
                let user = somebody(&it).await.to_string();
                path = path.replace("{user}", &user).replace("user=0", &format!("user={user}"));
            }
            if route.path.contains("/token") {
                // The walk goes on with the token of the other one.
                path = path.replace("/m1/", &format!("/{}/", another_device(&it).await));
            }
            if route.path.contains("/provisioning-keys") {
                path = path.replace("{key}", &a_provisioning_key(&it).await);
            }
            path = path.replace("{key}", "999999").replace("{provider}", "nobody");
            if route.method != Method::GET {
                // Wrong tries, links that were asked for and changes are counted: only so many in ten minutes.
                it.world.advance(10 * 60_000);
            }
            let (status, body_read) = if ENDLESS.contains(&route.path) {
                (it.status(&path, header, &session_of(&it, header, value).await).await, false)
            } else if route.example.ends == 101 {
                (handshake(address, &path, header, &session_of(&it, header, value).await).await, false)
            } else {
                ask(&it, &route, &path, header, value).await
            };
            let wanted = if expected == 200 { success(&route) } else { expected };
            if status != wanted {
                wrong.push(format!("{} {path} as {who}: {status}, not {wanted}", route.method));
            }
            // Whose it is stands in the body there.
            let in_body = matches!(route.right, Right::NeedsSome(_)) && expected == 404;
            if body_read && expected != 200 && !in_body {
                wrong.push(format!("{} {path} as {who}: the body was read before the refusal", route.method));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    it.close().await;
}

/// The number of a new provisioning key, beside which there is only the one of the beginning: a name is taken once.
async fn a_provisioning_key(it: &Installation) -> String {
    it.sql("vigia.db", "DELETE FROM provisioning_keys WHERE name <> 'batch'").await;
    it.sql("vigia.db", "INSERT INTO provisioning_keys (name, key_hash, created_ms) VALUES ('to be ended', 'x', 0)").await;
    it.numbers("vigia.db", "SELECT MAX(id) FROM provisioning_keys").await[0].to_string()
}

/// The id of a new device that waits to be claimed.
async fn one_that_waits(it: &Installation) -> String {
    let number = it.numbers("vigia.db", "SELECT COALESCE(MAX(id), 0) + 1 FROM unclaimed").await[0];
    let columns = "device_id, key_id, password_hash, created_ms, seen_ms";
    let now = support::NOW;
    let sql =
        format!("INSERT INTO unclaimed ({columns}) SELECT 'u{number}', id, '', {now}, {now} FROM provisioning_keys WHERE name = 'batch'");
    it.sql("vigia.db", &sql).await;
    format!("u{number}")
}

/// The number of a new customer.
async fn somebody(it: &Installation) -> i64 {
    let number = it.numbers("vigia.db", "SELECT COALESCE(MAX(id), 0) + 1 FROM users").await[0];
    let email = format!("customer{number}@example.org");
    it.user(&email, Role::Customer).await;
    users::by_email(it.app.registry(), &email).await.expect("asked").expect("there").id.0
}

/// The id of a new device of the owner's.
async fn another_device(it: &Installation) -> String {
    let number = it.numbers("vigia.db", "SELECT COALESCE(MAX(number), 0) + 1 FROM devices").await[0];
    let id = format!("t{number}");
    it.device(&id, Some("own@example.org")).await;
    id
}

fn success(route: &Route) -> u16 {
    // Without a broker the installation of this test is alive and not ready.
    if route.path == "/readyz" { 503 } else { route.example.ends }
}

/// Headers that say who asks; of a person the address, because each of their requests gets a session of its own.
async fn credentials(it: &Installation) -> Vec<(&'static str, String)> {
    for (email, role) in [
        ("ana@example.org", Role::Admin),
        ("sam@example.org", Role::Staff),
        ("own@example.org", Role::Customer),
        ("eva@example.org", Role::Customer),
        ("gone@example.org", Role::Admin),
        ("leo@example.org", Role::Viewer),
        ("bea@example.org", Role::Staff),
    ] {
        it.user(email, role).await;
    }
    let revoked = it.key("revoked", &[Scope::Admin]).await;
    it.sql("vigia.db", "UPDATE api_keys SET revoked_ms = 1 WHERE name = 'revoked'").await;
    // Their sessions begin all the same, so that it is the account that is refused and not a session that never was.
    it.sql("vigia.db", "UPDATE users SET disabled_ms = 1 WHERE email = 'gone@example.org'").await;
    it.sql("vigia.db", "UPDATE users SET withdrawn = 'devices:control,devices:manage,people:manage' WHERE email = 'bea@example.org'").await;
    let owners = it.key("owners", &Scope::ALL).await;
    it.sql("vigia.db", "UPDATE api_keys SET owner_id = (SELECT id FROM users WHERE email = 'own@example.org') WHERE name = 'owners'").await;
    let expired = it.key("expired", &[Scope::Admin]).await;
    it.sql("vigia.db", "UPDATE api_keys SET expires_ms = 1 WHERE name = 'expired'").await;
    let bearer = |token: String| ("authorization", format!("Bearer {token}"));
    let (_, own) = it.device("m1", Some("own@example.org")).await;
    let (_, other) = it.device("m2", Some("eva@example.org")).await;
    vec![
        ("x-nothing", "1".to_owned()),
        bearer("vgd_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned()),
        ("cookie", "own@example.org".to_owned()),
        ("cookie", "eva@example.org".to_owned()),
        ("cookie", "sam@example.org".to_owned()),
        ("cookie", "ana@example.org".to_owned()),
        bearer(own),
        bearer(other),
        ("x-api-key", it.key("reads", &[Scope::TelemetryRead]).await),
        ("x-api-key", it.key("writes", &[Scope::TelemetryWrite]).await),
        ("x-api-key", it.key("metrics", &[Scope::MetricsRead]).await),
        ("x-api-key", it.key("steers", &[Scope::DevicesControl]).await),
        ("x-api-key", it.key("everything", &[Scope::Admin]).await),
        ("x-api-key", revoked),
        ("cookie", "gone@example.org".to_owned()),
        ("cookie", "leo@example.org".to_owned()),
        ("x-api-key", owners),
        ("x-api-key", expired),
        ("cookie", "bea@example.org".to_owned()),
    ]
}

/// Signing in and out ends the session that it is asked in, so no two requests share one.
async fn session_of(it: &Installation, header: &str, value: &str) -> String {
    if header == "cookie" { it.cookie(value).await } else { value.to_owned() }
}

/// The status, and whether the body was touched.
async fn ask(it: &Installation, route: &Route, path: &str, header: &str, value: &str) -> (u16, bool) {
    let value = session_of(it, header, value).await;
    let touched = Arc::new(AtomicBool::new(false));
    let (kind, body) = match (&route.method, route.example.body) {
        (&Method::POST | &Method::PUT | &Method::PATCH | &Method::DELETE, Some((kind, text))) => {
            let seen = Arc::clone(&touched);
            let bytes = Bytes::from_static(text.as_bytes());
            let stream = stream::once(async move {
                seen.store(true, Ordering::SeqCst);
                Ok::<_, Infallible>(bytes)
            });
            (kind, Body::from_stream(stream))
        }
        _ => ("text/plain", Body::empty()),
    };
    let answer = it.ask(route.method.clone(), path, &[(header, &value), ("content-type", kind)], body).await;
    (answer.status.as_u16(), touched.load(Ordering::SeqCst))
}

async fn handshake(address: std::net::SocketAddr, path: &str, header: &'static str, value: &str) -> u16 {
    let mut request = format!("ws://{address}{path}").into_client_request().expect("a request");
    request.headers_mut().insert(header, value.parse().expect("a header"));
    match tokio_tungstenite::connect_async(request).await {
        Ok((_, response)) => response.status().as_u16(),
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
    }
}
