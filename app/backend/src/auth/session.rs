//! What a browser session holds: whose it is, and nothing else.

use tower_sessions::Session;
use vigia_domain::ids::UserId;

const USER: &str = "user";
/// How long a session lives without being used, in days.
pub const IDLE_DAYS: i64 = 14;

/// A session that could not be read or written.
pub type SessionError = tower_sessions::session::Error;

/// Whose session it is.
///
/// # Errors
/// [`SessionError`] when the store does not answer.
pub async fn user(session: &Session) -> Result<Option<UserId>, SessionError> {
    session.get(USER).await
}

/// Makes it the user's, under a new id, so that an id known from before is worthless.
///
/// # Errors
/// [`SessionError`].
pub async fn begin(session: &Session, user: UserId) -> Result<(), SessionError> {
    session.cycle_id().await?;
    session.insert(USER, user).await
}

/// Ends it, on the server and in the browser.
///
/// # Errors
/// [`SessionError`].
pub async fn end(session: &Session) -> Result<(), SessionError> {
    session.flush().await
}
