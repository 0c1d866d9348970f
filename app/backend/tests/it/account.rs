//! One's own account: profile, password, sessions.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tower_sessions::Session;
use vigia_backend::auth::account;
use vigia_backend::auth::own_data::{self, Most};
use vigia_backend::auth::session;
use vigia_backend::auth::sign_in::{self, SignInError};
use vigia_backend::db::keys::{self, NewKey};
use vigia_backend::db::users::{self, Profile};
use vigia_domain::user::Role;

use crate::support::{BY, HERE, both, new_key};

both! {
    async fn who_changes_their_password_stays_in_and_everybody_else_is_out(it: Installation) {
        it.user("ana@example.org", Role::Staff).await;
        let ana = users::by_email(it.app.registry(), "ana@example.org").await.expect("asked").expect("there").id;
        let other = it.cookie("ana@example.org").await;
        let own = Session::new(None, Arc::new(it.app.sessions().clone()), None);
        session::begin(&own, ana, "test", HERE).await.expect("begun");
        let change = async |current: &str, new: &str| account::change_password(&it.app, &own, HERE, ana, current, new).await;
        assert!(matches!(change("wrong horse!", "another horse").await, Err(SignInError::Wrong)));
        assert!(matches!(change("correct horse battery", "short").await, Err(SignInError::Password(_))));
        let listed = account::own_sessions(&it.app, &own, ana).await.expect("asked");
        assert_eq!((listed.len(), listed.iter().filter(|s| s.is_this).count()), (2, 1), "what was refused ended nothing");

        change("correct horse battery", "another horse").await.expect("changed");
        assert_eq!(account::own_sessions(&it.app, &own, ana).await.expect("asked").len(), 1);
        assert_eq!(it.ask(Method::GET, "/api/v1/devices", &[("cookie", &other)], "").await.status, StatusCode::UNAUTHORIZED);
        let new = Session::new(None, Arc::new(it.app.sessions().clone()), None);
        assert!(sign_in::sign_in(&it.app, &new, HERE, "ana@example.org", "correct horse battery").await.is_err());
        sign_in::sign_in(&it.app, &new, HERE, "ana@example.org", "another horse").await.expect("the new one opens");
        assert_eq!(account::end_other_sessions(&it.app, &own, HERE, ana).await.expect("ended"), 1);
        let noted = it.numbers("vigia.db", "SELECT COUNT(*) FROM audit WHERE action IN ('user.password', 'session.end-others')").await;
        assert_eq!(noted, [2]);
    }

    async fn a_profile_keeps_what_is_chosen_and_leaves_the_rest(it: Installation) {
        it.user("ana@example.org", Role::Staff).await;
        let ana = users::by_email(it.app.registry(), "ana@example.org").await.expect("asked").expect("there").id;
        let set = async |profile: Profile<'_>| account::set_profile(&it.app, HERE, ana, profile).await.expect("kept");
        set(Profile { name: Some(" Ana\u{0} \"<b>\" 🏡 "), lang: Some("en"), theme: Some("dark"), zone: Some("America/Mexico_City") }).await;
        set(Profile { theme: Some("light"), ..Profile::default() }).await;
        let user = users::by_id(it.app.registry(), ana).await.expect("asked").expect("there");
        assert_eq!((user.name.as_str(), user.lang.as_deref(), user.theme.as_deref()), ("Ana \"<b>\" 🏡", Some("en"), Some("light")));
    }

    async fn nobody_changes_their_account_without_end_and_nobody_else_is_held_up(it: Installation) {
        let mut ids = Vec::new();
        for email in ["ana@example.org", "eva@example.org"] {
            it.user(email, Role::Customer).await;
            ids.push(users::by_email(it.app.registry(), email).await.expect("asked").expect("there").id);
        }
        let set = async |id| account::set_profile(&it.app, HERE, id, Profile { theme: Some("dark"), ..Profile::default() }).await;
        let mut kept = 0;
        let refused = loop {
            match set(ids[0]).await {
                Ok(()) => kept += 1,
                Err(refused) => break refused,
            }
            assert!(kept < 100, "there is a bound");
        };
        assert!(matches!(refused, SignInError::TooMany(many) if (1..=2).contains(&many.seconds())) && kept >= 30, "{refused} after {kept}");
        set(ids[1]).await.expect("somebody else");
        it.world.advance(2_000);
        set(ids[0]).await.expect("one more");
    }

    async fn what_is_too_much_for_the_file_of_ones_own_data_is_named_in_it(it: Installation) {
        it.user("eva@example.org", Role::Customer).await;
        let eva = users::by_email(it.app.registry(), "eva@example.org").await.expect("asked").expect("there").id;
        for name in ["one", "two", "three"] {
            it.device(name, Some("eva@example.org")).await;
            keys::insert(it.app.registry(), NewKey { owner: Some(eva), ..new_key(name, name) }, BY).await.expect("added");
            account::set_profile(&it.app, HERE, eva, Profile { name: Some(name), ..Profile::default() }).await.expect("kept");
        }
        // Somebody else's are not hers, and nobody is told of them.
        it.device("others", None).await;
        keys::insert(it.app.registry(), new_key("others", "others"), BY).await.expect("added");
        let export = async |noted, devices, keys| own_data::export_at_most(&it.app, eva, Most { noted, devices, keys, sessions: 100 }).await.expect("made");
        let called = |data: &Value, kind: &str, field: &str| data[kind].as_array().expect("a list").iter().map(|one| one[field].clone()).collect::<Vec<_>>();

        // Three names by herself; of her those, and that she was added.
        let whole = export(4, 3, 3).await;
        assert_eq!((&whole["left_out"], whole["audit"].as_array().map(Vec::len)), (&json!([]), Some(4)), "{whole}");
        assert_eq!((called(&whole, "devices", "id").len(), called(&whole, "api_keys", "name").len()), (3, 3), "{whole}");

        let cut = export(2, 2, 2).await;
        assert_eq!(cut["left_out"], json!(["audit", "devices", "api_keys"]), "{cut}");
        assert_eq!(called(&cut, "devices", "id"), ["one", "two"], "the oldest");
        assert_eq!(called(&cut, "api_keys", "name"), ["three", "two"], "the newest");
        assert_eq!(called(&cut, "audit", "detail").iter().map(|detail| &detail["after"]["name"]).collect::<Vec<_>>(), ["three", "two"]);

        // Each by itself; and of the log also where only what others did is too much.
        assert_eq!(export(4, 2, 3).await["left_out"], json!(["devices"]));
        assert_eq!(export(4, 3, 2).await["left_out"], json!(["api_keys"]));
        let cut = export(3, 3, 3).await;
        assert_eq!((&cut["left_out"], cut["audit"].as_array().map(Vec::len)), (&json!(["audit"]), Some(3)), "how she was added: {cut}");
        assert_eq!(own_data::export(&it.app, eva).await.expect("made"), whole, "so little is there whole");
    }
}
