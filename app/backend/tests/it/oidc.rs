//! Signing in by a provider of OpenID Connect: who comes in, whose account it is, and what is refused.

mod linking;
mod provider;
mod refusals;

use axum::http::Method;
use serde_json::{Value, json};
use tower_sessions::Session;
use vigia_backend::auth::sign_in::{self, SignInError};
use vigia_backend::auth::{register, second_step};
use vigia_backend::db::users;
use vigia_domain::user::Role;

use crate::mail::{browser, code, mails};
use crate::second_step::with_second_step;
use crate::support::{Engine, HERE, Installation, TEST};
use provider::{CLIENT, Provider, Question, SECRET, Signed};

const PASSWORD: &str = "seis gatos sin tejado";
const CALLBACK: &str = "/api/v1/auth/oidc/op/callback";
const INVITED: [(&str, &str); 0] = [];
const OPEN: [(&str, &str); 1] = [("VIGIA_ACCOUNTS__REGISTRATION", "open")];
const NOBODYS_WORD: [(&str, &str); 2] = [("VIGIA_ACCOUNTS__REGISTRATION", "open"), ("VIGIA_ACCOUNTS__APPROVAL", "false")];

/// An installation and a provider that it knows as `op`.
pub struct Scene {
    it: Installation,
    op: Provider,
}

/// Writes one case for both databases, with these settings.
macro_rules! scenes {
    ($(with $more:ident: $(async fn $name:ident($scene:ident: Scene) $body:block)+)+) => {
        $($(
            async fn $name($scene: &mut crate::oidc::Scene) $body

            mod $name {
                use crate::oidc::Scene;
                use crate::support::Engine;

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    let mut scene = Scene::new(Engine::Sqlite, &super::$more).await;
                    super::$name(&mut scene).await;
                    scene.close().await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    let mut scene = Scene::new(Engine::Postgres, &super::$more).await;
                    super::$name(&mut scene).await;
                    scene.close().await;
                }
            }
        )+)+
    };
}
use scenes;

impl Scene {
    pub async fn new(engine: Engine, more: &[(&str, &str)]) -> Self {
        let op = Provider::start().await;
        let of_op = [
            ("VIGIA_HTTP__PUBLIC_URL", "https://vigia.example.org"),
            ("VIGIA_OIDC__OP__ISSUER", op.issuer()),
            ("VIGIA_OIDC__OP__CLIENT_ID", CLIENT),
            ("VIGIA_OIDC__OP__CLIENT_SECRET", SECRET),
            ("VIGIA_OIDC__OP__LABEL", "Own <b>sign-in</b>"),
        ];
        let settings: Vec<_> = of_op.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Self { it: Installation::with(engine, settings).await, op }
    }

    pub async fn close(&mut self) {
        self.it.close().await;
    }

    fn now_ms(&self) -> i64 {
        self.it.world.world().clock.now_ms()
    }

    /// Asks for an address as a browser with this cookie: where it is led, and its cookie then.
    async fn go(&self, path: &str, cookie: &str) -> (u16, String, String, String) {
        let answer = self.it.ask(Method::GET, path, &[("cookie", cookie)], "").await;
        let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let set = header("set-cookie");
        let now = if set.is_empty() { cookie.to_owned() } else { set.split(';').next().unwrap_or_default().to_owned() };
        (answer.status.as_u16(), header("location"), now, answer.text)
    }

    /// Begins: the question that the provider is asked, and the browser's cookie.
    async fn begin(&self, query: &str, cookie: &str) -> (Question, String) {
        let (status, location, cookie, _) = self.go(&format!("/api/v1/auth/oidc/op{query}"), cookie).await;
        assert_eq!((status, location.starts_with(&format!("{}/auth?", self.op.issuer()))), (303, true), "{location}");
        (Question::at(&location), cookie)
    }

    /// Comes back from the provider: where it ends, and the cookie then.
    async fn back(&self, question: &Question, code: &str, cookie: &str) -> (String, String) {
        let query = serde_urlencoded::to_string([("code", code), ("state", question.part("state"))]).expect("a query");
        let (status, location, cookie, text) = self.go(&format!("{CALLBACK}?{query}"), cookie).await;
        assert_eq!((status, text.as_str()), (303, ""), "nothing but a way on");
        (location, cookie)
    }

    /// All of it, with what the provider says changed.
    async fn come(&self, signed: Signed, change: impl FnOnce(&mut Value)) -> (String, String) {
        let (question, cookie) = self.begin("", "").await;
        let code = self.op.grant(&question, signed, self.now_ms(), change);
        self.back(&question, &code, &cookie).await
    }

    /// Whose browser this is; empty for nobody's.
    async fn whose(&self, cookie: &str) -> String {
        let answer = self.it.ask(Method::GET, "/api/v1/users/me", &[("cookie", cookie)], "").await;
        if answer.status == 200 { answer.json()["email"].as_str().unwrap_or_default().to_owned() } else { String::new() }
    }

    /// Whether anybody came in or anything was kept that stays.
    async fn nobody_is_in(&self) -> bool {
        let sql = "SELECT (SELECT COUNT(*) FROM identities) + (SELECT COUNT(*) FROM sessions WHERE user_id IS NOT NULL)";
        self.it.numbers("vigia.db", sql).await == [0]
    }

    async fn count(&self, sql: &str) -> i64 {
        self.it.numbers("vigia.db", sql).await[0]
    }
}

/// The session that a cookie names.
fn session_of(it: &Installation, cookie: &str) -> Session {
    let id = cookie.split_once('=').expect("a cookie").1.parse().expect("an id");
    Session::new(Some(id), std::sync::Arc::new(it.app.sessions().clone()), None)
}

const fn as_it_is(_: &mut Value) {}

scenes! {
    with INVITED:
    async fn who_has_an_account_comes_in_by_its_address_and_is_known_by_their_identity_then(s: Scene) {
        s.it.user("eva@example.org", Role::Customer).await;
        let (question, cookie) = s.begin("?next=%2Fdevices%3Fstate%3Donline", "").await;
        assert_eq!(question.part("redirect_uri"), "https://vigia.example.org/api/v1/auth/oidc/op/callback", "never from a header");
        assert_eq!((question.part("scope"), question.part("response_type"), question.part("code_challenge_method")), ("openid email profile", "code", "S256"));
        let code = s.op.grant(&question, Signed::Rightly, s.now_ms(), as_it_is);
        let (location, own) = s.back(&question, &code, &cookie).await;
        assert_eq!((location.as_str(), s.whose(&own).await.as_str()), ("/devices?state=online", "eva@example.org"));
        assert_ne!(own, cookie, "a session that was known before is worth nothing");
        assert_eq!(s.whose(&cookie).await, "");

        // From now on by who she is, whatever her address has become there.
        s.it.world.advance(1_000);
        let (location, again) = s.come(Signed::Rightly, |claims| {
            claims["email"] = json!("other@example.org");
            claims["email_verified"] = json!(false);
        }).await;
        assert_eq!((location.as_str(), s.whose(&again).await.as_str()), ("/", "eva@example.org"));
        let noted = "SELECT COUNT(*) FROM audit WHERE action = 'session.begin' AND target = 'oidc:op'";
        assert_eq!(s.count(noted).await, 2);
        assert_eq!(s.count("SELECT COUNT(*) FROM audit WHERE action = 'user.identity.add'").await, 1);
        assert_eq!(s.count("SELECT used_ms - created_ms FROM identities").await, 1_000);
        let told = mails(&s.it).await;
        assert!(told.len() == 1 && told[0].contains("una cuenta de otro servicio"), "the first time: {told:?}");
    }

    async fn where_nobody_registers_a_stranger_stays_outside(s: Scene) {
        let (location, _) = s.come(Signed::Rightly, as_it_is).await;
        assert_eq!(location, "/sign-in?oidc=no-account");
        assert!(s.nobody_is_in().await);
        assert_eq!(s.count("SELECT COUNT(*) FROM users").await, 0);
    }

    async fn who_is_invited_is_in_with_the_role_of_the_invitation(s: Scene) {
        assert!(register::invite(&s.it.app, "eva@example.org", "", Role::Staff, None, TEST).await.expect("invited"));
        let link = code(mails(&s.it).await.last().expect("a mail"));
        let (location, cookie) = s.come(Signed::Rightly, as_it_is).await;
        assert_eq!((location.as_str(), s.whose(&cookie).await.as_str()), ("/", "eva@example.org"));
        let eva = users::by_email(s.it.app.registry(), "eva@example.org").await.expect("asked").expect("there");
        assert_eq!((eva.role, eva.enabled, eva.confirmed, eva.password_hash), (Role::Staff, true, true, None));
        let late = register::join(&s.it.app, &browser(&s.it), HERE, &link, "Eva", PASSWORD).await;
        assert!(matches!(late, Err(SignInError::LinkOver)), "whoever finds the mail later: {late:?}");
        assert_eq!(mails(&s.it).await.len(), 1, "her account begins with it, and she is told of no other way in");
    }

    async fn who_is_shut_out_stays_out(s: Scene) {
        s.it.user("eva@example.org", Role::Customer).await;
        s.it.sql("vigia.db", "UPDATE users SET disabled_ms = 1").await;
        assert_eq!(s.come(Signed::Rightly, as_it_is).await.0, "/sign-in?oidc=no-account", "by the address");
        s.it.sql("vigia.db", "UPDATE users SET disabled_ms = NULL").await;
        assert_eq!(s.come(Signed::Rightly, as_it_is).await.0, "/");
        s.it.sql("vigia.db", "UPDATE users SET disabled_ms = 1").await;
        assert_eq!(s.come(Signed::Rightly, as_it_is).await.0, "/sign-in?oidc=no-account", "by the identity");
    }

    async fn an_address_that_has_become_somebody_elses_there_opens_nothing(s: Scene) {
        s.it.user("eva@example.org", Role::Customer).await;
        assert_eq!(s.come(Signed::Rightly, as_it_is).await.0, "/");
        let (location, cookie) = s.come(Signed::Rightly, |claims| claims["sub"] = json!("s-2")).await;
        assert_eq!((location.as_str(), s.whose(&cookie).await.as_str()), ("/sign-in?oidc=another", ""));
    }

    async fn a_key_that_the_provider_has_now_is_asked_for_and_its_description_is_not_each_time(s: Scene) {
        s.it.user("eva@example.org", Role::Customer).await;
        for _ in 0..3 {
            assert_eq!(s.come(Signed::Rightly, as_it_is).await.0, "/");
        }
        assert_eq!(s.op.described(), 1);
        s.op.turn_key();
        assert_eq!(s.come(Signed::Rightly, as_it_is).await.0, "/sign-in?oidc=refused", "it was asked a moment ago");
        s.it.world.advance(31_000);
        assert_eq!(s.come(Signed::Rightly, as_it_is).await.0, "/");
        assert_eq!(s.op.described(), 2);
        s.it.world.advance(60 * 60 * 1000);
        assert_eq!(s.come(Signed::Rightly, as_it_is).await.0, "/");
        assert_eq!(s.op.described(), 3, "after an hour");
    }

    async fn an_address_that_is_said_only_when_asked_once_more_counts(s: Scene) {
        s.it.user("eva@example.org", Role::Customer).await;
        let without = |claims: &mut Value| {
            let claims = claims.as_object_mut().expect("an object");
            claims.remove("email");
            claims.remove("email_verified");
        };
        s.op.say_more(json!({ "sub": "somebody else", "email": "eva@example.org", "email_verified": true }));
        assert_eq!(s.come(Signed::Rightly, without).await.0, "/sign-in?oidc=refused");
        s.op.say_more(json!({ "sub": "s-1", "email": "eva@example.org", "email_verified": "true" }));
        let (location, cookie) = s.come(Signed::Rightly, without).await;
        assert_eq!((location.as_str(), s.whose(&cookie).await.as_str()), ("/", "eva@example.org"));
    }

    async fn who_has_a_second_step_is_asked_for_it_after_the_provider(s: Scene) {
        let (_, recovery) = with_second_step(&s.it, "eva@example.org", Role::Customer).await;
        let (location, cookie) = s.come(Signed::Rightly, as_it_is).await;
        assert_eq!((location.as_str(), s.whose(&cookie).await.as_str()), ("/sign-in/code?next=%2F", ""));
        let visitor = second_step::finish(&s.it.app, &session_of(&s.it, &cookie), HERE, &recovery[0]).await.expect("in");
        assert_eq!(visitor.email, "eva@example.org");
        assert_eq!(s.count("SELECT COUNT(*) FROM audit WHERE action = 'session.begin' AND target = 'oidc:op+recovery'").await, 1);
        mails(&s.it).await;
    }

    with OPEN:
    async fn who_registers_by_a_provider_waits_for_an_operator_and_is_told_so(s: Scene) {
        let (location, cookie) = s.come(Signed::Rightly, |claims| claims["name"] = json!("Eva\u{7} <b>Pozo</b>")).await;
        assert_eq!((location.as_str(), s.whose(&cookie).await.as_str()), ("/sign-in?link=waits", ""));
        assert!(mails(&s.it).await.last().is_some_and(|mail| mail.contains("To: eva@example.org")));
        assert_eq!(s.come(Signed::Rightly, as_it_is).await.0, "/sign-in?link=waits", "still");
        assert_eq!(mails(&s.it).await.len(), 1, "told once");
        let eva = users::by_email(s.it.app.registry(), "eva@example.org").await.expect("asked").expect("there");
        assert_eq!((eva.name.as_str(), eva.role, eva.lang.as_deref()), ("Eva <b>Pozo</b>", Role::Customer, Some("en")));
        assert!(register::approve(&s.it.app, eva.id, Role::Customer, TEST).await.expect("approved"));
        let (location, cookie) = s.come(Signed::Rightly, as_it_is).await;
        assert_eq!((location.as_str(), s.whose(&cookie).await.as_str()), ("/", "eva@example.org"));
        mails(&s.it).await;
    }

    async fn a_strangers_password_sessions_and_keys_end_when_the_addresss_owner_comes(s: Scene) {
        let body = json!({ "email": "eva@example.org", "password": "a stranger chose this one" }).to_string();
        let answer = s.it.ask(Method::POST, "/api/v1/users/", &[("content-type", "application/json")], body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let eva = users::by_email(s.it.app.registry(), "eva@example.org").await.expect("asked").expect("there").id;
        assert_eq!(s.come(Signed::Rightly, |claims| claims["email_verified"] = json!(false)).await.0, "/sign-in?oidc=unverified");
        assert!(register::approve(&s.it.app, eva, Role::Customer, TEST).await.expect("approved"));
        let strangers = s.it.cookie("eva@example.org").await;
        let wanted = json!({ "name": "x", "scopes": ["telemetry:read"] }).to_string();
        let made = s.it.ask(Method::POST, "/api/v1/api-keys", &[("cookie", &strangers), ("content-type", "application/json")], wanted).await;
        let key = made.json()["key"].as_str().expect("a key").to_owned();
        assert_eq!((s.whose(&strangers).await.as_str(), s.it.get("/api/v1/devices", &key).await.status.as_u16()), ("eva@example.org", 200));

        for sql in [
            format!("INSERT INTO identities (issuer, subject, user_id, created_ms, used_ms) VALUES ('{}', 'stranger', {}, 1, 1)", s.op.issuer(), eva.0),
            format!("INSERT INTO passkeys (user_id, handle, credential_id, credential, name, created_ms) VALUES ({}, 'h', 'c', '{{}}', 'x', 1)", eva.0),
            format!("INSERT INTO second_steps (user_id, created_ms, confirmed_ms) VALUES ({}, 1, 1)", eva.0),
        ] {
            assert_eq!(s.it.sql("vigia.db", &sql).await, 1);
        }

        let (location, cookie) = s.come(Signed::Rightly, as_it_is).await;
        assert_eq!((location.as_str(), s.whose(&cookie).await.as_str()), ("/", "eva@example.org"));
        for (what, left) in [("identities", 1), ("identities WHERE subject <> 'stranger'", 1), ("passkeys", 0), ("second_steps", 0)] {
            assert_eq!(s.count(&format!("SELECT COUNT(*) FROM {what}")).await, left, "{what}");
        }
        assert_eq!((s.whose(&strangers).await.as_str(), s.it.get("/api/v1/devices", &key).await.status.as_u16()), ("", 401));
        let stranger = sign_in::sign_in(&s.it.app, &browser(&s.it), HERE, "eva@example.org", "a stranger chose this one").await;
        assert!(matches!(stranger, Err(SignInError::Wrong)), "{stranger:?}");
        mails(&s.it).await;
    }

    with NOBODYS_WORD:
    async fn without_an_operators_word_who_registers_by_a_provider_is_in(s: Scene) {
        let (location, cookie) = s.come(Signed::Rightly, as_it_is).await;
        assert_eq!((location.as_str(), s.whose(&cookie).await.as_str()), ("/", "eva@example.org"));
        let eva = users::by_email(s.it.app.registry(), "eva@example.org").await.expect("asked").expect("there");
        assert_eq!((eva.role, eva.confirmed, eva.password_hash), (Role::Customer, true, None));
        assert_eq!(mails(&s.it).await, Vec::<String>::new());
    }

    async fn who_registered_by_the_form_and_never_opened_the_mail_is_in_without_it(s: Scene) {
        let eva = register::Applicant { email: "eva@example.org", username: None, name: "Eva", password: None, lang: None };
        register::register(&s.it.app, HERE, eva).await.expect("registered");
        let link = code(mails(&s.it).await.last().expect("a mail"));
        assert_eq!(s.come(Signed::Rightly, as_it_is).await.0, "/");
        let late = register::join(&s.it.app, &browser(&s.it), HERE, &link, "Eva", PASSWORD).await;
        assert!(matches!(late, Err(SignInError::LinkOver)), "{late:?}");
    }
}
