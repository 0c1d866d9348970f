//! One's own account: profile, password, sessions.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use tower_sessions::Session;
use vigia_backend::auth::account;
use vigia_backend::auth::session;
use vigia_backend::auth::sign_in::{self, SignInError};
use vigia_backend::db::users::{self, Profile};
use vigia_domain::user::Role;

use crate::support::{HERE, both};

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
}
