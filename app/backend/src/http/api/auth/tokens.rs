//! `POST /api/v1/auth/login`, `refresh` and `logout`: tokens for apps, as EcoWatt's write and read them.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::{Extension, Json};
use serde::Serialize;

use super::{BODY_BYTES, TOO_OFTEN, problem};
use crate::app::App;
use crate::auth::app_session::{self, Pair};
use crate::http::Problem;
use crate::http::api::json_body::Fields;
use crate::http::described::Shape;
use crate::http::table::{Right, Route};
use crate::origin::Origin;

pub(super) fn routes() -> [Route; 3] {
    [
        Route::post("/api/v1/auth/login", Right::Public, login)
            .summary(
                "Signs an app in. The access token goes with every call (`Authorization: Bearer`) and lives for 15 minutes; the refresh token \
                 brings the next pair, once. Where a second step is on, `code` is one of its codes or a recovery code",
            )
            .field("user_email", Shape::Text, false, "Whose account it is: address or user name; needed under this name or one of the next two")
            .field("email", Shape::Text, false, "The same under another name")
            .field("username", Shape::Text, false, "The same under another name")
            .field("user_password", Shape::Text, false, "The password; needed under this name or the next")
            .field("password", Shape::Text, false, "The same under another name")
            .field("code", Shape::Text, false, "Where a second step is on: a code of it, or a recovery code")
            .refuses(401, "wrong address, user name or password; with `field: \"code\"` the password was right and the code is missing or wrong")
            .refuses(403, "nobody has let this account in yet")
            .refuses(429, TOO_OFTEN)
            .answers::<Tokens>("a pair of tokens")
            .example_body("application/json", r#"{"user_email": "ana@example.org", "user_password": "correct horse battery"}"#),
        Route::post("/api/v1/auth/refresh", Right::Public, refresh)
            .summary(
                "The next pair of tokens. A refresh token works once: one that comes a second time ends the session, for somebody else has it",
            )
            .field("refresh_token", Shape::Text, true, "The refresh token")
            .refuses(401, "it is over")
            .refuses(429, TOO_OFTEN)
            .answers::<Tokens>("the next pair")
            .example_body("application/json", r#"{"refresh_token": "vgr_x"}"#)
            .example_ends(401),
        Route::post("/api/v1/auth/logout", Right::Public, logout)
            .summary("Ends the session of a refresh token, and its access tokens with it. The answer is the same when it had ended before")
            .field("refresh_token", Shape::Text, true, "The refresh token")
            .answers::<Ended>("it has ended")
            .example_body("application/json", r#"{"refresh_token": "vgr_x"}"#),
    ]
}

/// A pair of tokens.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Tokens {
    /// A JWT, for 15 minutes.
    access_token: String,
    /// For the next pair, once.
    refresh_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
}

impl From<Pair> for Tokens {
    fn from(Pair { access, refresh }: Pair) -> Self {
        Self { access_token: access, refresh_token: refresh, token_type: "Bearer" }
    }
}

/// That it is done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Ended {
    /// For a person.
    detail: &'static str,
}

async fn login(
    State(app): State<App>,
    Extension(from): Extension<Origin>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Tokens>, Problem> {
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let login = fields.text("user_email")?.or(fields.text("email")?).or(fields.text("username")?);
    let password = fields.text("user_password")?.or(fields.text("password")?);
    let code = fields.text("code")?;
    fields.end()?;
    let login = login.ok_or_else(|| Problem::field("user_email", "say who signs in: user_email"))?;
    let password = password.ok_or_else(|| Problem::field("user_password", "say the password: user_password"))?;
    let signed_in = app_session::sign_in(&app, &from, &login, &password, code.as_deref()).await;
    let (pair, _) = signed_in.map_err(|error| problem(error, "user_password"))?;
    Ok(Json(pair.into()))
}

async fn refresh(
    State(app): State<App>,
    Extension(from): Extension<Origin>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Tokens>, Problem> {
    let token = token(body)?;
    let pair = app_session::refresh(&app, &from, &token).await.map_err(|error| problem(error, "refresh_token"))?;
    Ok(Json(pair.into()))
}

async fn logout(
    State(app): State<App>,
    Extension(from): Extension<Origin>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Ended>, Problem> {
    let token = token(body)?;
    app_session::end(&app, &from, &token).await?;
    Ok(Json(Ended { detail: "the session has ended" }))
}

fn token(body: Result<Bytes, BytesRejection>) -> Result<String, Problem> {
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let token = fields.text("refresh_token")?;
    fields.end()?;
    token.ok_or_else(|| Problem::field("refresh_token", "give the refresh token: refresh_token"))
}
