//! From a request's credentials to a principal: asked once per request, before anything else.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use tower_sessions::Session;
use vigia_domain::rights::Principal;

use super::session::{self, SessionError};
use super::token::{self, Kind};
use crate::app::App;
use crate::db::{DbError, devices, keys, users};

/// A credential that could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum Unchecked {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The session store.
    #[error("session: {0}")]
    Session(#[from] SessionError),
}

/// Who asks. A credential in a header goes before the session's cookie; a bad one is nobody, not whoever the cookie says.
///
/// # Errors
/// [`Unchecked`] when it cannot be said.
pub async fn of(app: &App, headers: &HeaderMap, session: Option<&Session>) -> Result<Principal, Unchecked> {
    if let Some(credential) = credential(headers) {
        return Ok(by_token(app, &credential).await?);
    }
    let Some(session) = session else { return Ok(Principal::Nobody) };
    let Some(id) = session::user(session).await? else { return Ok(Principal::Nobody) };
    let user = users::by_id(app.registry(), id).await?.filter(|user| user.enabled);
    Ok(user.map_or(Principal::Nobody, |user| Principal::User { id, role: user.role }))
}

/// Whether a request brings its credential in a header, which no other site can make a browser send.
#[must_use]
pub fn has_header_credential(headers: &HeaderMap) -> bool {
    credential(headers).is_some()
}

fn credential(headers: &HeaderMap) -> Option<String> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let text = value.to_str().unwrap_or_default();
        let token = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map_or("", |(_, token)| token.trim());
        return Some(token.to_owned());
    }
    headers.get("x-api-key").map(|value| value.to_str().unwrap_or_default().to_owned())
}

async fn by_token(app: &App, credential: &str) -> Result<Principal, DbError> {
    let hash = token::hash(credential.as_bytes());
    Ok(match token::kind(credential) {
        Some(Kind::Device) => devices::by_token_hash(app.registry(), &hash).await?.map_or(Principal::Nobody, |d| Principal::Device(d.id)),
        Some(Kind::ApiKey) => {
            keys::by_hash(app.registry(), &hash).await?.map_or(Principal::Nobody, |(id, scopes)| Principal::ApiKey { id, scopes })
        }
        Some(Kind::Link | Kind::Provisioning) | None => Principal::Nobody,
    })
}
