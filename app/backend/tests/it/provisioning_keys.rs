//! Keys for devices that nobody knows, made and ended by the interface. How devices come in with one: `broker/provisioning.rs`.

use axum::http::Method;
use serde_json::{Value, json};
use vigia_backend::auth::token;
use vigia_backend::db::unclaimed;
use vigia_domain::ids::DeviceId;
use vigia_domain::user::Role;

use crate::support::{BY, Installation, both};

const PATH: &str = "/api/v1/provisioning-keys";

async fn ask(it: &Installation, method: Method, path: &str, cookie: &str, body: Value) -> (u16, Value) {
    let answer = it.ask(method, path, &[("cookie", cookie), ("content-type", "application/json")], body.to_string()).await;
    (answer.status.as_u16(), if answer.text.is_empty() { Value::Null } else { answer.json() })
}

both! {
    async fn an_operator_makes_a_key_for_a_batch_of_devices_and_ends_it(it: Installation) {
        for (email, role) in [("sam@example.org", Role::Staff), ("eva@example.org", Role::Customer)] {
            it.user(email, role).await;
        }
        let (sam, eva) = (it.cookie("sam@example.org").await, it.cookie("eva@example.org").await);
        let wanted = json!({ "name": " batch 7 ", "kind": "energy_meter", "days": 2 });
        assert_eq!(ask(it, Method::POST, PATH, &eva, wanted.clone()).await.0, 403);
        let (status, made) = ask(it, Method::POST, PATH, &sam, wanted.clone()).await;
        assert_eq!(status, 201, "{made}");
        let key = made["key"].as_str().expect("a key");
        let is_good = async || unclaimed::key(it.app.registry(), &token::hash(key.as_bytes()), it.app.world().clock.now_ms()).await.expect("asked").is_some();
        assert!(key.starts_with("vgp_") && is_good().await);
        let (_, listed) = ask(it, Method::GET, PATH, &sam, Value::Null).await;
        let first = &listed[0];
        assert_eq!((&first["name"], &first["kind"], &first["waiting"]), (&json!("batch 7"), &json!("energy_meter"), &json!(0)), "{listed}");
        assert!(!listed.to_string().contains(key), "its text is told once");
        assert_eq!(ask(it, Method::POST, PATH, &sam, wanted.clone()).await.0, 409);
        for (wrong, field) in [(json!({}), "name"), (json!({ "name": "x", "kind": "toaster" }), "kind"), (json!({ "name": "x", "days": 0 }), "days")] {
            let (status, told) = ask(it, Method::POST, PATH, &sam, wrong).await;
            assert_eq!((status, &told["field"]), (422, &json!(field)), "{told}");
        }
        // A second key, with a device that waits by the first: each on a page of its own.
        assert_eq!(ask(it, Method::POST, PATH, &sam, json!({ "name": "<b>\u{7}2" })).await.0, 201);
        let number = first["id"].as_i64().expect("a number");
        let id = DeviceId::new("u1").expect("an id");
        let come = async |id| unclaimed::insert(it.app.registry(), id, number, "", 10, BY).await.expect("asked").is_some();
        assert!(come(&id).await);
        let page = it.ask(Method::GET, &format!("{PATH}?limit=1"), &[("cookie", &sam)], "").await;
        assert_eq!((&page.json()[0]["name"], &page.json()[0]["waiting"]), (&json!("<b>2"), &json!(0)));
        let next = page.headers["link"].to_str().expect("text").strip_prefix('<').and_then(|link| link.split_once('>')).expect("a next page").0.to_owned();
        let page = it.ask(Method::GET, &next, &[("cookie", &sam)], "").await;
        assert_eq!((&page.json()[0]["name"], &page.json()[0]["waiting"]), (&json!("batch 7"), &json!(1)));
        let one = format!("{PATH}/{number}");
        assert_eq!(ask(it, Method::DELETE, &one, &eva, Value::Null).await.0, 403);
        assert_eq!(ask(it, Method::DELETE, &one, &sam, Value::Null).await.0, 204);
        assert!(!is_good().await);
        assert_eq!(unclaimed::count(it.app.registry()).await.expect("asked"), 0, "who waited by it is forgotten");
        let late = DeviceId::new("u2").expect("an id");
        assert!(!come(&late).await, "who was let in by it before it ended, and comes after, does not wait by it");
        for gone in [one.as_str(), "/api/v1/provisioning-keys/batch%207", "/api/v1/provisioning-keys/a%00b", "/api/v1/provisioning-keys/."] {
            assert_eq!(ask(it, Method::DELETE, gone, &sam, Value::Null).await.0, 404, "{gone}");
        }
        assert_eq!(ask(it, Method::POST, PATH, &sam, wanted).await.0, 409, "the log tells keys apart by their names");
        let (_, listed) = ask(it, Method::GET, PATH, &sam, Value::Null).await;
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    }
}
