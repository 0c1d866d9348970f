//! One's own account: name, language, colours, password, sessions.

use serde_json::Value;
use tower_sessions::Session;
use vigia_domain::ids::UserId;

use super::password;
use super::session::{self, ADDRESS, AGENT};
use super::sign_in::{SignInError, shown};
use super::store::{hash, since};
use crate::app::App;
use crate::db::audit::{Actor, By};
use crate::db::users::{self, Profile, User};
use crate::db::{DbError, app_sessions, sessions};
use crate::origin::Origin;

/// How the key of an app's session begins; a browser's is hexadecimal.
const OF_APP: &str = "app-";

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 300;

/// A session of somebody's own: in a browser, or in an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
    /// What to end it by. Nothing can be done with it but that, and by its owner alone.
    pub key: String,
    /// Whether it is an app's.
    pub is_app: bool,
    /// From which network address it was begun, or an app's tokens were last renewed.
    pub address: Option<String>,
    /// What the browser or app calls itself.
    pub agent: Option<String>,
    /// When it began, milliseconds since the epoch.
    pub began_ms: i64,
    /// When it was last used; at most an hour late.
    pub used_ms: i64,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// Changes what is given. A name is cut and cleaned as it is for a new account.
///
/// # Errors
/// [`SignInError::TooMany`] and [`SignInError::Db`].
pub async fn set_profile(app: &App, from: &Origin, user: UserId, profile: Profile<'_>) -> Result<(), SignInError> {
    app.changes().take(user)?;
    let name = profile.name.map(|name| shown(name).chars().take(LONGEST_NAME).collect::<String>());
    let actor = Actor::user(user.0, from);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    Ok(users::set_profile(app.registry(), user, Profile { name: name.as_deref(), ..profile }, by).await?)
}

/// Changes the password of who knows the one before, ends their other sessions, and tells them by mail. A wrong one counts as a try to sign in.
///
/// # Errors
/// [`SignInError::Wrong`], [`SignInError::TooMany`], [`SignInError::Password`] and the stores' errors.
pub async fn change_password(
    app: &App,
    session: &Session,
    from: &Origin,
    user: UserId,
    current: &str,
    new: &str,
) -> Result<(), SignInError> {
    let found = users::by_id(app.registry(), user).await?.ok_or(DbError::Missing("users"))?;
    password::check(new, &[&found.email, &found.name])?;
    confirm_password(app, from, &found, current).await?;
    app.changes().take(user)?;
    let new_hash = app.passwords().hash(app.world(), new).await;
    let actor = Actor::user(user.0, from);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    users::change_password(app.registry(), user, &new_hash, &own_hash(session), by).await?;
    app.mails().tell();
    Ok(())
}

/// That who asks knows the password of their account, where it has one. A wrong one counts as a try to sign in.
///
/// # Errors
/// [`SignInError::Wrong`], [`SignInError::TooMany`].
pub(super) async fn confirm(app: &App, from: &Origin, user: &User, password: &str) -> Result<(), SignInError> {
    if user.password_hash.is_none() { Ok(()) } else { confirm_password(app, from, user, password).await }
}

async fn confirm_password(app: &App, from: &Origin, user: &User, password: &str) -> Result<(), SignInError> {
    let this = app.tries().begin(from.address, Some(&user.email))?;
    let right = app.passwords().verify(password, user.password_hash.as_deref()).await;
    if matches!(right, Ok(false)) {
        return Err(SignInError::Wrong);
    }
    this.forgive();
    right?;
    Ok(())
}

/// So many sessions stand on a page.
const MOST_SHOWN: usize = 200;

/// The sessions of a user, browsers and apps, the one that was used last first.
///
/// # Errors
/// [`DbError`].
pub async fn own_sessions(app: &App, session: &Session, user: UserId) -> Result<Vec<OwnSession>, DbError> {
    sessions_of(app, Some(session), user, MOST_SHOWN).await
}

/// The same of a user who asks by something else than a session; at most `most`.
///
/// # Errors
/// [`DbError`].
pub(super) async fn sessions_of(app: &App, session: Option<&Session>, user: UserId, most: usize) -> Result<Vec<OwnSession>, DbError> {
    let (own, since) = (session.map(own_hash).unwrap_or_default(), since(app.world().clock.now_ms()));
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let browsers = sessions::of_user(app.registry(), user, since, limit).await?.into_iter().map(|s| browser(s, &own));
    let mut all: Vec<_> = browsers.collect();
    all.extend(app_sessions::of_user(app.registry(), user, since, limit).await?.into_iter().map(of_app));
    all.sort_by_key(|one| (!one.is_this, std::cmp::Reverse(one.used_ms)));
    all.truncate(most);
    Ok(all)
}

fn browser(one: sessions::Listed, own: &str) -> OwnSession {
    let data: Value = serde_json::from_str(&one.data).unwrap_or_default();
    let text = |key: &str| data.get(key).and_then(Value::as_str).map(str::to_owned);
    OwnSession {
        is_app: false,
        address: text(ADDRESS),
        agent: text(AGENT),
        began_ms: one.began_ms,
        used_ms: one.used_ms,
        is_this: one.id_hash == own,
        key: one.id_hash,
    }
}

fn of_app(one: app_sessions::Listed) -> OwnSession {
    let app_sessions::Listed { id, began_ms, used_ms, address, agent } = one;
    OwnSession { key: format!("{OF_APP}{id}"), is_app: true, address, agent, began_ms, used_ms, is_this: false }
}

/// Ends one session of a user's own. One that has ended already is as good as ended.
///
/// # Errors
/// [`SignInError::TooMany`] and the stores' errors.
pub async fn end_session(app: &App, from: &Origin, user: UserId, key: &str) -> Result<(), SignInError> {
    app.changes().take(user)?;
    let actor = Actor::user(user.0, from);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    match key.strip_prefix(OF_APP) {
        Some(id) => {
            if let Ok(id) = id.parse() {
                app_sessions::end_of(app.registry(), user, id, by).await?;
            }
        }
        None if key.bytes().all(|b| b.is_ascii_hexdigit()) => drop(sessions::end_of(app.registry(), user, key, by).await?),
        None => {}
    }
    Ok(())
}

/// Ends every session of a user but the one that asks.
///
/// # Errors
/// [`SignInError::TooMany`] and the stores' errors.
pub async fn end_other_sessions(app: &App, session: &Session, from: &Origin, user: UserId) -> Result<u64, SignInError> {
    app.changes().take(user)?;
    let actor = Actor::user(user.0, from);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    Ok(sessions::end_others(app.registry(), user, &own_hash(session), by).await?)
}

/// How long ago somebody may have signed in who adds a way in without their password, in milliseconds.
pub const RECENT_MS: i64 = 10 * 60 * 1000;

/// Whether this session is the user's, who signed in just now: a browser that somebody left open must not become a way in for ever.
///
/// # Errors
/// The stores'.
pub async fn is_recent(app: &App, session: &Session, user: UserId) -> Result<bool, SignInError> {
    // Who asks with a token may have a cookie of somebody else's, or of nobody's.
    if session::user(session).await? != Some(user) {
        return Ok(false);
    }
    let now_ms = app.world().clock.now_ms();
    Ok(sessions::began(app.registry(), &own_hash(session)).await?.is_some_and(|at_ms| now_ms - at_ms <= RECENT_MS))
}

/// Whose id it is in the table; nobody's for a session that was never kept.
pub(super) fn own_hash(session: &Session) -> String {
    session.id().map(|id| hash(&id)).unwrap_or_default()
}

/// Whether somebody signs in with a password; who came by a link may have none.
///
/// # Errors
/// [`DbError`].
pub async fn has_password(app: &App, user: UserId) -> Result<bool, DbError> {
    Ok(users::by_id(app.registry(), user).await?.is_some_and(|user| user.password_hash.is_some()))
}
