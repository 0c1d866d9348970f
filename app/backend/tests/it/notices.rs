//! Mails that tell somebody that a way into their account was changed: each is there with the change, and none without it. Those of passkeys and of
//! linked accounts stand in `passkeys.rs` and `oidc.rs`.

use vigia_backend::auth::api_key::{self, KeyError, Wanted};
use vigia_backend::auth::own_second_step as own;
use vigia_backend::auth::sign_in;
use vigia_backend::auth::{account, links, redeem, register};
use vigia_backend::db::links::Purpose;
use vigia_backend::db::mails::{self as waiting, Kind};
use vigia_backend::db::users;
use vigia_domain::ids::UserId;
use vigia_domain::rights::{Principal, Scope};
use vigia_domain::user::Role;

use crate::mail::{browser, code, mails};
use crate::second_step::with_second_step;
use crate::support::{BY, HERE, Installation, NOW, TEST, both};

const EMAIL: &str = "eva@example.org";
const PASSWORD: &str = "correct horse battery";
const ANOTHER: &str = "seis gatos sin tejado";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Somebody who reads English.
async fn eva(it: &Installation) -> UserId {
    it.user(EMAIL, Role::Customer).await;
    it.sql("vigia.db", "UPDATE users SET lang = 'en'").await;
    id_of(it, EMAIL).await
}

async fn id_of(it: &Installation, email: &str) -> UserId {
    users::by_email(it.app.registry(), email).await.expect("asked").expect("there").id
}

/// The one mail that has left, to whom, with these parts.
async fn the_mail(it: &Installation, to: &str, parts: &[&str]) {
    let told = mails(it).await;
    assert!(told.len() == 1 && told[0].contains(&format!("To: {to}")), "one mail, to {to}: {told:?}");
    for part in parts {
        assert!(told[0].contains(part), "no {part}: {}", told[0]);
    }
    assert!(!told[0].contains("vgl_"), "it opens nothing: {}", told[0]);
}

async fn no_mail(it: &Installation) {
    assert_eq!(mails(it).await, Vec::<String>::new());
}

both! {
    async fn who_changes_their_password_is_told_and_not_where_it_was_refused(it: Installation) {
        let (id, at) = (eva(it).await, browser(it));
        let change = async |current: &str, new: &str| account::change_password(&it.app, &at, HERE, id, current, new).await;
        change("wrong horse!", ANOTHER).await.expect_err("not hers");
        change(PASSWORD, "short").await.expect_err("too short");
        no_mail(it).await;
        change(PASSWORD, ANOTHER).await.expect("changed");
        the_mail(it, EMAIL, &["a new password since 2026-03-01 12:00 UTC", "/forgot\r\n", "Choose a password</a>"]).await;
    }

    async fn who_chooses_a_password_by_a_link_is_told(it: Installation) {
        it.user(EMAIL, Role::Customer).await;
        let link = links::mailed(it.app.registry(), it.app.world(), "http://x", Purpose::Reset, id_of(it, EMAIL).await).await.expect("made");
        let link = link.strip_prefix("http://x/reset#").expect("a code");
        redeem::reset(&it.app, HERE, link, "short").await.expect_err("too short");
        no_mail(it).await;
        redeem::reset(&it.app, HERE, link, ANOTHER).await.expect("changed");
        redeem::reset(&it.app, HERE, link, PASSWORD).await.expect_err("once");
        the_mail(it, EMAIL, &["Desde el 2026-03-01 12:00 UTC", "al hacerlo se cierran todas las sesiones", "/forgot\r\n"]).await;
    }

    async fn a_password_that_an_operator_sets_is_told_to_who_may_come_in(it: Installation) {
        eva(it).await;
        it.user("luis@example.org", Role::Customer).await;
        it.sql("vigia.db", "UPDATE users SET disabled_ms = 1 WHERE email = 'luis@example.org'").await;
        let set = async |email: &str| users::set_password(it.app.registry(), email, "hash", BY).await;
        set("nobody@example.org").await.expect_err("nobody");
        set("luis@example.org").await.expect("set");
        no_mail(it).await;
        set(EMAIL).await.expect("set");
        the_mail(it, EMAIL, &["a new password"]).await;
    }

    async fn whose_account_begins_with_a_password_is_told_of_no_other(it: Installation) {
        it.user("ana@example.org", Role::Admin).await;
        assert!(register::invite(&it.app, EMAIL, "", Role::Customer, None, TEST).await.expect("invited"));
        let link = code(&mails(it).await[0]);
        register::join(&it.app, &browser(it), HERE, &link, "Eva", ANOTHER).await.expect("joined").expect("in");
        assert_eq!(mails(it).await.len(), 1, "the invitation alone");
    }

    async fn who_cannot_be_told_has_the_password_of_before(it: Installation) {
        let (id, at) = (eva(it).await, browser(it));
        it.sql("vigia.db", "ALTER TABLE mails RENAME TO away").await;
        account::change_password(&it.app, &at, HERE, id, PASSWORD, ANOTHER).await.expect_err("neither the one nor the other");
        it.sql("vigia.db", "ALTER TABLE away RENAME TO mails").await;
        sign_in::sign_in(&it.app, &browser(it), HERE, EMAIL, PASSWORD).await.expect("the old one opens");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM audit WHERE action = 'user.password'").await, [0]);
        no_mail(it).await;
    }

    async fn whose_second_step_is_switched_off_is_told_whoever_did_it(it: Installation) {
        with_second_step(it, EMAIL, Role::Customer).await;
        with_second_step(it, "luis@example.org", Role::Customer).await;
        it.user("sam@example.org", Role::Staff).await;
        let (id, luis, sam) = (id_of(it, EMAIL).await, id_of(it, "luis@example.org").await, id_of(it, "sam@example.org").await);
        it.sql("vigia.db", "UPDATE users SET lang = 'en' WHERE email = 'luis@example.org'").await;
        own::end(&it.app, HERE, id, "wrong horse!").await.expect_err("not hers");
        own::take_away(&it.app, &Principal::user(id, Role::Customer), HERE, luis).await.expect_err("a customer");
        no_mail(it).await;
        own::end(&it.app, HERE, id, PASSWORD).await.expect("off");
        own::end(&it.app, HERE, id, PASSWORD).await.expect_err("it is off");
        the_mail(it, EMAIL, &["Desde el 2026-03-01 12:00 UTC ya no se pide", "/settings/second-step\r\n"]).await;
        own::take_away(&it.app, &Principal::user(sam, Role::Staff), HERE, luis).await.expect("off");
        let told = mails(it).await;
        let his: Vec<_> = told.iter().filter(|mail| mail.contains("To: luis@example.org")).collect();
        assert!(told.len() == 2 && his.len() == 1 && his[0].contains("no code is asked for"), "{told:?}");
    }

    async fn who_makes_a_key_is_told_and_nobody_of_one_that_is_nobodys(it: Installation) {
        let id = eva(it).await;
        it.key("nobodys", &[Scope::TelemetryRead]).await;
        let wanted = |scopes: &'static [Scope]| Wanted { name: "Grafana", scopes, days: None };
        let make = async |scopes| api_key::make(&it.app, &Principal::user(id, Role::Customer), HERE, &wanted(scopes)).await;
        assert!(matches!(make(&[Scope::Admin]).await, Err(KeyError::Scope(_))));
        no_mail(it).await;
        let (_, key) = make(&[Scope::TelemetryRead]).await.expect("made");
        assert!(matches!(make(&[Scope::TelemetryRead]).await, Err(KeyError::Taken)));
        the_mail(it, EMAIL, &["A key for programs was made", "at 2026-03-01 12:00 UTC", "/keys\r\n"]).await;
        assert!(!mails(it).await[0].contains(&key));
    }

    async fn what_was_changed_more_than_a_week_ago_is_not_told_any_more(it: Installation) {
        let id = eva(it).await;
        for kind in [Kind::Recovery, Kind::Password, Kind::Passkey, Kind::SecondStepOff, Kind::Identity, Kind::ApiKey] {
            waiting::insert(it.app.registry(), kind, Some(id), NOW - 7 * DAY_MS).await.expect("waits");
        }
        no_mail(it).await;
        waiting::insert(it.app.registry(), Kind::Passkey, Some(id), NOW - 6 * DAY_MS).await.expect("waits");
        the_mail(it, EMAIL, &["A passkey was added", "2026-02-23 12:00 UTC"]).await;
    }
}
