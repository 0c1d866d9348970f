//! Apps in which somebody is signed in: a short access token, and a refresh token that works once and brings the next pair.

use vigia_domain::rights::Principal;

use super::second_step;
use super::sign_in::{SignInError, counted, known};
use super::signing::SigningError;
use super::store::since;
use super::token::{self, Kind};
use crate::app::App;
use crate::db::DbError;
use crate::db::app_sessions::{self, Rotated};
use crate::db::users::{self, User};
use crate::origin::Origin;

/// How an app comes in, for the audit log.
const WAY: &str = "app";

/// What an app is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// For every call, for a quarter of an hour.
    pub access: String,
    /// For the next pair, once.
    pub refresh: String,
}

/// Signs an app in; `code`: of the second step, for who has one.
///
/// # Errors
/// As [`super::sign_in::sign_in`], [`SignInError::NeedsCode`] and [`SignInError::WrongCode`] for who had the password right.
pub async fn sign_in(app: &App, from: &Origin, login: &str, password: &str, code: Option<&str>) -> Result<(Pair, User), SignInError> {
    let user = known(app, from, login, password).await?;
    let passed = second_step::demand(app, from, &user, code).await?;
    let way = passed.map_or_else(|| WAY.to_owned(), |passed| passed.way(WAY));
    let refresh = token::make(app.world(), Kind::Refresh);
    app.signing().ready().await?;
    let begun = app_sessions::begin(app.registry(), &user, &hash(&refresh), (&way, from), app.world().clock.now_ms()).await?;
    let session = begun.ok_or(SignInError::Wrong)?;
    let access = app.signing().sign(user.id, session).await?;
    Ok((Pair { access, refresh }, user))
}

/// The next pair. A token that comes a second time ends its session: of two who have it one is a thief.
///
/// # Errors
/// [`SignInError::Wrong`], [`SignInError::TooMany`] and the stores' errors.
pub async fn refresh(app: &App, from: &Origin, refresh: &str) -> Result<Pair, SignInError> {
    let way = async {
        app.signing().ready().await?;
        let (next, now_ms) = (token::make(app.world(), Kind::Refresh), app.world().clock.now_ms());
        match app_sessions::rotate(app.registry(), &hash(refresh), &hash(&next), since(now_ms), from, now_ms).await? {
            Rotated::Next(session, user) => Ok(Pair { access: app.signing().sign(user, session).await?, refresh: next }),
            Rotated::Ended(user) => {
                tracing::warn!(user = user.0, "a refresh token came a second time; its session has ended");
                Err(SignInError::Wrong)
            }
            Rotated::Unknown => Err(SignInError::Wrong),
        }
    };
    counted(app, from, None, way).await
}

/// Ends the session of a refresh token, and with it its access tokens. `false`: there was none.
///
/// # Errors
/// [`DbError`].
pub async fn end(app: &App, from: &Origin, refresh: &str) -> Result<bool, DbError> {
    app_sessions::end(app.registry(), &hash(refresh), from, app.world().clock.now_ms()).await
}

/// Who an access token is of; nobody once its time or its session is over.
pub(super) async fn principal(app: &App, access: &str) -> Result<Principal, DbError> {
    let Some(claims) = app.signing().check(access).await? else { return Ok(Principal::Nobody) };
    let now_ms = app.world().clock.now_ms();
    let Some(id) = app_sessions::user(app.registry(), claims.sid, since(now_ms)).await? else { return Ok(Principal::Nobody) };
    if claims.sub != id.0.to_string() {
        return Ok(Principal::Nobody);
    }
    let user = users::by_id(app.registry(), id).await?.filter(|user| user.enabled);
    Ok(user.map_or(Principal::Nobody, |user| user.principal()))
}

fn hash(token: &str) -> String {
    token::hash(token.trim().as_bytes())
}

impl From<SigningError> for SignInError {
    fn from(error: SigningError) -> Self {
        match error {
            SigningError::Db(error) => Self::Db(error),
            SigningError::File { .. } => Self::Signing(error.to_string()),
        }
    }
}
