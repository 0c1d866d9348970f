//! Keys for devices that nobody knows, made and ended by the interface. How devices come in with one: `broker/provisioning.rs`.

use axum::http::Method;
use serde_json::{Value, json};
use vigia_backend::auth::token;
use vigia_backend::db::unclaimed;
use vigia_domain::user::Role;

use crate::support::{Installation, both};

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
        assert_eq!(ask(it, Method::POST, PATH, &sam, wanted).await.0, 409);
        for (wrong, field) in [(json!({}), "name"), (json!({ "name": "x", "kind": "toaster" }), "kind"), (json!({ "name": "x", "days": 0 }), "days")] {
            let (status, told) = ask(it, Method::POST, PATH, &sam, wrong).await;
            assert_eq!((status, &told["field"]), (422, &json!(field)), "{told}");
        }
        let one = format!("{PATH}/batch%207");
        assert_eq!(ask(it, Method::DELETE, &one, &eva, Value::Null).await.0, 403);
        assert_eq!(ask(it, Method::DELETE, &one, &sam, Value::Null).await.0, 204);
        assert!(!is_good().await);
        assert_eq!(ask(it, Method::DELETE, &one, &sam, Value::Null).await.0, 404);
        assert_eq!(ask(it, Method::GET, PATH, &sam, Value::Null).await.1, json!([]));
    }
}
