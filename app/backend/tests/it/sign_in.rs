//! Ways in for people, through the session store of either database.

use std::sync::Arc;

use tower_sessions::Session;
use vigia_backend::auth::redeem::{self, Entered};
use vigia_backend::auth::sign_in::{self, SignInError};
use vigia_backend::auth::{links, session};
use vigia_backend::origin::Origin;
use vigia_domain::user::Role;

use crate::support::{HERE, Installation, both};

fn browser(it: &Installation) -> Session {
    Session::new(None, Arc::new(it.app.sessions().clone()), None)
}

async fn setup_code(it: &Installation) -> String {
    let link = links::setup(it.app.registry(), it.app.world(), "http://x").await.expect("made");
    link.strip_prefix("http://x/setup#").expect("the code is behind the #").to_owned()
}

fn from(address: &str) -> Origin {
    address.parse::<std::net::IpAddr>().expect("an address").into()
}

both! {
    async fn the_first_administrator_comes_by_a_link_that_works_once(it: Installation) {
        let code = setup_code(it).await;
        let me = browser(it);
        let redeem = async |email: &str, password: &str| sign_in::redeem_setup(&it.app, &me, HERE, &code, email, "Ana", password).await;
        assert!(matches!(redeem("ana", "correct horse battery").await, Err(SignInError::Email)));
        assert!(matches!(redeem("ana@example.org", "short").await, Err(SignInError::Password(_))));
        assert_eq!(redeem("ana@example.org", "correct horse battery").await.expect("made").visitor().expect("in").role, Role::Admin);
        assert!(matches!(redeem("eva@example.org", "correct horse battery").await, Err(SignInError::LinkOver)));
        assert!(session::user(&me).await.expect("read").is_some(), "signed in at once");
        it.world.advance(links::SETUP_MS + 1);
        let late = setup_code(it).await;
        it.world.advance(links::SETUP_MS + 1);
        assert!(matches!(sign_in::redeem_setup(&it.app, &me, HERE, &late, "eva@example.org", "", "correct horse battery").await, Err(SignInError::LinkOver)));
    }

    async fn what_no_database_keeps_is_a_wrong_try_and_no_failure(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        for email in ["a\0@b.cd", "ana@example.org\0", "'; DROP TABLE users; --"] {
            let said = sign_in::sign_in(&it.app, &browser(it), HERE, email, "correct horse battery").await;
            assert!(matches!(said, Err(SignInError::Wrong)), "{email:?}: {said:?}");
        }
        let code = setup_code(it).await;
        let made = sign_in::redeem_setup(&it.app, &browser(it), HERE, &code, "eva@example.org", "E\0va\u{7}", "correct horse battery").await;
        assert_eq!(made.expect("made").visitor().expect("in").name, "Eva");
    }

    async fn a_link_survives_a_mistake_in_the_form(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        let code = setup_code(it).await;
        let me = browser(it);
        assert!(matches!(sign_in::redeem_setup(&it.app, &me, HERE, &code, "ana@example.org", "", "correct horse battery").await, Err(SignInError::EmailTaken)));
        sign_in::redeem_setup(&it.app, &me, HERE, &code, "eva@example.org", "", "correct horse battery").await.expect("the link still works");
    }

    async fn only_the_last_setup_link_works_and_none_after_the_first_administrator(it: Installation) {
        let (first, second) = (setup_code(it).await, setup_code(it).await);
        let redeem = async |code: &str, email: &str| sign_in::redeem_setup(&it.app, &browser(it), HERE, code, email, "", "correct horse battery").await;
        assert!(matches!(redeem(&first, "ana@example.org").await, Err(SignInError::LinkOver)));
        redeem(&second, "ana@example.org").await.expect("made");
        let third = setup_code(it).await;
        redeem(&third, "eva@example.org").await.expect("an operator at the machine may make another");
    }

    async fn the_right_password_opens_and_nothing_else_says_why_not(it: Installation) {
        it.user("ana@example.org", Role::Staff).await;
        let me = browser(it);
        for (email, password) in [("ana@example.org", "wrong horse!"), ("nobody@example.org", "correct horse battery"), ("", ""), ("ana@example.org", &"x".repeat(5_000))] {
            assert!(matches!(sign_in::sign_in(&it.app, &me, HERE, email, password).await, Err(SignInError::Wrong)));
        }
        assert!(session::user(&me).await.expect("read").is_none());
        let visitor = sign_in::sign_in(&it.app, &me, HERE, " ANA@example.org", "correct horse battery").await.expect("in").visitor().expect("at once");
        assert_eq!((visitor.name.as_str(), visitor.role), ("ana", Role::Staff));
        assert!(session::user(&me).await.expect("read").is_some());
        sign_in::sign_out(&it.app, &me, HERE).await.expect("out");
        assert!(session::user(&me).await.expect("read").is_none());
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM audit WHERE action = 'session.end' AND actor = 'user:1'").await, [1]);
    }

    async fn an_entry_link_signs_its_user_in_once(it: Installation) {
        it.user("visitor@example.org", Role::Admin).await;
        let user = vigia_backend::db::users::by_email(it.app.registry(), "visitor@example.org").await.expect("asked").expect("there");
        let link = links::enter(it.app.registry(), it.app.world(), "http://x", user.id).await.expect("made");
        let code = link.strip_prefix("http://x/enter#").expect("the code is behind the #");
        let entered = redeem::entry(&it.app, &browser(it), HERE, code).await.expect("in");
        assert!(matches!(entered, Entered::In(visitor) if visitor.email == "visitor@example.org"));
        assert!(matches!(redeem::entry(&it.app, &browser(it), HERE, code).await, Err(SignInError::LinkOver)));
        assert!(matches!(sign_in::redeem_setup(&it.app, &browser(it), HERE, code, "x@example.org", "", "correct horse battery").await, Err(SignInError::LinkOver)));
    }

    async fn guesses_are_counted_and_what_is_right_is_not(it: Installation) {
        it.user("ana@example.org", Role::Staff).await;
        let (home, elsewhere) = (&from("192.0.2.7"), &from("192.0.2.8"));
        let me = browser(it);
        let try_it = async |from: &Origin, password: &str| sign_in::sign_in(&it.app, &me, from, "ana@example.org", password).await;
        for _ in 0..15 {
            try_it(home, "correct horse battery").await.expect("as often as one likes");
        }
        for _ in 0..10 {
            assert!(matches!(try_it(home, "wrong horse!").await, Err(SignInError::Wrong)));
        }
        let Err(SignInError::TooMany(many)) = try_it(home, "correct horse battery").await else { panic!("not even the right one") };
        assert!((50..=60).contains(&many.seconds()), "{many}");
        try_it(elsewhere, "correct horse battery").await.expect("from elsewhere she still gets in");
        it.world.advance(60_000);
        try_it(home, "correct horse battery").await.expect("after the wait");
    }

    async fn codes_of_links_cannot_be_guessed_for_ever(it: Installation) {
        let code = setup_code(it).await;
        let (here, elsewhere) = (&from("192.0.2.7"), &from("192.0.2.8"));
        for n in 0..60 {
            let outcome = if n % 2 == 0 {
                redeem::entry(&it.app, &browser(it), here, "vgl_guess").await.map(drop)
            } else {
                sign_in::redeem_setup(&it.app, &browser(it), here, "vgl_guess", "x@example.org", "X", "correct horse battery").await.map(drop)
            };
            assert!(matches!(outcome, Err(SignInError::LinkOver)));
        }
        let setup = async |from: &Origin| sign_in::redeem_setup(&it.app, &browser(it), from, &code, "ana@example.org", "Ana", "correct horse battery").await;
        assert!(matches!(setup(here).await, Err(SignInError::TooMany(_))));
        setup(elsewhere).await.expect("from elsewhere");
    }
}
