//! From a request's credentials to a principal: asked once per request, before anything else.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use data_encoding::BASE64;
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

/// Whether a request brings its credential in a header that no other site can make a browser send. HTTP Basic is none: a browser
/// remembers it as it does a cookie.
#[must_use]
pub fn has_header_credential(headers: &HeaderMap) -> bool {
    credential(headers).is_some() && headers.get(AUTHORIZATION).is_none_or(|value| after(value, "basic").is_none())
}

/// What follows the name of the scheme.
fn after<'a>(value: &'a HeaderValue, scheme: &str) -> Option<&'a str> {
    let (name, rest) = value.to_str().ok()?.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// The password of HTTP Basic, where it is a token or key; old clients can send one when they get only a new address.
fn basic(encoded: &str) -> Option<String> {
    let text = String::from_utf8(BASE64.decode(encoded.as_bytes()).ok()?).ok()?;
    Some(text.split_once(':')?.1.to_owned())
}

fn credential(headers: &HeaderMap) -> Option<String> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let bearer = after(value, "bearer").map(str::to_owned);
        return Some(bearer.or_else(|| after(value, "basic").and_then(basic)).unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        [(name.parse().expect("a name"), value.parse().expect("a value"))].into_iter().collect()
    }

    #[test]
    fn a_key_comes_by_any_of_three_ways() {
        let basic = format!("Basic {}", BASE64.encode(b"anybody:vgk_a:b"));
        for (name, value) in [("authorization", "bearer vgk_a:b"), ("x-api-key", "vgk_a:b"), ("authorization", basic.as_str())] {
            assert_eq!(credential(&headers(name, value)).as_deref(), Some("vgk_a:b"), "{value}");
        }
        for bad in ["Basic", "Basic ???", "Basic YQ==", "Digest x"] {
            assert_eq!(credential(&headers("authorization", bad)).as_deref(), Some(""), "{bad}: nobody, not whoever the cookie says");
        }
    }

    #[test]
    fn what_a_browser_sends_by_itself_proves_nothing() {
        assert!(has_header_credential(&headers("authorization", "Bearer vgk_a")) && has_header_credential(&headers("x-api-key", "vgk_a")));
        assert!(!has_header_credential(&headers("authorization", "Basic YTpi")) && !has_header_credential(&headers("cookie", "a=b")));
    }
}
