//! How people come in for the first time: by themselves, invited, and let in by an operator.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use sqlx::Connection as _;
use vigia_backend::auth::people::{self, NotDone, Verb};
use vigia_backend::auth::redeem::{self, Entered};
use vigia_backend::auth::register::{self, Applicant, NotRegistered};
use vigia_backend::auth::second_step;
use vigia_backend::auth::sign_in::{self, SignInError};
use vigia_backend::db::people::Whom;
use vigia_backend::db::{registrations, users};
use vigia_domain::ids::{KeyId, UserId};
use vigia_domain::rights::{Principal, Scope};
use vigia_domain::user::Role;

use crate::mail::{browser, code, mails};
use crate::support::{BY, Engine, HERE, Installation, TEST, both};

const PASSWORD: &str = "seis gatos sin tejado";
const OPEN: [(&str, &str); 1] = [("VIGIA_ACCOUNTS__REGISTRATION", "open")];
const NOBODYS_WORD: [(&str, &str); 2] = [("VIGIA_ACCOUNTS__REGISTRATION", "open"), ("VIGIA_ACCOUNTS__APPROVAL", "false")];

async fn post(it: &Installation, path: &str, body: Value) -> (u16, Value) {
    let answer = it.ask(Method::POST, path, &[("content-type", "application/json")], body.to_string()).await;
    (answer.status.as_u16(), answer.json())
}

async fn enters(it: &Installation, login: &str, password: &str) -> Result<String, SignInError> {
    sign_in::sign_in(&it.app, &browser(it), HERE, login, password).await.map(|entered| entered.visitor().expect("at once").email)
}

/// Only the web's form registers without a password.
fn eva() -> Applicant<'static> {
    Applicant { email: "eva@example.org", username: None, name: "Eva", password: None, lang: Some("en") }
}

async fn newest(it: &Installation, part: &str) -> String {
    mails(it).await.into_iter().rev().find(|mail| mail.contains(part)).unwrap_or_else(|| panic!("no mail with {part}"))
}

/// What becomes of `act` when something else is committed after it has begun.
async fn meanwhile<T>(act: impl Future<Output = T>, commit: impl Future<Output = sqlx::Result<()>>) -> T {
    let late = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        commit.await.expect("committed");
    };
    tokio::join!(act, late).0
}

async fn id_of(it: &Installation, email: &str) -> vigia_domain::ids::UserId {
    users::by_email(it.app.registry(), email).await.expect("asked").expect("there").id
}

both! {
    async fn where_registration_is_by_invitation_nobody_registers(it: Installation) {
        let (status, told) = post(it, "/api/v1/users/", json!({ "email": "eva@example.org", "password": PASSWORD })).await;
        assert_eq!(status, 403, "{told}");
        assert!(matches!(register::register(&it.app, HERE, eva()).await, Err(NotRegistered::Closed)));
    }

    async fn who_is_invited_chooses_a_password_and_is_in(it: Installation) {
        assert!(register::invite(&it.app, "Luis@example.org", "", Role::Staff, None, TEST).await.expect("invited"));
        let link = code(&newest(it, "Te invitan").await);
        assert!(matches!(enters(it, "luis@example.org", PASSWORD).await, Err(SignInError::Wrong)));
        let join = async |password: &str| register::join(&it.app, &browser(it), HERE, &link, "Luis", password).await;
        assert!(matches!(join("luis1234567").await, Err(SignInError::Password(_))), "and the link still works");
        let visitor = join(PASSWORD).await.expect("joined").and_then(second_step::Entered::visitor).expect("in");
        assert_eq!((visitor.role, &*visitor.name), (Role::Staff, "Luis"));
        assert!(matches!(join(PASSWORD).await, Err(SignInError::LinkOver)));
        enters(it, "luis@example.org", PASSWORD).await.expect("in");
        assert!(!register::invite(&it.app, "luis@example.org", "", Role::Admin, None, TEST).await.expect("asked"), "they have an account");
        assert_eq!(users::by_email(it.app.registry(), "luis@example.org").await.expect("asked").expect("there").role, Role::Staff);
    }
}

both! {
    with OPEN:
    async fn who_registers_as_the_biogestors_app_does_waits_for_an_operator(it: Installation) {
        let body = json!({ "username": "user1", "password": PASSWORD, "password2": PASSWORD, "email": "u@e.com" });
        let (status, told) = post(it, "/api/crear-usuario/", body).await;
        assert_eq!((status, &told["username"], &told["email"]), (201, &json!("user1"), &json!("u@e.com")), "{told}");
        for login in ["user1", "u@e.com"] {
            assert!(matches!(enters(it, login, PASSWORD).await, Err(SignInError::Wrong)), "nobody learns that the address was new");
        }
        newest(it, "Recibimos").await;
        let id = id_of(it, "u@e.com").await;
        assert!(register::approve(&it.app, id, Role::Customer, TEST).await.expect("approved"));
        assert!(!register::approve(&it.app, id, Role::Customer, TEST).await.expect("asked"), "once");
        newest(it, "Ya puedes entrar").await;
        assert_eq!(enters(it, "USER1", PASSWORD).await.expect("by user name"), "u@e.com");
        enters(it, "u@e.com", PASSWORD).await.expect("by address");
    }

    async fn an_address_that_has_an_account_is_answered_as_any_other(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        let ask = async |email: &str| post(it, "/api/v1/users/", json!({ "user_email": email, "user_password": PASSWORD })).await;
        let (known, unknown) = (ask("ana@example.org").await, ask("eva@example.org").await);
        assert_eq!((known.0, &known.1["detail"]), (unknown.0, &unknown.1["detail"]));
        assert_eq!(known.0, 201);
        let mails = mails(it).await;
        assert_eq!(mails.len(), 2, "one each");
        assert!(mails.iter().any(|mail| mail.contains("To: ana@example.org") && mail.contains("Ya tienes una cuenta")));
        assert!(matches!(enters(it, "ana@example.org", PASSWORD).await, Err(SignInError::Wrong)), "the account stays as it is");
    }

    async fn what_cannot_be_registered_is_named(it: Installation) {
        for (path, body, field) in [
            ("/api/crear-usuario/", json!({ "username": "user1", "password": PASSWORD, "password2": "other", "email": "u@e.com" }), "password2"),
            ("/api/crear-usuario/", json!({ "password": PASSWORD, "password2": PASSWORD, "email": "u@e.com" }), "username"),
            ("/api/crear-usuario/", json!({ "username": "a@b", "password": PASSWORD, "password2": PASSWORD, "email": "u@e.com" }), "username"),
            ("/api/crear-usuario/", json!({ "username": "user1", "password": "user1user1", "password2": "user1user1", "email": "u@e.com" }), "password"),
            ("/api/v1/users/", json!({ "email": "u", "password": PASSWORD }), "email"),
            ("/api/v1/users/", json!({ "email": "u@e.com" }), "password"),
            ("/api/v1/users/", json!({ "email": "u@e.com", "password": PASSWORD, "role": "admin" }), "role"),
        ] {
            let (status, told) = post(it, path, body.clone()).await;
            // The Biogestor's document has 400 for it.
            let wanted = if path == "/api/crear-usuario/" { 400 } else { 422 };
            assert_eq!((status, told["field"].as_str()), (wanted, Some(field)), "{body}: {told}");
        }
        // What no database keeps is no address, and no failure.
        let key = it.key("root", &[Scope::Admin]).await;
        let odd = it.post("/api/v1/invitations", &key, json!({ "email": "a\0@b.org", "role": "customer" }).to_string()).await;
        assert_eq!((odd.status.as_u16(), odd.json()["field"].as_str()), (422, Some("email")), "{}", odd.text);
        let taken = async |email: &str| {
            post(it, "/api/crear-usuario/", json!({ "username": "User1", "password": PASSWORD, "password2": PASSWORD, "email": email })).await
        };
        assert_eq!(taken("u@e.com").await.0, 201);
        assert_eq!(taken("u@e.com").await.0, 201, "the same once more");
        assert_eq!(taken("v@e.com").await.0, 201, "who is not in yet has taken no name");
        let id = id_of(it, "v@e.com").await;
        assert!(register::approve(&it.app, id, Role::Customer, TEST).await.expect("approved"));
        for email in ["u@e.com", "v@e.com", "w@e.com"] {
            assert_eq!(taken(email).await.1["field"], json!("username"), "now it is, whoever asks");
        }
        assert!(register::approve(&it.app, id_of(it, "u@e.com").await, Role::Customer, TEST).await.expect("approved"));
        assert_eq!(enters(it, "user1", PASSWORD).await.expect("the first that was let in"), "v@e.com");
        assert_eq!(enters(it, "u@e.com", PASSWORD).await.expect("by address"), "u@e.com");
    }

    async fn who_registers_by_the_form_shows_the_address_first_and_waits_then(it: Installation) {
        register::register(&it.app, HERE, eva()).await.expect("registered");
        let link = code(&newest(it, "Finish creating").await);
        let joined = register::join(&it.app, &browser(it), HERE, &link, "Eva", PASSWORD).await.expect("joined");
        assert_eq!(joined, None, "an operator has the word");
        assert!(matches!(enters(it, "eva@example.org", PASSWORD).await, Err(SignInError::Waits)));
        assert!(registrations::refuse(it.app.registry(), id_of(it, "eva@example.org").await, Role::Customer, BY).await.expect("refused"));
        assert!(matches!(enters(it, "eva@example.org", PASSWORD).await, Err(SignInError::Wrong)), "nothing is left");
    }
}

both! {
    with NOBODYS_WORD:
    async fn without_an_operators_word_the_mail_lets_in_and_a_strangers_password_does_not(it: Installation) {
        // A stranger registers with Eva's address.
        let (status, told) = post(it, "/api/v1/users/", json!({ "email": "eva@example.org", "password": "a stranger chose this one" })).await;
        assert_eq!(status, 201, "{told}");
        assert!(matches!(enters(it, "eva@example.org", "a stranger chose this one").await, Err(SignInError::Wrong)));
        let link = code(&newest(it, "Termina de crear").await);
        let visitor = register::join(&it.app, &browser(it), HERE, &link, "", PASSWORD).await.expect("joined").and_then(second_step::Entered::visitor).expect("in");
        assert_eq!(visitor.email, "eva@example.org");
        assert!(matches!(enters(it, "eva@example.org", "a stranger chose this one").await, Err(SignInError::Wrong)));
        enters(it, "eva@example.org", PASSWORD).await.expect("her own opens");
    }

    async fn a_registration_that_nobody_confirms_is_forgotten_after_two_weeks(it: Installation) {
        register::register(&it.app, HERE, eva()).await.expect("registered");
        mails(it).await;
        it.world.advance(15 * 24 * 60 * 60 * 1000);
        registrations::tidy(it.app.registry(), it.world.world().clock.now_ms()).await.expect("tidied");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM users").await, [0]);
    }
}

const ADMIN: Principal = Principal::user(UserId(99), Role::Admin);

both! {
    async fn staff_do_nothing_to_who_runs_the_installation(it: Installation) {
        for (email, role) in [("ana@example.org", Role::Admin), ("sam@example.org", Role::Staff), ("eva@example.org", Role::Customer)] {
            it.user(email, role).await;
        }
        let sam = Principal::user(id_of(it, "sam@example.org").await, Role::Staff);
        let (ana, eva) = (id_of(it, "ana@example.org").await, id_of(it, "eva@example.org").await);
        for verb in [Verb::Approve, Verb::Refuse, Verb::Disable, Verb::Enable] {
            assert!(matches!(people::act(&it.app, &sam, HERE, verb, ana).await, Err(NotDone::Forbidden)), "{verb:?}");
        }
        let seen = people::list(&it.app, &sam, Whom::default(), 100).await.expect("listed").people;
        assert_eq!(seen.iter().map(|one| &*one.user.email).collect::<Vec<_>>(), ["eva@example.org"]);
        for role in [Role::Admin, Role::Staff] {
            let done = people::invite(&it.app, &sam, HERE, "x@example.org", "", role).await.expect("asked");
            assert!(matches!(done, Err(NotDone::Forbidden)), "{role:?}");
        }
        people::act(&it.app, &sam, HERE, Verb::Disable, eva).await.expect("a customer");
        assert!(matches!(enters(it, "eva@example.org", "correct horse battery").await, Err(SignInError::Wrong)));
        people::act(&it.app, &sam, HERE, Verb::Enable, eva).await.expect("again");
        enters(it, "eva@example.org", "correct horse battery").await.expect("in");
    }

    async fn who_was_given_another_role_since_they_were_looked_at_is_left_as_they_are(it: Installation) {
        let (customer, staff) = (Role::Customer, Role::Staff);
        it.user("eva@example.org", staff).await;
        register::invite(&it.app, "x@example.org", "", staff, None, TEST).await.expect("invited");
        mails(it).await;
        let db = it.app.registry();
        let (eva, x) = (id_of(it, "eva@example.org").await, id_of(it, "x@example.org").await);
        let whole = "SELECT COUNT(*) FROM users WHERE role = 'staff' AND name = '' AND disabled_ms IS NULL";
        // As somebody does who saw customers, whom they look after.
        assert!(!users::set_enabled(db, eva, customer, false, BY).await.expect("asked"));
        assert!(!registrations::invite_again(db, x, "X", customer, customer, BY).await.expect("asked"));
        assert!(!registrations::refuse(db, x, customer, BY).await.expect("asked"));
        // Who was invited by somebody else a moment ago stays what they are to be, too.
        assert!(!register::invite(&it.app, "x@example.org", "X", customer, None, TEST).await.expect("asked"));
        it.sql("vigia.db", "UPDATE users SET waits = 'approval' WHERE email = 'x@example.org'").await;
        assert!(!register::approve(&it.app, x, customer, TEST).await.expect("asked"));
        assert_eq!(it.numbers("vigia.db", whole).await, [2]);
        it.sql("vigia.db", "UPDATE users SET disabled_ms = 1 WHERE email = 'eva@example.org'").await;
        assert!(!users::set_enabled(db, eva, customer, true, BY).await.expect("asked"));
        assert_eq!(it.numbers("vigia.db", whole).await, [1]);
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM audit WHERE action IN ('user.disable', 'user.enable', 'user.refuse', 'user.approve')").await, [0]);

        // Seen as they are, all of it is done.
        assert!(users::set_enabled(db, eva, staff, true, BY).await.expect("asked"));
        assert!(users::set_enabled(db, eva, staff, false, BY).await.expect("asked"));
        assert!(register::approve(&it.app, x, staff, TEST).await.expect("asked"));
        it.sql("vigia.db", "UPDATE users SET waits = 'invite' WHERE email = 'x@example.org'").await;
        assert!(registrations::invite_again(db, x, "X", staff, customer, BY).await.expect("asked"));
        assert!(registrations::refuse(db, x, customer, BY).await.expect("asked"));
        mails(it).await;
    }

    async fn a_role_that_changes_while_somebody_is_shut_out_is_looked_at_once_more(it: Installation) {
        it.user("eva@example.org", Role::Customer).await;
        let eva = id_of(it, "eva@example.org").await;
        let sam = Principal::user(UserId(99), Role::Staff);
        // Somebody else makes her staff, and has not committed yet: whoever looks at her sees a customer, and waits to change her.
        let changing = "UPDATE users SET role = 'staff' WHERE email = 'eva@example.org'";
        let act = people::act(&it.app, &sam, HERE, Verb::Disable, eva);
        let done = match it.engine {
            Engine::Sqlite => {
                let file = format!("sqlite:{}", it.dir.path().join("data/vigia.db").display());
                let mut other = sqlx::SqliteConnection::connect(&file).await.expect("opened");
                sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("begun");
                sqlx::query(changing).execute(&mut other).await.expect("changed");
                meanwhile(act, async { sqlx::query("COMMIT").execute(&mut other).await.map(drop) }).await
            }
            Engine::Postgres => {
                let mut other = it.postgres().await;
                sqlx::query("BEGIN").execute(&mut other).await.expect("begun");
                sqlx::query(changing).execute(&mut other).await.expect("changed");
                meanwhile(act, async { sqlx::query("COMMIT").execute(&mut other).await.map(drop) }).await
            }
        };
        // Where it has looked too late, it has seen who she is.
        assert!(matches!(done, Err(NotDone::Changed | NotDone::Forbidden)), "{done:?}");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM users WHERE role = 'staff' AND disabled_ms IS NULL").await, [1]);
    }

    async fn nobody_shuts_themselves_out_or_the_last_who_may_let_in(it: Installation) {
        it.user("ana@example.org", Role::Admin).await;
        it.user("bea@example.org", Role::Admin).await;
        let [ana, bea] = [id_of(it, "ana@example.org").await, id_of(it, "bea@example.org").await];
        let as_ana = Principal::user(ana, Role::Admin);
        assert!(matches!(people::act(&it.app, &as_ana, HERE, Verb::Disable, ana).await, Err(NotDone::Changed)), "oneself");
        people::act(&it.app, &as_ana, HERE, Verb::Disable, bea).await.expect("another");
        let key = Principal::ApiKey { id: KeyId(1), scopes: vec![Scope::Admin], owner: None };
        assert!(matches!(people::act(&it.app, &key, HERE, Verb::Disable, ana).await, Err(NotDone::Changed)), "the last one");
    }

    async fn an_invitation_that_is_sent_again_is_as_it_is_said_then(it: Installation) {
        let role = async |email: &str| users::by_email(it.app.registry(), email).await.expect("asked").expect("there").role;
        let invite = async |who: &Principal, role: Role| people::invite(&it.app, who, HERE, "x@example.org", "", role).await.expect("asked");
        assert!(matches!(invite(&ADMIN, Role::Admin).await, Ok(true)));
        let sam = Principal::user(UserId(9), Role::Staff);
        assert!(matches!(invite(&sam, Role::Customer).await, Ok(false)), "not staff's to change");
        assert_eq!(role("x@example.org").await, Role::Admin);
        assert!(matches!(invite(&ADMIN, Role::Customer).await, Ok(true)));
        assert_eq!(role("x@example.org").await, Role::Customer);
    }

    async fn who_never_was_in_is_forgotten_with_a_device_that_was_meant_for_them(it: Installation) {
        register::invite(&it.app, "x@example.org", "", Role::Customer, None, TEST).await.expect("invited");
        mails(it).await;
        it.device("m1", Some("x@example.org")).await;
        people::act(&it.app, &ADMIN, HERE, Verb::Refuse, id_of(it, "x@example.org").await).await.expect("forgotten");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM devices WHERE owner_id IS NULL").await, [1]);
    }
}

both! {
    with OPEN:
    async fn a_strangers_password_ends_when_the_addresss_owner_comes(it: Installation) {
        let (status, _) = post(it, "/api/v1/users/", json!({ "email": "eva@example.org", "password": "a stranger chose this one" })).await;
        assert_eq!(status, 201);
        let id = id_of(it, "eva@example.org").await;
        assert!(register::approve(&it.app, id, Role::Customer, TEST).await.expect("approved"));
        enters(it, "eva@example.org", "a stranger chose this one").await.expect("the stranger, for now");
        let answer = post(it, "/api/v1/auth/magic-link", json!({ "email": "eva@example.org" })).await;
        assert_eq!(answer.0, 202);
        let link = code(&newest(it, "enlace para entrar").await);
        let entered = redeem::entry(&it.app, &browser(it), HERE, &link).await.expect("opened");
        let Entered::Choose(chosen) = entered else { panic!("she chooses a password of her own: {entered:?}") };
        assert!(matches!(enters(it, "eva@example.org", "a stranger chose this one").await, Err(SignInError::Wrong)));
        redeem::reset_and_enter(&it.app, &browser(it), HERE, &chosen, PASSWORD).await.expect("in");
        enters(it, "eva@example.org", PASSWORD).await.expect("her own opens");
    }
}
