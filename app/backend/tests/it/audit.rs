//! What is changed is noted, and what cannot be noted is not changed.

use std::sync::Arc;

use tower_sessions::Session;
use vigia_backend::auth::{links, session, sign_in};
use vigia_backend::db::users::NewUser;
use vigia_backend::db::{devices, keys, users};
use vigia_backend::fleet;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;
use vigia_domain::user::Role;

use crate::support::{BY, both};

both! {
    async fn each_change_leaves_its_row(it: Installation) {
        it.user("ana@example.org", Role::Admin).await;
        it.device("m1", None).await;
        it.key("grafana", &[]).await;
        users::set_password(it.app.registry(), "ana@example.org", "hash", BY).await.expect("set");
        it.cookie("ana@example.org").await;
        for (action, target) in [
            ("user.add", "ana@example.org"),
            ("device.add", "m1"),
            ("api-key.add", "grafana"),
            ("user.password", "ana@example.org"),
            ("session.begin", "test"),
        ] {
            let sql = format!("SELECT COUNT(*) FROM audit WHERE action = '{action}' AND target = '{target}'");
            assert_eq!(it.numbers("vigia.db", &sql).await, [1], "{action}");
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
        let new = |id| fleet::NewDevice { actor: "test", id, kind: DeviceKind::Switch, name: None, owner: None };
        assert!(fleet::register(&registry, it.app.world(), new(&id)).await.is_err());
        assert!(devices::by_id(&registry, &id).await.expect("asked").is_none());
        assert!(fleet::adopt(&registry, it.app.world(), new(&device.id)).await.is_err());
        let hash = vigia_backend::auth::token::hash(token.as_bytes());
        assert!(devices::by_token_hash(&registry, &hash).await.expect("asked").is_some(), "the old token still works");
        assert!(keys::insert(&registry, "grafana", "h", &[], BY).await.is_err());
        assert!(keys::by_hash(&registry, "h").await.expect("asked").is_none());
        let new = NewUser { email: "eva@example.org", name: "", role: Role::Staff, password_hash: None };
        assert!(users::insert(&registry, &new, BY).await.is_err());
        assert!(users::by_email(&registry, "eva@example.org").await.expect("asked").is_none());
        assert!(users::set_password(&registry, "ana@example.org", "other", BY).await.is_err());
        let ana = users::by_email(&registry, "ana@example.org").await.expect("asked").expect("there");
        assert_ne!(ana.password_hash.as_deref(), Some("other"));
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM sessions").await, [1], "{cookie} is still signed in");

        let browser = || Session::new(None, Arc::new(it.app.sessions().clone()), None);
        assert!(sign_in::redeem_setup(&it.app, &browser(), None, code, "eva@example.org", "Eva", "correct horse battery").await.is_err());
        assert!(users::by_email(&registry, "eva@example.org").await.expect("asked").is_none());
        assert!(session::begin(&browser(), ana.id, "test").await.is_err());
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM sessions").await, [1], "and nobody else");
    }
}
