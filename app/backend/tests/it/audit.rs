//! What is changed is noted, and what cannot be noted is not changed.

use std::sync::Arc;

use axum::http::Method;
use serde_json::json;
use tower_sessions::Session;
use vigia_backend::auth::{account, links, session, sign_in};
use vigia_backend::db::users::{NewUser, Profile};
use vigia_backend::db::{devices, keys, users};
use vigia_backend::fleet;
use vigia_backend::origin::Origin;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;
use vigia_domain::rights::Scope;
use vigia_domain::user::Role;

use crate::support::{BY, HERE, NOW, TEST, both, new_key};

both! {
    async fn each_change_leaves_its_row(it: Installation) {
        it.user("ana@example.org", Role::Admin).await;
        it.device("m1", None).await;
        it.key("grafana", &[]).await;
        users::set_password(it.app.registry(), "ana@example.org", "hash", BY).await.expect("set");
        it.cookie("ana@example.org").await;
        for (action, target) in [
            ("user.add", "user:1"),
            ("device.add", "m1"),
            ("api-key.add", "key:1"),
            ("user.password", "user:1"),
            ("session.begin", "test"),
        ] {
            let sql = format!("SELECT COUNT(*) FROM audit WHERE action = '{action}' AND target = '{target}'");
            assert_eq!(it.numbers("vigia.db", &sql).await, [1], "{action}");
        }
    }

    async fn nobody_changes_what_was_noted(it: Installation) {
        it.user("ana@example.org", Role::Admin).await;
        for sql in ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"] {
            let refused = it.try_sql("vigia.db", sql).await.expect_err("refused").to_string();
            assert!(refused.contains("append-only"), "{sql}: {refused}");
        }
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM audit").await, [1]);
    }

    async fn the_log_is_searched_by_who_what_where_and_when(it: Installation) {
        it.user("ana@example.org", Role::Admin).await;
        it.user("eva@example.org", Role::Customer).await;
        it.device("m1", None).await;
        let from = Origin::new("192.0.2.7".parse().ok(), Some("curl/8"));
        let ana = users::by_email(it.app.registry(), "ana@example.org").await.expect("asked").expect("there").id;
        it.world.advance(60_000);
        let set = async |name| account::set_profile(&it.app, &from, ana, Profile { name: Some(name), ..Profile::default() }).await.expect("kept");
        set("Ana 100%").await;
        set("Ana_Pozo").await;
        let key = it.key("reader", &[Scope::Admin]).await;
        let find = async |query: &str| {
            let answer = it.ask(Method::GET, &format!("/api/v1/audit{query}"), &[("x-api-key", &key)], "").await;
            assert_eq!(answer.status, 200, "{query}: {}", answer.text);
            let link = answer.headers.get("link").map(|link| link.to_str().expect("text").to_owned());
            let rows = answer.json().as_array().expect("a list").clone();
            (rows.iter().map(|row| row["action"].as_str().expect("a text").to_owned()).collect::<Vec<_>>(), rows, link)
        };
        let (actions, rows, _) = find("?target=user:1&action=user.profile").await;
        assert_eq!(actions, ["user.profile"; 2]);
        assert_eq!((rows[0]["origin"].as_str(), rows[0]["actor"].as_str()), (Some("192.0.2.7"), Some("user:1")));
        assert_eq!((&rows[0]["detail"]["before"]["name"], &rows[0]["detail"]["after"]["name"]), (&json!("Ana 100%"), &json!("Ana_Pozo")));
        assert_eq!(find("?action=user.").await.0, ["user.profile", "user.profile", "user.add", "user.add"]);
        assert_eq!(find("?q=192.0.2").await.0, ["user.profile", "user.profile"]);
        assert_eq!(find("?q=0%25").await.0.len(), 2, "a percent is a percent");
        assert_eq!(find("?q=a_p").await.0.len(), 3, "an underscore is one; Ana_Pozo is found by her name, and all rows are hers");
        assert_eq!(find("?q=EVA@example").await.0, ["user.add"], "a person's rows by their address, which no row holds");
        assert_eq!(find("?q=x%00y").await.0.len(), 0);
        set("Ñandú Ángel").await;
        assert_eq!(find("?q=%C3%81NGEL%20nandu&action=user.profile").await.0.len(), 3, "whatever the case and the accents, on both databases");
        let at = vigia_domain::time::to_text(NOW + 30_000);
        assert_eq!(find(&format!("?from={at}&actor=user:1")).await.0.len(), 3);
        assert_eq!(find(&format!("?to={at}&action=user.")).await.0.len(), 2);
        let (first, _, next) = find("?limit=2").await;
        let next = next.expect("there are more");
        let address = next.trim_start_matches("</api/v1/audit").split('>').next().expect("an address");
        assert!(next.ends_with("rel=\"next\"") && first.len() == 2, "{next}");
        assert_eq!(find(address).await.0.len(), 2);
        for (query, field) in [("?limit=0", "limit"), ("?cursor=x", "cursor"), ("?from=yesterday", "from"), ("?who=ana", "who"), ("?q=a&q=b", "q")] {
            let answer = it.ask(Method::GET, &format!("/api/v1/audit{query}"), &[("x-api-key", &key)], "").await;
            assert_eq!((answer.status.as_u16(), answer.json()["field"].as_str()), (422, Some(field)), "{query}");
        }
    }

    async fn nothing_is_changed_that_cannot_be_noted(it: Installation) {
        let registry = it.app.registry().clone();
        it.user("ana@example.org", Role::Admin).await;
        let (device, token) = it.device("m1", None).await;
        let cookie = it.cookie("ana@example.org").await;
        let link = links::setup(&registry, it.app.world(), "http://x").await.expect("made");
        let code = link.split_once('#').expect("a code").1;
        it.sql("vigia.db", "DROP TABLE audit").await;

        let id = DeviceId::new("m2").expect("an id");
        let new = |id| fleet::NewDevice { actor: TEST, id, kind: DeviceKind::Switch, name: None, owner: None };
        assert!(fleet::register(&registry, it.app.world(), new(&id)).await.is_err());
        assert!(devices::by_id(&registry, &id).await.expect("asked").is_none());
        assert!(fleet::adopt(&registry, it.app.world(), new(&device.id)).await.is_err());
        let hash = vigia_backend::auth::token::hash(token.as_bytes());
        assert!(devices::by_token_hash(&registry, &hash).await.expect("asked").is_some(), "the old token still works");
        assert!(keys::insert(&registry, new_key("grafana", "h"), BY).await.is_err());
        assert!(keys::by_hash(&registry, "h", NOW).await.expect("asked").is_none());
        let new = NewUser { email: "eva@example.org", name: "", role: Role::Staff, password_hash: None };
        assert!(users::insert(&registry, &new, BY).await.is_err());
        assert!(users::by_email(&registry, "eva@example.org").await.expect("asked").is_none());
        assert!(users::set_password(&registry, "ana@example.org", "other", BY).await.is_err());
        let ana = users::by_email(&registry, "ana@example.org").await.expect("asked").expect("there");
        assert_ne!(ana.password_hash.as_deref(), Some("other"));
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM sessions").await, [1], "{cookie} is still signed in");

        let browser = || Session::new(None, Arc::new(it.app.sessions().clone()), None);
        assert!(sign_in::redeem_setup(&it.app, &browser(), HERE, code, "eva@example.org", "Eva", "correct horse battery").await.is_err());
        assert!(users::by_email(&registry, "eva@example.org").await.expect("asked").is_none());
        assert!(session::begin(&browser(), ana.id, "test", HERE).await.is_err());
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM sessions").await, [1], "and nobody else");
    }
}
