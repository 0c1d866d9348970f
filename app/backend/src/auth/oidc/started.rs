//! What a browser's session remembers of a sign-in that is under way at a provider. It is taken out when it is looked at, so that an answer
//! works once.

use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use vigia_domain::ids::UserId;

use crate::auth::session::{self, SessionError};

/// How long somebody may take at their provider, in milliseconds.
pub(super) const TEN_MINUTES_MS: i64 = 10 * 60 * 1000;
/// How long a form that was sent to link something lasts: until the browser has followed its answer.
pub(super) const A_MINUTE_MS: i64 = 60 * 1000;

const STARTED: &str = "oidc";
const LINK: &str = "oidc_link";

/// A sign-in under way.
#[derive(Serialize, Deserialize)]
pub(super) struct Started {
    /// At which provider.
    pub(super) provider: String,
    /// Comes back with the answer, by which it is known to be this browser's.
    pub(super) state: String,
    /// Comes back within the token, which is known to be made for this by it.
    pub(super) nonce: String,
    /// Shows the provider that who has the code is who asked for it.
    pub(super) verifier: String,
    /// Where to go then.
    pub(super) next: String,
    /// Whose account it is to be linked to; none: somebody signs in.
    pub(super) link: Option<UserId>,
    /// Until when, milliseconds since the epoch.
    pub(super) until_ms: i64,
}

/// What somebody who is signed in has sent a form for.
#[derive(Serialize, Deserialize)]
pub(super) struct Linking {
    pub(super) provider: String,
    pub(super) user: UserId,
    pub(super) until_ms: i64,
}

pub(super) async fn keep(session: &Session, started: &Started) -> Result<(), SessionError> {
    kept(session, STARTED, started).await
}

pub(super) async fn keep_link(session: &Session, linking: &Linking) -> Result<(), SessionError> {
    kept(session, LINK, linking).await
}

/// Takes out what was begun; it is gone before anything is done with it.
pub(super) async fn take(session: &Session) -> Result<Option<Started>, SessionError> {
    taken(session, STARTED).await
}

pub(super) async fn take_link(session: &Session) -> Result<Option<Linking>, SessionError> {
    taken(session, LINK).await
}

async fn kept(session: &Session, key: &str, value: impl Serialize) -> Result<(), SessionError> {
    session.insert(key, value).await?;
    let saved = session.save().await;
    if saved.is_err() && session.id().is_none() {
        // Nothing of it is left that would be tried once more when the answer goes out, and fail that, too.
        session.clear().await;
    }
    saved
}

async fn taken<T: serde::de::DeserializeOwned>(session: &Session, key: &str) -> Result<Option<T>, SessionError> {
    // Looked at first: what is taken out of a session is written once more when the answer goes out, also where there was nothing.
    let found = session.get(key).await?;
    if found.is_some() {
        session.remove_value(key).await?;
        match session::user(session).await? {
            // Written at once: what stays would work once more.
            Some(_) => session.save().await?,
            None => session.flush().await?,
        }
    }
    Ok(found)
}
