//! One's own account: name, language, colours, password, sessions.

use std::net::IpAddr;

use tower_sessions::Session;
use vigia_domain::ids::UserId;

use super::password;
use super::sign_in::{SignInError, shown};
use super::store::{hash, since};
use crate::app::App;
use crate::db::audit::By;
use crate::db::users::{self, Profile};
use crate::db::{DbError, sessions};

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 300;

/// A session of somebody's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
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
pub async fn set_profile(app: &App, user: UserId, profile: Profile<'_>) -> Result<(), SignInError> {
    app.changes().take(user)?;
    let name = profile.name.map(|name| shown(name).chars().take(LONGEST_NAME).collect::<String>());
    let actor = format!("user:{}", user.0);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    Ok(users::set_profile(app.registry(), user, Profile { name: name.as_deref(), ..profile }, by).await?)
}

/// Changes the password of who knows the one before, and ends their other sessions. A wrong one counts as a try to sign in.
///
/// # Errors
/// [`SignInError::Wrong`], [`SignInError::TooMany`], [`SignInError::Password`] and the stores' errors.
pub async fn change_password(
    app: &App,
    session: &Session,
    from: Option<IpAddr>,
    user: UserId,
    current: &str,
    new: &str,
) -> Result<(), SignInError> {
    let found = users::by_id(app.registry(), user).await?.ok_or(DbError::Missing("users"))?;
    password::check(new, &[&found.email, &found.name])?;
    let this = app.tries().begin(from, Some(&found.email))?;
    let right = app.passwords().verify(current, found.password_hash.as_deref()).await;
    if matches!(right, Ok(false)) {
        return Err(SignInError::Wrong);
    }
    this.forgive();
    right?;
    app.changes().take(user)?;
    let new_hash = app.passwords().hash(app.world(), new).await;
    let actor = format!("user:{}", user.0);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    Ok(users::change_password(app.registry(), user, &new_hash, &own_hash(session), by).await?)
}

/// The sessions of a user, the one that was used last first.
///
/// # Errors
/// [`DbError`].
pub async fn own_sessions(app: &App, session: &Session, user: UserId) -> Result<Vec<OwnSession>, DbError> {
    let own = own_hash(session);
    let listed = sessions::of_user(app.registry(), user, since(app.world().clock.now_ms())).await?;
    let read = |s: sessions::Listed| OwnSession { began_ms: s.began_ms, used_ms: s.used_ms, is_this: s.id_hash == own };
    Ok(listed.into_iter().map(read).collect())
}

/// Ends every session of a user but the one that asks.
///
/// # Errors
/// [`SignInError::TooMany`] and the stores' errors.
pub async fn end_other_sessions(app: &App, session: &Session, user: UserId) -> Result<u64, SignInError> {
    app.changes().take(user)?;
    let actor = format!("user:{}", user.0);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    Ok(sessions::end_others(app.registry(), user, &own_hash(session), by).await?)
}

/// Whose id it is in the table; nobody's for a session that was never kept.
fn own_hash(session: &Session) -> String {
    session.id().map(|id| hash(&id)).unwrap_or_default()
}

/// Whether somebody signs in with a password; who came by a link may have none.
///
/// # Errors
/// [`DbError`].
pub async fn has_password(app: &App, user: UserId) -> Result<bool, DbError> {
    Ok(users::by_id(app.registry(), user).await?.is_some_and(|user| user.password_hash.is_some()))
}
