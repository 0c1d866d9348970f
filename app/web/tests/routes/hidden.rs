//! A customer and their key see their own devices, and of another's no more than of one that there is not.

use std::sync::Arc;

use axum::http::Method;
use vigia_backend::http::Right;
use vigia_backend::http::assets::AssetNames;
use vigia_domain::rights::Scope;
use vigia_domain::user::Role;

use crate::support::{Answer, Engine, Installation};
use crate::{NoFiles, table};

const OWN: &str = "pump-own";
const ANOTHERS: &str = "pump-eva";
/// As long as the other: a header or a page that says how long it is would tell them apart.
const NOBODYS: &str = "pump-non";

/// Two customers with a device each, and how the first of them asks: with a session, and with a key that has every scope.
async fn luis_and_eva(engine: Engine) -> (Installation, [(&'static str, String); 2]) {
    let mut it = Installation::new(engine).await;
    it.router = vigia_web::site::site(&it.app, Arc::new(NoFiles), AssetNames::default);
    for (email, device) in [("luis@example.org", OWN), ("eva@example.org", ANOTHERS)] {
        it.user(email, Role::Customer).await;
        it.device(device, Some(email)).await;
    }
    let (cookie, key) = (it.cookie("luis@example.org").await, it.key_of("luis@example.org", "all", &Scope::ALL).await);
    (it, [("cookie", cookie), ("x-api-key", key)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anothers_device_is_as_one_that_there_is_not_on_sqlite() {
    anothers_device(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anothers_device_is_as_one_that_there_is_not_on_postgres() {
    anothers_device(Engine::Postgres).await;
}

/// That their own answers where they may is in the walk.
async fn anothers_device(engine: Engine) {
    let (mut it, who) = luis_and_eva(engine).await;
    let who = who.each_ref().map(|(header, value)| (*header, value.as_str()));
    let admin = it.key("admin", &[Scope::Admin]).await;
    let given = it.post(&format!("/api/v1/devices/{ANOTHERS}/commands"), &admin, r#"{"id": "c1", "name": "switch.set"}"#).await;
    assert_eq!(given.status, 202, "{}", given.text);
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for route in table().into_iter().filter(|route| matches!(route.right, Right::NeedsDevice(_))) {
        let path = format!("{}{}", route.path.replace("{command}", "c1"), route.example.query);
        for (header, value) in who {
            let ask = async |device: &str| {
                let path = path.replace("{id}", device).replace("id=m1", &format!("id={device}"));
                let (kind, body) = route.example.body.unwrap_or(("text/plain", ""));
                it.ask(route.method.clone(), &path, &[(header, value), ("content-type", kind)], body).await
            };
            // What is changed is counted; a page tells the time, so both are asked at the same.
            it.world.advance(10 * 60_000);
            let (anothers, nobodys) = (ask(ANOTHERS).await, ask(NOBODYS).await);
            asked += 1;
            if anothers.status != 404 || told(&anothers) != told(&nobodys) {
                wrong.push(format!("{} {path} by {header}:\n{:?}\nand not\n{:?}", route.method, told(&anothers), told(&nobodys)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked >= 2 * 15, "{asked}: the table has lost its devices");
    // Nor is a command of another's device found by way of one's own.
    let commands = format!("/api/v1/devices/{OWN}/commands");
    for (header, value) in who {
        let given = [(header, value), ("content-type", "application/json")];
        let order = format!(r#"{{"id": "{header}", "name": "switch.set"}}"#);
        assert_eq!(it.ask(Method::POST, &commands, &given, order).await.status, 202, "by {header}");
        let ask = async |command: &str| it.ask(Method::GET, &format!("{commands}/{command}"), &given[..1], "").await;
        assert_eq!(ask(header).await.status, 200, "by {header}");
        let (anothers, nobodys) = (ask("c1").await, ask("c9").await);
        assert_eq!((anothers.status.as_u16(), told(&anothers)), (404, told(&nobodys)), "by {header}");
    }
    it.close().await;
}

/// An answer without what is another one in each: the number of the request, the word that lets a page's own scripts run, and what was asked for.
fn told(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let nonce = header("content-security-policy").split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or_default();
    let clean = |text: &str| {
        let each = [header("x-request-id"), nonce, ANOTHERS, NOBODYS];
        each.iter().filter(|one| !one.is_empty()).fold(text.to_owned(), |text, one| text.replace(one, "*"))
    };
    let headers = answer.headers.iter().map(|(name, value)| (name.to_string(), clean(&String::from_utf8_lossy(value.as_bytes()))));
    (answer.status.as_u16(), headers.collect(), clean(&answer.text))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_list_and_no_file_has_anothers_device_on_sqlite() {
    lists(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_list_and_no_file_has_anothers_device_on_postgres() {
    lists(Engine::Postgres).await;
}

async fn lists(engine: Engine) {
    let (mut it, who) = luis_and_eva(engine).await;
    let who = who.each_ref().map(|(header, value)| (*header, value.as_str()));
    for path in [
        "/",
        "/devices",
        "/devices?q=pump",
        "/devices.csv",
        "/devices.csv?q=pump",
        "/devices.csv?id=pump-own&id=pump-eva",
        "/ui/devices",
        "/ui/devices?q=pump",
        "/ui/find?q=pump",
        "/ui/mine",
        "/api/v1/devices",
        // The other one is newer.
        "/api/v1/devices?limit=1",
    ] {
        for (header, value) in who {
            let list = it.ask(Method::GET, path, &[(header, value)], "").await;
            assert_eq!(list.status, 200, "{path} by {header}: {}", list.text);
            assert!(list.text.contains(OWN) && !list.text.contains(ANOTHERS), "{path} by {header}: {}", list.text);
            assert!(!list.text.contains("eva@example.org"), "{path} by {header}: {}", list.text);
            let has_more = path.starts_with("/api/") && list.headers.contains_key("link");
            assert!(!has_more, "{path} by {header}: there is no other page");
        }
    }
    it.close().await;
}
