//! `user:password` in `Authorization: Basic`, as the apps of old systems send it: at the routes that they know, they need only a new address.

use axum::http::HeaderMap;
use vigia_domain::rights::Principal;

use super::principal::{Unchecked, basic_pair};
use super::sign_in::{self, SignInError};
use crate::app::App;
use crate::db::second_steps;
use crate::origin::Origin;

/// Whether a path is one of those routes.
#[must_use]
pub fn is_taken_at(path: &str) -> bool {
    path.starts_with("/api/") && !path.starts_with("/api/v1/")
}

/// Who that is. Each request counts as a try to sign in. Nobody: no such header, a wrong password, or a second step, which such an app cannot take.
///
/// # Errors
/// [`Unchecked`] when it cannot be said.
pub async fn principal(app: &App, from: &Origin, headers: &HeaderMap) -> Result<Principal, Unchecked> {
    let Some((login, password)) = basic_pair(headers) else { return Ok(Principal::Nobody) };
    let user = match sign_in::known(app, from, &login, &password).await {
        Ok(user) => user,
        Err(SignInError::TooMany(too_many)) => return Err(too_many.into()),
        Err(SignInError::Db(error)) => return Err(error.into()),
        Err(_) => return Ok(Principal::Nobody),
    };
    let has_step = second_steps::of(app.registry(), user.id).await?.is_some_and(|step| step.confirmed_ms.is_some());
    Ok(if has_step { Principal::Nobody } else { user.principal() })
}
