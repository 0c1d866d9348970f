//! What a browser session holds: whose it is, how they came in and from where, and nothing else; or who has passed the first step of two.

use serde::Serialize;
use tower_sessions::Session;
use vigia_domain::ids::UserId;

use crate::origin::Origin;

pub(super) const USER: &str = "user";
pub(super) const WAY: &str = "way";
pub(super) const ADDRESS: &str = "address";
pub(super) const AGENT: &str = "agent";
/// How long a session lives without being used, in days.
pub const IDLE_DAYS: i64 = 14;
/// How long it lives at the most, in days: then its user says again who they are.
pub const LONGEST_DAYS: i64 = 90;

/// A session that could not be read or written.
pub type SessionError = tower_sessions::session::Error;

/// Whose session it is.
///
/// # Errors
/// [`SessionError`] when the store does not answer.
pub async fn user(session: &Session) -> Result<Option<UserId>, SessionError> {
    session.get(USER).await
}

/// Makes it the user's, under a new id, so that an id known from before is worthless. `way` is how they came in, for the audit log.
///
/// # Errors
/// [`SessionError`]; nobody is signed in then.
pub async fn begin(session: &Session, user: UserId, way: &str, from: &Origin) -> Result<(), SessionError> {
    // What it held before is of somebody who is not in yet, or no more.
    session.clear().await;
    session.cycle_id().await?;
    session.insert(USER, user).await?;
    session.insert(WAY, way).await?;
    session.insert(ADDRESS, from.address).await?;
    session.insert(AGENT, from.agent.as_deref()).await?;
    // Now, and not when the answer goes out: who is told that they are in shall be.
    session.save().await
}

/// Keeps in it, under a new id, who has passed a first step. Whose session it was before it is no more, and it is nobody's yet.
///
/// # Errors
/// [`SessionError`].
pub(super) async fn begin_first(session: &Session, key: &str, first: impl Serialize) -> Result<(), SessionError> {
    session.clear().await;
    session.cycle_id().await?;
    session.insert(key, first).await?;
    session.save().await
}

/// Ends it, on the server and in the browser.
///
/// # Errors
/// [`SessionError`].
pub async fn end(session: &Session) -> Result<(), SessionError> {
    session.flush().await
}
