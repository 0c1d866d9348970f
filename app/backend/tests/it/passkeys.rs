//! Passkeys: added, used and lost, with the authenticator that the library has for tests.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use tower_sessions::Session;
use vigia_backend::auth::account::RECENT_MS;
use vigia_backend::auth::passkeys::{self, LIFE_MS, MOST, PasskeyError};
use vigia_backend::auth::sign_in::SignInError;
use vigia_backend::auth::{links, own_data, redeem, session};
use vigia_backend::db::links::Purpose;
use vigia_backend::db::{passkeys as kept, registrations, users};
use vigia_backend::origin::Origin;
use vigia_domain::ids::UserId;
use vigia_domain::user::Role;
use webauthn_authenticator_rs::WebauthnAuthenticator as _;
use webauthn_authenticator_rs::softpasskey::SoftPasskey;
use webauthn_rs::prelude::{CreationChallengeResponse, RequestChallengeResponse, Url};

use crate::mail::mails;
use crate::support::{BY, Engine, HERE, Installation, NOW, both};

const PUBLIC: [(&str, &str); 1] = [("VIGIA_HTTP__PUBLIC_URL", "https://vigia.example")];
const OURS: &str = "https://vigia.example";
const PASSWORD: &str = "correct horse battery";

fn browser(it: &Installation) -> Session {
    Session::new(None, Arc::new(it.app.sessions().clone()), None)
}

/// Somebody, and a browser in which they have just signed in.
async fn somebody(it: &Installation, email: &str) -> (UserId, Session) {
    it.user(email, Role::Staff).await;
    let user = users::by_email(it.app.registry(), email).await.expect("asked").expect("there").id;
    let own = browser(it);
    session::begin(&own, user, "test", HERE).await.expect("begun");
    (user, own)
}

/// What keeps somebody's keys, with what it says of the last that it made.
struct Authenticator {
    soft: SoftPasskey,
    id: Vec<u8>,
    handle: Vec<u8>,
}

impl Authenticator {
    fn new() -> Self {
        Self { soft: SoftPasskey::new(true), id: Vec::new(), handle: Vec::new() }
    }

    /// Makes a key for a page at `origin`.
    fn make(&mut self, asked: &str, origin: &str) -> String {
        let asked: Value = serde_json::from_str(asked).expect("JSON");
        let selection = json!({ "residentKey": "required", "requireResidentKey": true, "userVerification": "required" });
        assert_eq!(asked["publicKey"]["authenticatorSelection"], selection);
        let mut asked: CreationChallengeResponse = serde_json::from_value(asked).expect("what the library reads");
        // It finds its keys by themselves, as we see to below, but does not say that it can.
        asked.public_key.authenticator_selection.as_mut().expect("asked for").require_resident_key = false;
        self.handle.clone_from(&asked.public_key.user.id);
        let made = self.soft.do_registration(Url::parse(origin).expect("an origin"), asked).expect("made");
        self.id.clone_from(&made.raw_id);
        serde_json::to_string(&made).expect("JSON")
    }

    /// Signs with its last key for a page at `origin`, which names no key.
    fn sign(&mut self, asked: &str, origin: &str) -> String {
        let mut asked: Value = serde_json::from_str(asked).expect("JSON");
        assert_eq!((&asked["publicKey"]["allowCredentials"], &asked["mediation"]), (&json!([]), &Value::Null));
        asked["publicKey"]["allowCredentials"] = json!([{ "type": "public-key", "id": BASE64URL_NOPAD.encode(&self.id) }]);
        let asked: RequestChallengeResponse = serde_json::from_value(asked).expect("what the library reads");
        let mut signed = self.soft.do_authentication(Url::parse(origin).expect("an origin"), asked).expect("signed");
        signed.response.user_handle = Some(self.handle.clone());
        serde_json::to_string(&signed).expect("JSON")
    }
}

/// A passkey of a user, called so.
async fn passkey(it: &Installation, own: &Session, user: UserId, name: &str) -> Authenticator {
    let mut keys = Authenticator::new();
    let asked = passkeys::begin_adding(&it.app, own, HERE, user, "").await.expect("asked");
    passkeys::add(&it.app, own, HERE, user, &keys.make(&asked, OURS), name).await.expect("added");
    keys
}

async fn asked(it: &Installation, at: &Session) -> String {
    passkeys::begin_entering(&it.app, at, HERE).await.expect("asked")
}

/// Whether somebody comes in with this answer, and that nothing is said but that it was wrong.
async fn opens(it: &Installation, at: &Session, answer: &str) -> bool {
    match passkeys::enter(&it.app, at, HERE, answer).await {
        Ok(_) => true,
        Err(PasskeyError::SignIn(SignInError::Wrong)) => {
            assert_eq!(session::user(at).await.expect("read"), None);
            false
        }
        Err(other) => panic!("{other}"),
    }
}

/// The same with a new browser that is asked and answers at once.
async fn still_opens(it: &Installation, keys: &mut Authenticator) -> bool {
    let at = browser(it);
    let answer = keys.sign(&asked(it, &at).await, OURS);
    opens(it, &at, &answer).await
}

both! {
    with PUBLIC:

    async fn a_passkey_signs_its_owner_in_without_an_address(it: Installation) {
        let (ana, own) = somebody(it, "ana@example.org").await;
        somebody(it, "eva@example.org").await;
        let mut keys = passkey(it, &own, ana, " Firefox\u{0} · Linux ").await;
        let at = browser(it);
        let answer = keys.sign(&asked(it, &at).await, OURS);
        let before = at.id();
        let visitor = passkeys::enter(&it.app, &at, HERE, &answer).await.expect("in");
        assert_eq!((visitor.email.as_str(), session::user(&at).await.expect("read")), ("ana@example.org", Some(ana)));
        assert_ne!(at.id(), before, "the session is another one");
        let noted = "SELECT COUNT(*) FROM audit WHERE action = 'session.begin' AND target = 'passkey'";
        assert_eq!(it.numbers("vigia.db", noted).await, [1]);
        let listed = passkeys::list(&it.app, ana).await.expect("asked");
        assert_eq!((listed[0].name.as_str(), listed[0].created_ms, listed[0].used_ms), ("Firefox · Linux", NOW, Some(NOW)));
        it.world.advance(1_000);
        assert!(still_opens(it, &mut keys).await, "and again");
        assert_eq!(passkeys::list(&it.app, ana).await.expect("asked")[0].used_ms, Some(NOW + 1_000));
    }

    async fn who_gets_a_passkey_is_told_by_mail_and_nobody_of_what_was_refused(it: Installation) {
        let (ana, own) = somebody(it, "ana@example.org").await;
        it.sql("vigia.db", "UPDATE users SET lang = 'en'").await;
        let mut keys = Authenticator::new();
        let asked = passkeys::begin_adding(&it.app, &own, HERE, ana, "").await.expect("asked");
        it.world.advance(LIFE_MS + 1);
        let late = passkeys::add(&it.app, &own, HERE, ana, &keys.make(&asked, OURS), "one").await;
        assert!(matches!(late, Err(PasskeyError::SignIn(SignInError::Wrong))), "{late:?}");
        assert_eq!(mails(it).await, Vec::<String>::new());
        passkey(it, &own, ana, "one").await;
        let told = mails(it).await;
        assert!(told.len() == 1 && told[0].contains("To: ana@example.org"), "{told:?}");
        assert!(told[0].contains("A passkey was added") && told[0].contains("at 2026-03-01 12:05 UTC"), "{}", told[0]);
        assert!(told[0].contains("https://vigia.example/settings\r\n"), "{}", told[0]);
    }

    async fn an_answer_opens_once_and_in_the_browser_that_was_asked(it: Installation) {
        let (ana, own) = somebody(it, "ana@example.org").await;
        let mut keys = passkey(it, &own, ana, "one").await;
        let (at, elsewhere) = (browser(it), browser(it));
        let answer = keys.sign(&asked(it, &at).await, OURS);
        assert!(!opens(it, &elsewhere, &answer).await, "nothing was asked there");
        asked(it, &elsewhere).await;
        assert!(!opens(it, &elsewhere, &answer).await, "something else was asked there");
        assert!(opens(it, &at, &answer).await);
        let again = browser(it);
        assert!(!opens(it, &again, &answer).await);
        session::end(&at).await.expect("out");
        asked(it, &at).await;
        assert!(!opens(it, &at, &answer).await, "the next question is another one");
        // What was wrong once is not looked at again.
        let at = browser(it);
        let answer = keys.sign(&asked(it, &at).await, OURS);
        assert!(!opens(it, &at, "{}").await);
        assert!(!opens(it, &at, &answer).await);
    }

    async fn what_was_signed_for_another_site_or_too_late_opens_nothing(it: Installation) {
        let (ana, own) = somebody(it, "ana@example.org").await;
        let mut keys = passkey(it, &own, ana, "one").await;
        for origin in ["https://evil.vigia.example", "https://vigia.example:8443"] {
            let at = browser(it);
            let answer = keys.sign(&asked(it, &at).await, origin);
            assert!(!opens(it, &at, &answer).await, "{origin}");
            let question = passkeys::begin_adding(&it.app, &own, HERE, ana, "").await.expect("asked");
            let made = Authenticator::new().make(&question, origin);
            let refused = passkeys::add(&it.app, &own, HERE, ana, &made, "two").await;
            assert!(matches!(refused, Err(PasskeyError::SignIn(SignInError::Wrong))), "{origin}: {refused:?}");
        }
        let at = browser(it);
        let answer = keys.sign(&asked(it, &at).await, OURS);
        it.world.advance(LIFE_MS);
        assert!(!opens(it, &at, &answer).await, "late");
        assert!(still_opens(it, &mut keys).await);
        assert_eq!(passkeys::list(&it.app, ana).await.expect("asked").len(), 1);
    }

    async fn what_is_removed_or_blocked_or_another_accounts_opens_nothing(it: Installation) {
        let (ana, own) = somebody(it, "ana@example.org").await;
        let (eva, evas) = somebody(it, "eva@example.org").await;
        let mut keys = passkey(it, &own, ana, "one").await;
        let mut of_eva = passkey(it, &evas, eva, "eva's").await;
        let id = passkeys::list(&it.app, ana).await.expect("asked")[0].id;
        assert!(matches!(passkeys::remove(&it.app, HERE, eva, id).await, Err(PasskeyError::Missing)));
        assert!(matches!(passkeys::rename(&it.app, HERE, eva, id, "mine").await, Err(PasskeyError::Missing)));
        assert!(matches!(passkeys::rename(&it.app, HERE, ana, id, " \u{7} ").await, Err(PasskeyError::Name)));
        passkeys::rename(&it.app, HERE, ana, id, "of the house").await.expect("renamed");
        assert_eq!(passkeys::list(&it.app, ana).await.expect("asked")[0].name, "of the house");
        // Whose it is is not believed: it is looked up.
        let own_handle = std::mem::replace(&mut of_eva.handle, keys.handle.clone());
        assert!(!still_opens(it, &mut of_eva).await);
        of_eva.handle = own_handle;
        assert!(still_opens(it, &mut of_eva).await);
        users::set_enabled(it.app.registry(), eva, Role::Staff, false, BY).await.expect("blocked");
        assert!(!still_opens(it, &mut of_eva).await);
        assert!(still_opens(it, &mut keys).await);
        passkeys::remove(&it.app, HERE, ana, id).await.expect("removed");
        assert!(!still_opens(it, &mut keys).await);
        let noted = "SELECT COUNT(*) FROM audit WHERE action IN ('user.passkey.add', 'user.passkey.rename', 'user.passkey.remove')";
        assert_eq!(it.numbers("vigia.db", noted).await, [4]);
    }

    async fn a_copy_that_comes_at_the_same_moment_is_not_taken(it: Installation) {
        let (ana, own) = somebody(it, "ana@example.org").await;
        let mut keys = passkey(it, &own, ana, "one").await;
        let before = passkeys::list(&it.app, ana).await.expect("asked").remove(0);
        assert!(still_opens(it, &mut keys).await);
        let used = kept::used(it.app.registry(), before.id, &before.credential, "{}", NOW).await.expect("asked");
        assert!(!used, "it has signed meanwhile");
    }

    async fn adding_one_takes_a_sign_in_of_just_now_or_the_password(it: Installation) {
        let (ana, own) = somebody(it, "ana@example.org").await;
        let (eva, _) = somebody(it, "eva@example.org").await;
        let begin = async |password: &str| passkeys::begin_adding(&it.app, &own, HERE, ana, password).await;
        it.world.advance(RECENT_MS);
        let question = begin("").await.expect("just now");
        // What one browser was asked for one account is none of another's.
        let made = Authenticator::new().make(&question, OURS);
        let add = async |at: &Session, user: UserId, made: &str| passkeys::add(&it.app, at, HERE, user, made, "one").await;
        assert!(matches!(add(&browser(it), ana, &made).await, Err(PasskeyError::SignIn(SignInError::Wrong))));
        assert!(matches!(add(&own, eva, &made).await, Err(PasskeyError::SignIn(SignInError::Wrong))));
        assert!(matches!(add(&own, ana, &made).await, Err(PasskeyError::SignIn(SignInError::Wrong))), "it was looked at once");
        it.world.advance(1);
        assert!(matches!(begin("").await, Err(PasskeyError::SignInAgain)));
        assert!(matches!(begin("wrong horse!").await, Err(PasskeyError::SignIn(SignInError::Wrong))));
        let question = begin(PASSWORD).await.expect("the password");
        add(&own, ana, &Authenticator::new().make(&question, OURS)).await.expect("added");
        let question: Value = serde_json::from_str(&begin(PASSWORD).await.expect("asked")).expect("JSON");
        assert_eq!(question["publicKey"]["excludeCredentials"].as_array().map(Vec::len), Some(1), "that one is not made twice");
        assert_eq!(question["publicKey"]["rp"]["id"], json!("vigia.example"));
        let more = format!(
            "INSERT INTO passkeys (user_id, handle, credential_id, credential, name, created_ms) \
             SELECT user_id, handle, credential_id || 'x' || (SELECT COUNT(*) FROM passkeys), credential, name, created_ms \
             FROM passkeys WHERE user_id = {} LIMIT 1",
            ana.0
        );
        for _ in 1..MOST {
            it.sql("vigia.db", &more).await;
        }
        assert!(matches!(begin(PASSWORD).await, Err(PasskeyError::Full)));
    }

    async fn guesses_are_counted_and_so_is_asking(it: Installation) {
        let (ana, own) = somebody(it, "ana@example.org").await;
        let mut keys = passkey(it, &own, ana, "one").await;
        let home: &Origin = &"192.0.2.7".parse::<std::net::IpAddr>().expect("an address").into();
        let at = browser(it);
        let mut wrong = 0;
        while let Err(PasskeyError::SignIn(SignInError::Wrong)) = passkeys::enter(&it.app, &at, home, "{}").await {
            wrong += 1;
            assert!(wrong < 1_000, "there is a bound");
        }
        assert!(wrong >= 10, "a mistake or two are nobody's guess");
        let answer = keys.sign(&asked(it, &at).await, OURS);
        let refused = passkeys::enter(&it.app, &at, home, &answer).await;
        assert!(matches!(refused, Err(PasskeyError::SignIn(SignInError::TooMany(_)))), "not even the right one: {refused:?}");
        assert!(opens(it, &at, &answer).await, "from elsewhere, and it was not looked at before");
        let mut begun = 0;
        while passkeys::begin_entering(&it.app, &browser(it), home).await.is_ok() {
            begun += 1;
            assert!(begun < 1_000, "there is a bound");
        }
        assert!(begun >= 100, "an office of people signs in at once");
    }

    async fn sessions_of_nobody_are_gone_within_hours(it: Installation) {
        let (ana, own) = somebody(it, "ana@example.org").await;
        asked(it, &browser(it)).await;
        it.app.sessions().tidy().await.expect("tidied");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM sessions").await, [2]);
        it.world.advance(2 * 60 * 60 * 1_000);
        it.app.sessions().tidy().await.expect("tidied");
        assert_eq!(it.numbers("vigia.db", "SELECT user_id FROM sessions").await, [ana.0]);
        assert_eq!(session::user(&own).await.expect("read"), Some(ana));
    }

    async fn a_password_chosen_anew_by_mail_leaves_no_passkey_of_whoever_was_in(it: Installation) {
        let (ana, own) = somebody(it, "ana@example.org").await;
        let mut keys = passkey(it, &own, ana, "one").await;
        let link = links::mailed(it.app.registry(), it.app.world(), OURS, Purpose::Reset, ana).await.expect("made");
        let code = link.split_once('#').expect("the code is behind the #").1;
        redeem::reset(&it.app, HERE, code, "another horse battery").await.expect("chosen");
        assert!(!still_opens(it, &mut keys).await);

        // Somebody had registered with an address of hers, was let in, and made one; she comes by a link that was mailed.
        let (eva, evas) = somebody(it, "eva@example.org").await;
        it.sql("vigia.db", "UPDATE users SET confirmed_ms = NULL WHERE email = 'eva@example.org'").await;
        let mut keys = passkey(it, &evas, eva, "strangers").await;
        assert!(registrations::confirm(it.app.registry(), eva, HERE, NOW).await.expect("confirmed"));
        assert!(!still_opens(it, &mut keys).await);
    }

    async fn names_and_times_are_taken_along_and_nothing_is_left(it: Installation) {
        let (eva, own) = somebody(it, "eva@example.org").await;
        let keys = passkey(it, &own, eva, "Chrome · Android").await;
        let data = own_data::export(&it.app, eva).await.expect("made");
        assert_eq!(data["passkeys"][0]["name"], json!("Chrome · Android"), "{data}");
        assert!(data["passkeys"][0]["created_at"].is_string() && data["passkeys"][0]["used_at"].is_null(), "{data}");
        assert!(!data.to_string().contains(&BASE64URL_NOPAD.encode(&keys.id)), "no key goes along: {data}");
        own_data::delete(&it.app, Some(&own), HERE, eva, PASSWORD).await.expect("deleted");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM passkeys").await, [0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_browser_would_keep_none_none_is_asked_for() {
    let plain = ("VIGIA_HTTP__PUBLIC_URL".to_owned(), "http://192.168.1.5:3000".to_owned());
    let mut it = Installation::with(Engine::Sqlite, [plain]).await;
    let (ana, own) = somebody(&it, "ana@example.org").await;
    let begun = passkeys::begin_adding(&it.app, &own, HERE, ana, "").await;
    assert!(matches!(begun, Err(PasskeyError::NotOffered)), "{begun:?}");
    let begun = passkeys::begin_entering(&it.app, &browser(&it), HERE).await;
    assert!(matches!(begun, Err(PasskeyError::NotOffered)), "{begun:?}");
    assert!(matches!(passkeys::enter(&it.app, &own, HERE, "{}").await, Err(PasskeyError::NotOffered)));
    it.close().await;
}
