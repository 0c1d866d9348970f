//! From a request's credentials to a principal: asked once per request, before anything else.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use data_encoding::BASE64;
use tower_sessions::Session;
use vigia_domain::rights::Principal;

use super::session::{self, SessionError};
use super::token::{self, Kind};
use super::{api_key, app_session, device_token};
use crate::app::App;
use crate::db::{DbError, devices, users};
use crate::limit::TooMany;

/// A credential that could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum Unchecked {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The session store.
    #[error("session: {0}")]
    Session(#[from] SessionError),
    /// Too many wrong passwords.
    #[error(transparent)]
    TooMany(#[from] TooMany),
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
    Ok(user.map_or(Principal::Nobody, |user| user.principal()))
}

/// Whether a request brings its credential in a header, which no other site can make a browser send. `Basic` is none of those:
/// a browser remembers it and sends it by itself.
#[must_use]
pub fn has_header_credential(headers: &HeaderMap) -> bool {
    let is_basic = |text: &str| text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"));
    match headers.get(AUTHORIZATION) {
        Some(value) => !value.to_str().is_ok_and(is_basic),
        None => headers.contains_key("x-api-key"),
    }
}

fn credential(headers: &HeaderMap) -> Option<String> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        return Some(in_authorization(value.to_str().unwrap_or_default()).unwrap_or_default());
    }
    headers.get("x-api-key").map(|value| value.to_str().unwrap_or_default().to_owned())
}

/// `Bearer <token>`; `Token <token>`, as clients of InfluxDB write it; `Basic`, with the token as its password, for clients that
/// have nothing else.
fn in_authorization(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token") {
        return Some(rest.to_owned());
    }
    pair(text).map(|(_, password)| password)
}

/// Name and password of `Basic`.
pub(super) fn basic_pair(headers: &HeaderMap) -> Option<(String, String)> {
    pair(headers.get(AUTHORIZATION)?.to_str().ok()?)
}

fn pair(text: &str) -> Option<(String, String)> {
    let (scheme, rest) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64.decode(rest.trim().as_bytes()).ok()?).ok()?;
    pair.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
}

async fn by_token(app: &App, credential: &str) -> Result<Principal, DbError> {
    let hash = token::hash(credential.as_bytes());
    Ok(match token::kind(credential) {
        Some(Kind::Device) => match devices::by_token_hash(app.registry(), &hash).await? {
            Some(device) if device_token::is_of(app.registry(), &device, credential.as_bytes(), app.world().clock.now_ms()).await? => {
                Principal::Device(device.id)
            }
            _ => Principal::Nobody,
        },
        Some(Kind::ApiKey) => api_key::principal(app, &hash).await?,
        Some(Kind::Link | Kind::Provisioning | Kind::Gateway | Kind::Refresh) => Principal::Nobody,
        None => app_session::principal(app, credential).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_every_scheme_that_clients_write() {
        let found = |text: &str| in_authorization(text);
        for text in ["Bearer vgk_x", "bearer  vgk_x ", "Token vgk_x", "Basic dGVsZWdyYWY6dmdrX3g="] {
            assert_eq!(found(text).as_deref(), Some("vgk_x"), "{text}");
        }
        for text in ["vgk_x", "Digest vgk_x", "Basic ?", "Basic dmdrX3g=", ""] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
