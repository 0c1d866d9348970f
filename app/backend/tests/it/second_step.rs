//! The second step of signing in, whatever the first was; and how it is set up, got around and taken away.

use axum::http::Method;
use serde_json::{Value, json};
use totp_rs::{Algorithm, TOTP};
use tower_sessions::Session;
use vigia_backend::auth::own_second_step::{self as own, NotChanged};
use vigia_backend::auth::redeem::{self, Entered as Opened};
use vigia_backend::auth::sealing::{Sealing, SealingError};
use vigia_backend::auth::second_step::{self, Entered, FIRST_MS};
use vigia_backend::auth::sign_in::{self, SignInError};
use vigia_backend::auth::{links, session};
use vigia_backend::db::links::Purpose;
use vigia_backend::db::{sealing_keys, users};
use vigia_backend::origin::Origin;
use vigia_domain::ids::UserId;
use vigia_domain::user::Role;

use crate::mail::{browser, mails};
use crate::support::{BY, HERE, Installation, both};

const PASSWORD: &str = "correct horse battery";
const STEP_MS: i64 = 30_000;
const EMAIL: &str = "ana@example.org";

/// What an app that knows this secret shows `later_ms` from now.
fn code_at(it: &Installation, secret: &str, later_ms: i64) -> String {
    let secret = data_encoding::BASE32_NOPAD.decode(secret.replace(' ', "").as_bytes()).expect("base32");
    let app = TOTP::new(Algorithm::SHA1, 6, 0, 30, secret).expect("a good secret");
    let now_ms = it.app.world().clock.now_ms() + later_ms;
    app.generate(u64::try_from(now_ms / 1000).expect("after 1970"))
}

fn code(it: &Installation, secret: &str) -> String {
    code_at(it, secret, 0)
}

/// A code that the app shows at none of the times that count.
fn wrong(it: &Installation, secret: &str) -> String {
    let near: Vec<_> = (-3..=3).map(|n| code_at(it, secret, n * STEP_MS)).collect();
    (0..).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).expect("there are a million")
}

async fn id_of(it: &Installation, email: &str) -> UserId {
    users::by_email(it.app.registry(), email).await.expect("asked").expect("there").id
}

/// Somebody with a second step: its secret, and the recovery codes. The code of this half minute is spent.
pub async fn with_second_step(it: &Installation, email: &str, role: Role) -> (String, Vec<String>) {
    it.user(email, role).await;
    let id = id_of(it, email).await;
    let secret = own::begin(&it.app, &browser(it), HERE, id, PASSWORD).await.expect("begun").secret;
    let codes = own::confirm(&it.app, HERE, id, &secret, &code(it, &secret)).await.expect("on");
    (secret, codes)
}

/// A browser in which the password was right.
async fn first_step(it: &Installation, from: &Origin) -> Session {
    let me = browser(it);
    assert_eq!(sign_in::sign_in(&it.app, &me, from, EMAIL, PASSWORD).await.expect("right"), Entered::Second);
    me
}

async fn finish(it: &Installation, me: &Session, code: &str) -> Result<String, SignInError> {
    second_step::finish(&it.app, me, HERE, code).await.map(|visitor| visitor.email)
}

async fn ask(it: &Installation, method: Method, path: &str, who: (&str, &str), body: Value) -> (u16, Value) {
    let answer = it.ask(method, path, &[who, ("content-type", "application/json")], body.to_string()).await;
    (answer.status.as_u16(), if answer.text.is_empty() { Value::Null } else { answer.json() })
}

/// Signs an app in: the status, what is told of, and the whole answer.
async fn login(it: &Installation, password: &str, code: Option<&str>) -> (u16, Option<String>, Value) {
    let body = json!({ "user_email": EMAIL, "user_password": password, "code": code });
    let (status, told) = ask(it, Method::POST, "/api/v1/auth/login", ("x-nothing", "1"), body).await;
    (status, told["field"].as_str().map(str::to_owned), told)
}

async fn audited(it: &Installation, action: &str) -> i64 {
    it.numbers("vigia.db", &format!("SELECT COUNT(*) FROM audit WHERE action = '{action}'")).await[0]
}

fn from(n: u8) -> Origin {
    std::net::IpAddr::from([192, 0, 2, n]).into()
}

both! {
    async fn who_has_one_is_nobody_until_the_code_is_right_and_it_is_right_once(it: Installation) {
        let (secret, _) = with_second_step(it, EMAIL, Role::Staff).await;
        let me = first_step(it, HERE).await;
        assert_eq!(session::user(&me).await.expect("read"), None);
        let between = me.id().expect("kept");
        let cookie = format!("vigia_session={between}");
        for path in ["/api/v1/users/me", "/api/v1/devices", "/api/v1/users/me/export"] {
            assert_eq!(it.ask(Method::GET, path, &[("cookie", &cookie)], "").await.status.as_u16(), 401, "{path}");
        }
        assert!(matches!(finish(it, &me, &wrong(it, &secret)).await, Err(SignInError::WrongCode)));
        assert!(matches!(finish(it, &me, &code(it, &secret)).await, Err(SignInError::WrongCode)), "it was spent when it was switched on");
        it.world.advance(STEP_MS);
        assert_eq!(finish(it, &me, &code(it, &secret)).await.expect("in"), EMAIL);
        assert!(session::user(&me).await.expect("read").is_some());
        assert_ne!(me.id(), Some(between), "under another id");
        let other = first_step(it, HERE).await;
        assert!(matches!(finish(it, &other, &code(it, &secret)).await, Err(SignInError::WrongCode)), "it was spent");
        assert!(matches!(finish(it, &browser(it), &code_at(it, &secret, STEP_MS)).await, Err(SignInError::StepOver)), "without a first step");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM audit WHERE action = 'session.begin' AND target = 'sign-in+totp'").await, [1]);
    }

    async fn one_half_minute_before_and_after_is_taken_and_no_more(it: Installation) {
        let (secret, _) = with_second_step(it, EMAIL, Role::Staff).await;
        for (later, is_taken) in [(-2, false), (-1, true), (2, false), (1, true)] {
            it.world.advance(10 * STEP_MS);
            let me = first_step(it, HERE).await;
            let done = finish(it, &me, &code_at(it, &secret, later * STEP_MS)).await;
            assert_eq!(done.is_ok(), is_taken, "{later}: {done:?}");
        }
        // Taken from ahead of time; what comes before it is over.
        let me = first_step(it, HERE).await;
        assert!(matches!(finish(it, &me, &code(it, &secret)).await, Err(SignInError::WrongCode)));
    }

    async fn of_two_with_one_code_one_gets_in(it: Installation) {
        let (secret, codes) = with_second_step(it, EMAIL, Role::Staff).await;
        it.world.advance(STEP_MS);
        for text in [code(it, &secret), codes[0].clone()] {
            let (one, two) = (first_step(it, HERE).await, first_step(it, HERE).await);
            let (first, second) = tokio::join!(finish(it, &one, &text), finish(it, &two, &text));
            assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        }
    }

    async fn a_recovery_code_works_once_and_its_owner_is_told(it: Installation) {
        let (_, codes) = with_second_step(it, EMAIL, Role::Customer).await;
        assert_eq!(codes.len(), 10);
        let me = first_step(it, HERE).await;
        finish(it, &me, &codes[3].to_uppercase().replace('-', " ")).await.expect("in, however it was typed");
        assert_eq!(own::state(&it.app, id_of(it, EMAIL).await).await.expect("asked").expect("on").left, 9);
        let me = first_step(it, HERE).await;
        assert!(matches!(finish(it, &me, &codes[3]).await, Err(SignInError::WrongCode)));
        finish(it, &me, &codes[4]).await.expect("another one");
        assert_eq!(audited(it, "user.second_step.recovery").await, 2);
        let mails = mails(it).await;
        assert!(mails.len() == 2 && mails[0].contains("/settings/second-step"), "{mails:?}");
        assert!(codes.iter().all(|code| !mails.concat().contains(code.as_str())));
        let kept = it.numbers("vigia.db", &format!("SELECT COUNT(*) FROM recovery_codes WHERE code_hash LIKE '%{}%'", &codes[0][..9])).await;
        assert_eq!(kept, [0], "only hashes are kept");
    }

    async fn links_ask_for_the_code_as_well_and_another_password_leaves_it_on(it: Installation) {
        let (secret, _) = with_second_step(it, EMAIL, Role::Customer).await;
        let (registry, world, id) = (it.app.registry(), it.app.world(), id_of(it, EMAIL).await);
        let link = links::enter(registry, world, "http://x", id).await.expect("made");
        let me = browser(it);
        let opened = redeem::entry(&it.app, &me, HERE, link.strip_prefix("http://x/enter#").expect("a code")).await.expect("opened");
        assert_eq!(opened, Opened::Second);
        assert_eq!(session::user(&me).await.expect("read"), None);
        it.world.advance(STEP_MS);
        finish(it, &me, &code(it, &secret)).await.expect("in");
        let link = links::mailed(registry, world, "http://x", Purpose::Reset, id).await.expect("made");
        let me = browser(it);
        let link = link.strip_prefix("http://x/reset#").expect("a code");
        let opened = redeem::reset_and_enter(&it.app, &me, HERE, link, "seis gatos sin tejado").await.expect("changed");
        assert_eq!(opened, Opened::Second);
        it.world.advance(STEP_MS);
        finish(it, &me, &code(it, &secret)).await.expect("in");
        for way in ["link+totp", "reset+totp"] {
            let sql = format!("SELECT COUNT(*) FROM audit WHERE action = 'session.begin' AND target = '{way}'");
            assert_eq!(it.numbers("vigia.db", &sql).await, [1], "{way}");
        }
    }

    async fn an_app_gives_the_code_with_the_password_and_goes_on_without(it: Installation) {
        let (secret, codes) = with_second_step(it, EMAIL, Role::Customer).await;
        it.world.advance(STEP_MS);
        let (status, field, _) = login(it, "wrong horse!", Some(&code(it, &secret))).await;
        assert_eq!((status, field), (401, None), "who had the password wrong learns nothing of a code");
        let (status, field, _) = login(it, "wrong horse!", None).await;
        assert_eq!((status, field), (401, None));
        for bad in [None, Some(wrong(it, &secret))] {
            let (status, field, told) = login(it, PASSWORD, bad.as_deref()).await;
            assert_eq!((status, field.as_deref()), (401, Some("code")), "{told}");
        }
        let (status, _, told) = login(it, PASSWORD, Some(&code(it, &secret))).await;
        assert_eq!(status, 200, "{told}");
        let next = ask(it, Method::POST, "/api/v1/auth/refresh", ("x-nothing", "1"), json!({ "refresh_token": told["refresh_token"] })).await;
        assert_eq!(next.0, 200, "{}", next.1);
        assert_eq!(login(it, PASSWORD, Some(&code(it, &secret))).await.0, 401, "it was spent");
        assert_eq!(login(it, PASSWORD, Some(&codes[0])).await.0, 200);
        let biogestor = async |code: Option<&str>| {
            ask(it, Method::POST, "/api/iniciar-sesion/", ("x-nothing", "1"), json!({ "username": EMAIL, "password": PASSWORD, "code": code })).await
        };
        let (status, told) = biogestor(None).await;
        assert_eq!((status, &told["field"]), (401, &json!("code")), "{told}");
        let (status, told) = biogestor(Some(&codes[1])).await;
        assert_eq!((status, &told["user"]["username"]), (200, &json!(EMAIL)), "{told}");
    }

    async fn a_first_step_ends_with_its_time_with_another_password_and_with_its_account(it: Installation) {
        let (secret, _) = with_second_step(it, EMAIL, Role::Staff).await;
        let late = first_step(it, HERE).await;
        it.world.advance(FIRST_MS);
        assert!(matches!(finish(it, &late, &code(it, &secret)).await, Err(SignInError::StepOver)));
        let out = first_step(it, HERE).await;
        it.sql("vigia.db", "UPDATE users SET disabled_ms = 1").await;
        assert!(matches!(finish(it, &out, &code(it, &secret)).await, Err(SignInError::StepOver)));
        it.sql("vigia.db", "UPDATE users SET disabled_ms = NULL").await;
        let changed = first_step(it, HERE).await;
        users::set_password(it.app.registry(), EMAIL, "another", BY).await.expect("changed");
        assert!(matches!(finish(it, &changed, &code(it, &secret)).await, Err(SignInError::StepOver)));
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM sessions WHERE user_id IS NOT NULL").await, [0]);
    }

    async fn guesses_end_wherever_they_come_from_and_the_owner_still_gets_in(it: Installation) {
        let (secret, codes) = with_second_step(it, EMAIL, Role::Staff).await;
        let guess = wrong(it, &secret);
        for n in 0..10 {
            // Somebody who has the password, each time from somewhere else.
            let me = first_step(it, &from(n)).await;
            let done = second_step::finish(&it.app, &me, &from(n), &guess).await;
            assert!(matches!(done, Err(SignInError::WrongCode)), "{n}: {done:?}");
        }
        it.world.advance(STEP_MS);
        let me = first_step(it, &from(99)).await;
        let Err(SignInError::TooMany(many)) = second_step::finish(&it.app, &me, &from(99), &code(it, &secret)).await else {
            panic!("not even the right one")
        };
        assert!((500..=600).contains(&many.seconds()), "{many}");
        let answer = it.ask(Method::POST, "/api/v1/auth/login", &[("content-type", "application/json")],
            json!({ "user_email": EMAIL, "user_password": PASSWORD, "code": guess }).to_string()).await;
        assert!(answer.status.as_u16() == 429 && answer.headers.contains_key("retry-after"), "{}", answer.text);
        finish(it, &me, &codes[0]).await.expect("who has the paper gets in");
        it.world.advance(10 * 60_000);
        let me = first_step(it, HERE).await;
        finish(it, &me, &code(it, &secret)).await.expect("after the wait");
        // What is right takes nothing from anybody.
        for _ in 0..12 {
            it.world.advance(STEP_MS);
            let me = first_step(it, HERE).await;
            finish(it, &me, &code(it, &secret)).await.expect("as often as one likes");
        }
    }

    async fn codes_that_are_wrong_count_as_wrong_passwords_from_one_address(it: Installation) {
        let (_, codes) = with_second_step(it, EMAIL, Role::Staff).await;
        let me = first_step(it, HERE).await;
        for _ in 0..10 {
            assert!(matches!(finish(it, &me, "aaaa-aaaa-aaaa-aaaa").await, Err(SignInError::WrongCode)));
        }
        assert!(matches!(finish(it, &me, &codes[0]).await, Err(SignInError::TooMany(_))));
        let elsewhere = first_step(it, &from(7)).await;
        second_step::finish(&it.app, &elsewhere, &from(7), &codes[0]).await.expect("from elsewhere she still gets in");
    }

    async fn who_looks_after_an_account_takes_it_away_and_nobody_from_themselves(it: Installation) {
        with_second_step(it, EMAIL, Role::Admin).await;
        with_second_step(it, "eva@example.org", Role::Customer).await;
        it.user("sam@example.org", Role::Staff).await;
        it.user("leo@example.org", Role::Customer).await;
        let (ana, sam, leo) = (it.cookie(EMAIL).await, it.cookie("sam@example.org").await, it.cookie("leo@example.org").await);
        let path = async |email: &str| format!("/api/v1/users/{}/second-step", id_of(it, email).await.0);
        let end = async |who: &str, email: &str| ask(it, Method::DELETE, &path(email).await, ("cookie", who), Value::Null).await.0;
        assert_eq!(end(&leo, "eva@example.org").await, 403);
        assert_eq!(end(&sam, EMAIL).await, 403, "an administrator's is not theirs");
        assert_eq!(end(&ana, EMAIL).await, 409, "one's own needs a code");
        let own_key = it.key("own", &vigia_domain::rights::Scope::ALL).await;
        it.sql("vigia.db", &format!("UPDATE api_keys SET owner_id = {}", id_of(it, EMAIL).await.0)).await;
        assert_eq!(ask(it, Method::DELETE, &path(EMAIL).await, ("x-api-key", &own_key), Value::Null).await.0, 409, "by a key of one's own neither");
        assert_eq!(audited(it, "user.second_step.off").await, 0);
        assert_eq!(end(&sam, "eva@example.org").await, 200);
        assert_eq!(end(&sam, "eva@example.org").await, 409, "there is none any more");
        assert_eq!(audited(it, "user.second_step.off").await, 1);
        let entered = sign_in::sign_in(&it.app, &browser(it), HERE, "eva@example.org", PASSWORD).await.expect("in");
        assert!(entered.visitor().is_some());
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM recovery_codes").await, [10], "the administrator's alone");
    }

    async fn it_is_switched_on_by_its_first_code_and_off_by_who_proves_who_they_are(it: Installation) {
        it.user(EMAIL, Role::Customer).await;
        let id = id_of(it, EMAIL).await;
        let (app, wrong_password) = (&it.app, "wrong horse!");
        assert!(matches!(own::begin(app, &browser(it), HERE, id, wrong_password).await, Err(NotChanged::SignIn(SignInError::Wrong))));
        let lost = own::begin(app, &browser(it), HERE, id, PASSWORD).await.expect("begun").secret;
        let secret = own::begin(app, &browser(it), HERE, id, PASSWORD).await.expect("begun anew").secret;
        assert!(matches!(own::confirm(app, HERE, id, &lost, &code(it, &lost)).await, Err(NotChanged::Changed)), "another window began anew");
        assert!(matches!(own::confirm(app, HERE, id, &secret, &wrong(it, &secret)).await, Err(NotChanged::SignIn(SignInError::WrongCode))));
        assert!(matches!(own::begun(app, id, "").await, Err(NotChanged::Changed)), "the session alone shows no secret");
        assert!(own::begun(app, id, &secret).await.expect("shown again").secret == secret);
        let entered = sign_in::sign_in(app, &browser(it), HERE, EMAIL, PASSWORD).await.expect("in");
        assert!(entered.visitor().is_some(), "nothing is asked before it is on");
        let codes = own::confirm(app, HERE, id, &secret, &code(it, &secret)).await.expect("on");
        assert!(matches!(own::begin(app, &browser(it), HERE, id, PASSWORD).await, Err(NotChanged::Changed)));
        assert!(matches!(own::confirm(app, HERE, id, &secret, &code(it, &secret)).await, Err(NotChanged::Changed)));
        let cookie = it.cookie(EMAIL).await;
        let (_, export) = ask(it, Method::GET, "/api/v1/users/me/export", ("cookie", &cookie), Value::Null).await;
        assert!(export["profile"]["second_step_since"].is_string(), "{export}");
        assert!(!export.to_string().contains(&secret.replace(' ', "")));

        it.world.advance(STEP_MS);
        assert!(matches!(own::renew_codes(app, HERE, id, wrong_password).await, Err(NotChanged::SignIn(SignInError::Wrong))));
        let others = own::renew_codes(app, HERE, id, &code(it, &secret)).await.expect("renewed");
        let me = first_step(it, HERE).await;
        assert!(matches!(finish(it, &me, &codes[0]).await, Err(SignInError::WrongCode)), "those before are worth nothing");
        finish(it, &me, &others[0]).await.expect("in");
        assert!(matches!(own::end(app, HERE, id, &code(it, &secret)).await, Err(NotChanged::SignIn(SignInError::WrongCode))), "it was spent");
        own::end(app, HERE, id, PASSWORD).await.expect("off");
        assert!(matches!(own::end(app, HERE, id, PASSWORD).await, Err(NotChanged::Changed)));
        for (action, many) in [("on", 1), ("codes", 1), ("recovery", 1), ("off", 1)] {
            assert_eq!(audited(it, &format!("user.second_step.{action}")).await, many, "{action}");
        }
        for table in ["second_steps", "second_step_secrets", "recovery_codes"] {
            assert_eq!(it.numbers("vigia.db", &format!("SELECT COUNT(*) FROM {table}")).await, [0], "{table}");
        }
    }

    async fn an_account_that_is_deleted_takes_it_along(it: Installation) {
        with_second_step(it, EMAIL, Role::Customer).await;
        let cookie = it.cookie(EMAIL).await;
        let (status, _) = ask(it, Method::DELETE, "/api/v1/users/me", ("cookie", &cookie), json!({ "password": PASSWORD })).await;
        assert!((200..300).contains(&status), "{status}");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM second_steps").await, [0]);
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM users").await, [0]);
    }

    async fn secrets_are_sealed_and_shared_with_a_process_that_comes_later(it: Installation) {
        let (secret, _) = with_second_step(it, EMAIL, Role::Staff).await;
        let registry = it.app.registry();
        let step = own::state(&it.app, id_of(it, EMAIL).await).await.expect("asked").expect("on").id;
        let plain = data_encoding::BASE32_NOPAD.decode(secret.replace(' ', "").as_bytes()).expect("base32");
        let sealed = move |kid: String| async move { sealing_keys::sealed(registry, step, &kid).await };
        assert!(it.app.sealing().open(sealed).await.expect("read") == plain);
        let rows = it.numbers("vigia.db", &format!("SELECT COUNT(*) FROM second_step_secrets WHERE sealed LIKE '%{}%'", &secret.replace(' ', "")[..10])).await;
        assert_eq!(rows, [0]);
        // Another process: the same registry, a data folder of its own.
        let folder = tempfile::tempdir().expect("a folder");
        let other = Sealing::new(registry.clone(), it.world.world(), folder.path());
        assert!(matches!(other.open(sealed).await, Err(SealingError::NotForUs)));
        it.app.sealing().share().await.expect("shared");
        assert!(other.open(sealed).await.expect("read") == plain);
        assert_eq!(it.app.sealing().share().await.expect("shared"), 0, "there is nobody left");
        assert_eq!(other.seal(b"another").await.expect("sealed").len(), 2, "what comes next is for both at once");
        use std::os::unix::fs::PermissionsExt as _;
        let file = std::fs::metadata(folder.path().join("sealing-key.json")).expect("there");
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        // A key that cannot be read is never put aside for a new one.
        std::fs::write(folder.path().join("sealing-key.json"), "{").expect("written");
        let broken = Sealing::new(registry.clone(), it.world.world(), folder.path());
        assert!(matches!(broken.seal(b"x").await, Err(SealingError::File { .. })));
    }
}
