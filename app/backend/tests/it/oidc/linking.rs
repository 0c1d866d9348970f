//! What somebody is to providers, linked and unlinked in their own settings.

use axum::http::Method;
use serde_json::{Value, json};
use vigia_backend::auth::oidc::{self, NotUnlinked, Refused};
use vigia_backend::auth::own_data;
use vigia_backend::db::users;
use vigia_domain::ids::UserId;
use vigia_domain::user::Role;

use super::provider::{Question, Signed};
use super::{INVITED, Scene, as_it_is, scenes, session_of};
use crate::mail::mails;
use crate::support::HERE;

async fn id_of(s: &Scene, email: &str) -> UserId {
    users::by_email(s.it.app.registry(), email).await.expect("asked").expect("there").id
}

/// Sends the form and follows its answer: where it ends.
async fn link(s: &Scene, cookie: &str, email: &str, change: impl FnOnce(&mut Value)) -> String {
    let user = id_of(s, email).await;
    oidc::may_link(&s.it.app, &session_of(&s.it, cookie), user, "op").await.expect("asked");
    let (status, _, cookie, page) = s.go("/api/v1/auth/oidc/op?next=%2Fsettings", cookie).await;
    assert_eq!(status, 200, "behind a form no redirect leads to another site");
    assert!(page.contains("Own &lt;b&gt;sign-in&lt;/b&gt;"), "{page}");
    let url = page.split_once("0;url=").and_then(|(_, rest)| rest.split_once('"')).expect("a way on").0.replace("&amp;", "&");
    let question = Question::at(&url);
    let code = s.op.grant(&question, Signed::Rightly, s.now_ms(), change);
    s.back(&question, &code, &cookie).await.0
}

/// As another address that nobody vouches for: who links is who is signed in.
fn elsewhere(claims: &mut Value) {
    claims["email"] = json!("eva@elsewhere.example");
    claims["email_verified"] = json!(false);
}

scenes! {
    with INVITED:
    async fn who_is_signed_in_links_what_they_are_and_comes_in_by_it(s: Scene) {
        s.it.user("ana@example.org", Role::Staff).await;
        s.it.user("luis@example.org", Role::Customer).await;
        let (ana, luis) = (s.it.cookie("ana@example.org").await, s.it.cookie("luis@example.org").await);
        assert_eq!(link(s, &ana, "ana@example.org", elsewhere).await, "/settings?done=linked");
        assert_eq!(link(s, &ana, "ana@example.org", elsewhere).await, "/settings?done=linked", "once more changes nothing");
        assert_eq!(s.count("SELECT COUNT(*) FROM identities").await, 1);
        assert_eq!(s.whose(&ana).await, "ana@example.org", "the session goes on");
        let (location, cookie) = s.come(Signed::Rightly, elsewhere).await;
        assert_eq!((location.as_str(), s.whose(&cookie).await.as_str()), ("/", "ana@example.org"));
        assert_eq!(link(s, &luis, "luis@example.org", elsewhere).await, "/settings?oidc=taken");
        assert_eq!(s.whose(&luis).await, "luis@example.org");
        let (id, own) = (id_of(s, "ana@example.org").await, oidc::linked(&s.it.app, id_of(s, "ana@example.org").await).await.expect("asked"));
        assert_eq!(own.iter().map(|one| (one.label.as_str(), one.email.as_deref())).collect::<Vec<_>>(), [("Own <b>sign-in</b>", Some("eva@elsewhere.example"))]);
        let noted = format!("SELECT COUNT(*) FROM audit WHERE action = 'user.identity.add' AND target = 'user:{0}' AND actor = 'user:{0}'", id.0);
        assert_eq!(s.count(&noted).await, 1);
        let told = mails(&s.it).await;
        assert!(told.len() == 1 && told[0].contains("To: ana@example.org"), "once, and him whom nothing was linked to not: {told:?}");
        assert!(told[0].contains("una cuenta de otro servicio") && told[0].contains("El 2026-03-01 12:00 UTC"), "{}", told[0]);
        assert!(told[0].contains("https://vigia.example.org/settings\r\n"), "{}", told[0]);
    }

    async fn nothing_is_linked_that_no_form_has_just_asked_for(s: Scene) {
        s.it.user("ana@example.org", Role::Staff).await;
        let ana = s.it.cookie("ana@example.org").await;
        // Another site leads her browser here: somebody signs in, and nothing is linked to her.
        let (question, cookie) = s.begin("", &ana).await;
        let code = s.op.grant(&question, Signed::Rightly, s.now_ms(), elsewhere);
        assert_eq!(s.back(&question, &code, &cookie).await.0, "/sign-in?oidc=unverified");
        assert_eq!(s.count("SELECT COUNT(*) FROM identities").await, 0);
        // Too late, and at another provider.
        let user = id_of(s, "ana@example.org").await;
        oidc::may_link(&s.it.app, &session_of(&s.it, &ana), user, "op").await.expect("asked");
        s.it.world.advance(60_000);
        s.begin("", &ana).await;
        let unknown = oidc::may_link(&s.it.app, &session_of(&s.it, &ana), user, "nobody").await;
        assert!(matches!(unknown, Err(Refused::Unknown)), "{unknown:?}");
    }

    async fn the_last_way_in_stays(s: Scene) {
        s.it.user("eva@example.org", Role::Customer).await;
        assert_eq!(s.come(Signed::Rightly, as_it_is).await.0, "/");
        let eva = id_of(s, "eva@example.org").await;
        let own = async || oidc::linked(&s.it.app, eva).await.expect("asked").iter().map(|one| one.id).collect::<Vec<_>>();
        let unlink = async |user: UserId, id: i64| oidc::unlink(&s.it.app, HERE, user, id).await;
        let first = own().await[0];
        s.it.user("luis@example.org", Role::Customer).await;
        assert!(matches!(unlink(id_of(s, "luis@example.org").await, first).await, Err(NotUnlinked::Missing)), "not his");
        s.it.sql("vigia.db", "UPDATE users SET password_hash = NULL WHERE email = 'eva@example.org'").await;
        assert!(matches!(unlink(eva, first).await, Err(NotUnlinked::LastWay)));
        let cookie = s.it.cookie("eva@example.org").await;
        assert_eq!(link(s, &cookie, "eva@example.org", |claims| claims["sub"] = json!("s-2")).await, "/settings?done=linked");
        unlink(eva, first).await.expect("there is another");
        let second = own().await;
        assert_eq!(second.len(), 1);
        assert!(matches!(unlink(eva, second[0]).await, Err(NotUnlinked::LastWay)));
        s.it.sql("vigia.db", "UPDATE users SET password_hash = 'x' WHERE email = 'eva@example.org'").await;
        unlink(eva, second[0]).await.expect("there is a password");
        assert_eq!(s.count("SELECT COUNT(*) FROM audit WHERE action = 'user.identity.remove'").await, 2);
    }

    async fn who_leaves_takes_them_along_and_nothing_is_left(s: Scene) {
        s.it.user("ana@example.org", Role::Admin).await;
        s.it.user("eva@example.org", Role::Customer).await;
        let (_, cookie) = s.come(Signed::Rightly, as_it_is).await;
        let data = s.it.ask(Method::GET, "/api/v1/users/me/export", &[("cookie", &cookie)], "").await.json();
        assert_eq!((&data["identities"][0]["subject"], &data["identities"][0]["issuer"]), (&json!("s-1"), &json!(s.op.issuer())), "{data}");
        let eva = id_of(s, "eva@example.org").await;
        own_data::delete(&s.it.app, None, HERE, eva, "correct horse battery").await.expect("deleted");
        assert_eq!(s.count("SELECT COUNT(*) FROM identities").await, 0);
        assert_eq!(s.come(Signed::Rightly, as_it_is).await.0, "/sign-in?oidc=no-account");
    }
}
