//! Passkeys: keys in somebody's device or password manager. One of them signs its owner in without an address and without a password: that
//! they have it and that they may use it (by finger, face or PIN, which we ask for) are two factors in one.
//!
//! What is signed and how it is checked is `webauthn-rs`'s matter. Each time a browser is asked, what was asked waits in that browser's
//! session for some minutes; whatever the answer is, it waits no more.

use data_encoding::BASE64URL_NOPAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_sessions::Session;
use vigia_domain::ids::UserId;
use vigia_domain::user::Visitor;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Url, Uuid, Webauthn,
    WebauthnBuilder, WebauthnError,
};

use super::sign_in::{SignInError, counted, shown, visitor_of};
use super::{account, session};
use crate::app::App;
use crate::config::Most;
use crate::db::DbError;
use crate::db::audit::{Actor, By};
use crate::db::passkeys::{self, Kept, New};
use crate::db::users::{self, User};
use crate::origin::Origin;

/// How many one may have.
pub const MOST: usize = 20;
/// The longest name of one, in characters.
pub const LONGEST_NAME: usize = 80;
/// How many sign-ins may be begun from one address in ten minutes: each is a row until it is tidied away.
pub const MOST_ASKED: Most = Most { per_account: 300, per_address: 300 };
/// How long an answer is waited for.
pub const LIFE_MS: i64 = 5 * 60 * 1000;

/// What waits in a session.
const ADDING: &str = "passkey-add";
const ENTERING: &str = "passkey-enter";

/// What browsers call us where they list passkeys.
const RELYING_PARTY: &str = "Vigía";

/// Why a passkey was not added, changed or taken.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// No browser keeps one for the address that this installation has.
    #[error("passkeys need http.public_url, with https and a name")]
    NotOffered,
    /// Whoever signed in long ago says first that it is them.
    #[error("sign in again, or give the password")]
    SignInAgain,
    /// Enough of them.
    #[error("{MOST} passkeys are enough for one account")]
    Full,
    /// It is here already.
    #[error("this passkey is here already")]
    Known,
    /// Without a name.
    #[error("a passkey has a name of 1 to {LONGEST_NAME} characters")]
    Name,
    /// There is none such of one's own.
    #[error("there is no such passkey")]
    Missing,
    /// As when one signs in.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// What a browser is asked could not be made.
    #[error("a passkey could not be asked for: {0}")]
    Library(#[from] WebauthnError),
}

impl From<DbError> for PasskeyError {
    fn from(error: DbError) -> Self {
        Self::SignIn(error.into())
    }
}

impl From<session::SessionError> for PasskeyError {
    fn from(error: session::SessionError) -> Self {
        Self::SignIn(error.into())
    }
}

/// What waits in a browser's session: what it was asked, and when.
#[derive(Debug, Serialize, Deserialize)]
struct Asked<S> {
    at_ms: i64,
    state: S,
}

/// For whom a browser is to make one, and what it will say of whose it is.
#[derive(Debug, Serialize, Deserialize)]
struct Adding {
    user: UserId,
    handle: Uuid,
    state: PasskeyRegistration,
}

/// The one that browsers make keys for. Its name comes from the settings and never from a request: that of a page which somebody else made
/// would have us take what was signed for them.
fn party(app: &App) -> Result<Webauthn, PasskeyError> {
    let origin = app.passkey_origin().and_then(|origin| Url::parse(&origin).ok()).ok_or(PasskeyError::NotOffered)?;
    let name = origin.domain().ok_or(PasskeyError::NotOffered)?;
    Ok(WebauthnBuilder::new(name, &origin)?.rp_name(RELYING_PARTY).build()?)
}

/// What a browser is asked so that it makes a passkey, as JSON for `navigator.credentials.create`. Whoever came in long ago gives the
/// password, too: a browser that somebody left open must not become a way in for ever.
///
/// # Errors
/// [`PasskeyError`]; a wrong password counts as a try to sign in.
pub async fn begin_adding(app: &App, session: &Session, from: &Origin, user: UserId, password: &str) -> Result<String, PasskeyError> {
    let party = party(app)?;
    let owner = users::by_id(app.registry(), user).await?.ok_or(DbError::Missing("users"))?;
    if !account::is_recent(app, session, user).await? {
        if owner.password_hash.is_none() || password.is_empty() {
            return Err(PasskeyError::SignInAgain);
        }
        account::confirm(app, from, &owner, password).await?;
    }
    let own = passkeys::of_user(app.registry(), user).await?;
    if own.len() >= MOST {
        return Err(PasskeyError::Full);
    }
    // Where somebody's keys lie it says that they are one person's, and nothing else.
    let handle = own.first().and_then(|key| key.handle.parse().ok()).unwrap_or_else(|| Uuid::from_bytes(app.world().bytes()));
    let known = own.iter().filter_map(|key| BASE64URL_NOPAD.decode(key.credential_id.as_bytes()).ok()).collect();
    let (asked, state) = party.start_passkey_registration(handle, &owner.email, &visitor_of(&owner).name, Some(known))?;
    wait(app, session, ADDING, Adding { user, handle, state }).await?;
    let mut asked = json(&asked)?;
    // The library leaves it to the browser whether a key can be found without its owner's address. Ours must be, or none would sign in.
    let selection = &mut asked["publicKey"]["authenticatorSelection"];
    selection["residentKey"] = "required".into();
    selection["requireResidentKey"] = true.into();
    Ok(asked.to_string())
}

/// Keeps the passkey that a browser has made. `answer`: what `navigator.credentials.create` gave, as JSON.
///
/// # Errors
/// [`PasskeyError`]: [`SignInError::Wrong`] when it is no answer to what this browser was asked, or to what it was asked once before.
pub async fn add(app: &App, session: &Session, from: &Origin, user: UserId, answer: &str, name: &str) -> Result<(), PasskeyError> {
    let party = party(app)?;
    let adding: Option<Adding> = waited(app, session, ADDING).await?;
    let adding = adding.filter(|adding| adding.user == user).ok_or(SignInError::Wrong)?;
    let answer: RegisterPublicKeyCredential = serde_json::from_str(answer).map_err(|_| SignInError::Wrong)?;
    let passkey = party.finish_passkey_registration(&answer, &adding.state).map_err(refused)?;
    let new = New {
        user,
        handle: &adding.handle.to_string(),
        credential_id: &BASE64URL_NOPAD.encode(passkey.cred_id()),
        credential: &json(&passkey)?.to_string(),
        name: &named(name)?,
        session: &account::own_hash(session),
    };
    app.changes().take(user).map_err(SignInError::from)?;
    let actor = Actor::user(user.0, from);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    passkeys::insert(app.registry(), new, by).await.map_err(|e| if e.is_duplicate() { PasskeyError::Known } else { e.into() })?;
    app.mails().tell();
    Ok(())
}

/// What a browser is asked so that somebody signs in with whichever passkey of ours they have, as JSON for `navigator.credentials.get`.
///
/// # Errors
/// [`PasskeyError`].
pub async fn begin_entering(app: &App, session: &Session, from: &Origin) -> Result<String, PasskeyError> {
    let party = party(app)?;
    let _counted = app.asked_passkeys().begin(from.address, None).map_err(SignInError::from)?;
    let (mut asked, state) = party.start_discoverable_authentication()?;
    // After a press of a button, and not from the list that a browser offers in a field.
    asked.mediation = None;
    wait(app, session, ENTERING, state).await?;
    Ok(json(&asked)?.to_string())
}

/// Signs in the owner of the passkey with which a browser has answered. `answer`: what `navigator.credentials.get` gave, as JSON.
///
/// # Errors
/// [`PasskeyError`]: [`SignInError::Wrong`] whatever was wrong, which counts as a try.
pub async fn enter(app: &App, session: &Session, from: &Origin, answer: &str) -> Result<Visitor, PasskeyError> {
    let party = party(app)?;
    let way = async {
        let state = waited(app, session, ENTERING).await?.ok_or(SignInError::Wrong)?;
        let (user, id) = owner(app, &party, state, answer).await?;
        session::begin(session, user.id, "passkey", from).await?;
        // Who was shut out in between, or whose passkeys ended, had their sessions ended before this one.
        let is_open = users::by_id(app.registry(), user.id).await?.is_some_and(|user| user.enabled);
        if !is_open || passkeys::by_credential_id(app.registry(), &id).await?.is_none() {
            session::end(session).await?;
            return Err(SignInError::Wrong);
        }
        Ok(visitor_of(&user))
    };
    Ok(counted(app, from, None, way).await?)
}

/// Whose passkey has signed what this browser was asked, if they are let in; and which one.
async fn owner(app: &App, party: &Webauthn, state: DiscoverableAuthentication, answer: &str) -> Result<(User, String), SignInError> {
    let answer: PublicKeyCredential = serde_json::from_str(answer).map_err(|_| SignInError::Wrong)?;
    let (handle, id) = party.identify_discoverable_authentication(&answer).map_err(refused)?;
    let id = BASE64URL_NOPAD.encode(id);
    let found = passkeys::by_credential_id(app.registry(), &id).await?;
    let found = found.filter(|key| key.handle == handle.to_string()).ok_or(SignInError::Wrong)?;
    let mut passkey = read(&found)?;
    let done = party.finish_discoverable_authentication_v2(&answer, state, &passkey).map_err(refused)?;
    let user = users::by_id(app.registry(), found.user).await?.filter(|user| user.enabled).ok_or(SignInError::Wrong)?;
    // How often it has signed, and whether it lies elsewhere, too: of a copy the first is behind, where the key counts. Many do not.
    passkey.update_credential(&done);
    let now = json(&passkey)?.to_string();
    let is_this = passkeys::used(app.registry(), found.id, &found.credential, &now, app.world().clock.now_ms()).await?;
    if is_this { Ok((user, id)) } else { Err(SignInError::Wrong) }
}

/// The passkeys of a user, the oldest first.
///
/// # Errors
/// [`DbError`].
pub async fn list(app: &App, user: UserId) -> Result<Vec<Kept>, DbError> {
    passkeys::of_user(app.registry(), user).await
}

/// Calls one of one's own otherwise.
///
/// # Errors
/// [`PasskeyError`].
pub async fn rename(app: &App, from: &Origin, user: UserId, id: i64, name: &str) -> Result<(), PasskeyError> {
    let name = named(name)?;
    app.changes().take(user).map_err(SignInError::from)?;
    let actor = Actor::user(user.0, from);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    if passkeys::rename(app.registry(), user, id, &name, by).await? { Ok(()) } else { Err(PasskeyError::Missing) }
}

/// Removes one of one's own, the last one too: every account has an address, and by a link that is mailed there its owner comes in.
///
/// # Errors
/// [`PasskeyError`].
pub async fn remove(app: &App, from: &Origin, user: UserId, id: i64) -> Result<(), PasskeyError> {
    app.changes().take(user).map_err(SignInError::from)?;
    let actor = Actor::user(user.0, from);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    if passkeys::remove(app.registry(), user, id, by).await? { Ok(()) } else { Err(PasskeyError::Missing) }
}

/// A name as it can be kept and shown.
fn named(name: &str) -> Result<String, PasskeyError> {
    let name = shown(name);
    if name.is_empty() || name.chars().count() > LONGEST_NAME { Err(PasskeyError::Name) } else { Ok(name) }
}

/// Lets what was asked wait in this browser's session; what waited there before is over.
async fn wait<S: Serialize + Send + Sync>(app: &App, session: &Session, what: &str, state: S) -> Result<(), session::SessionError> {
    session.insert(what, Asked { at_ms: app.world().clock.now_ms(), state }).await?;
    // Now, and not when the answer goes out: who is asked shall be able to answer.
    session.save().await
}

/// What this browser was asked, if it was not too long ago. It waits no more: an answer is looked at once, and so is a guess.
async fn waited<S: DeserializeOwned>(app: &App, session: &Session, what: &str) -> Result<Option<S>, session::SessionError> {
    let asked: Option<Asked<S>> = session.remove(what).await?;
    if asked.is_some() {
        session.save().await?;
    }
    let now_ms = app.world().clock.now_ms();
    Ok(asked.filter(|asked| now_ms - asked.at_ms < LIFE_MS).map(|asked| asked.state))
}

fn read(found: &Kept) -> Result<Passkey, DbError> {
    let unreadable = |_| DbError::Unreadable { table: "passkeys", column: "credential", found: format!("that of row {}", found.id) };
    serde_json::from_str(&found.credential).map_err(unreadable)
}

/// What is ours has a JSON; should it not, nobody comes in.
fn json(ours: &impl Serialize) -> Result<Value, SignInError> {
    serde_json::to_value(ours).map_err(|error| {
        tracing::error!(%error, "a passkey could not be written as JSON");
        SignInError::Wrong
    })
}

/// Why is for the log of who looks for it; whoever has sent it learns that it was wrong.
fn refused(error: WebauthnError) -> SignInError {
    tracing::debug!(%error, "a passkey was refused");
    SignInError::Wrong
}
