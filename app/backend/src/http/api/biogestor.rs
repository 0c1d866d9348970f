//! `POST /api/iniciar-sesion/` and `GET /api/usuario/actual/`, as the Biogestor's app writes and reads them.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;
use vigia_domain::rights::{Action, Principal};

use super::auth::{TOO_OFTEN, problem};
use super::json_body::Fields;
use super::me;
use crate::app::App;
use crate::auth::app_session;
use crate::db::users::{User, Waits};
use crate::http::Problem;
use crate::http::described::Shape;
use crate::http::table::{Right, Route};
use crate::origin::Origin;

/// The largest body, in bytes.
const BODY_BYTES: usize = 4 * 1024;

pub(super) fn routes() -> [Route; 2] {
    [
        Route::post("/api/iniciar-sesion/", Right::Public, sign_in)
            .summary("Signs the Biogestor's app in")
            .field("username", Shape::Text, true, "User name, or address")
            .field("password", Shape::Text, true, "The password")
            .field("code", Shape::Text, false, "Where a second step is on: a code of it, or a recovery code")
            .refuses(400, "not readable, or wrong: the answer names the field")
            .refuses(
                401,
                "wrong user name, address or password; with `field: \"code\"` the password was right and the code is missing or wrong",
            )
            .refuses(403, "nobody has let this account in yet")
            .refuses(429, TOO_OFTEN)
            .answers::<SignedIn>("a pair of tokens and whose they are")
            .example_body("application/json", r#"{"username": "ana", "password": "correct horse battery"}"#)
            .example_ends(401),
        Route::get("/api/usuario/actual/", Right::Needs(Action::OwnAccount), current)
            .summary("Who one is, as the Biogestor's app reads it")
            .answers::<Current>("one's profile"),
    ]
}

/// A pair of tokens.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SignedIn {
    /// For every call, for 15 minutes.
    access: String,
    /// For the next pair, once (`/api/v1/auth/refresh`).
    refresh: String,
    /// Whose they are.
    user: Brief,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Brief {
    /// The key.
    id: i64,
    /// What they sign in with.
    username: String,
    /// More of them.
    perfil: Perfil,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Perfil {
    /// Whether somebody has let them in.
    aprobado: bool,
}

/// Who one is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Current {
    /// The key.
    id: i64,
    /// What one signs in with.
    username: String,
    /// The address.
    email: String,
    /// More.
    perfil: Perfil,
}

/// What is wrong with a request as the Biogestor's document has it: 400 for whatever cannot be taken, where ours is 422.
pub(super) fn as_documented(problem: Problem) -> Problem {
    if problem.status() == StatusCode::UNPROCESSABLE_ENTITY { problem.with_status(StatusCode::BAD_REQUEST) } else { problem }
}

async fn sign_in(
    State(app): State<App>,
    Extension(from): Extension<Origin>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<SignedIn>, Problem> {
    signed_in(&app, &from, body).await.map(Json).map_err(as_documented)
}

async fn signed_in(app: &App, from: &Origin, body: Result<Bytes, BytesRejection>) -> Result<SignedIn, Problem> {
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let (username, password, code) = (fields.text("username")?, fields.text("password")?, fields.text("code")?);
    fields.end()?;
    let username = username.ok_or_else(|| Problem::field("username", "say who signs in: username"))?;
    let password = password.ok_or_else(|| Problem::field("password", "say the password: password"))?;
    let signed_in = app_session::sign_in(app, from, &username, &password, code.as_deref()).await;
    let (pair, user) = signed_in.map_err(|error| problem(error, "password"))?;
    let user = Brief { id: user.id.0, perfil: perfil(&user), username: username_of(user) };
    Ok(SignedIn { access: pair.access, refresh: pair.refresh, user })
}

async fn current(State(app): State<App>, Extension(principal): Extension<Principal>) -> Result<Json<Current>, Problem> {
    let user = me::found(&app, me::of(&principal)?).await?;
    Ok(Json(Current { id: user.id.0, email: user.email.clone(), perfil: perfil(&user), username: username_of(user) }))
}

fn perfil(user: &User) -> Perfil {
    Perfil { aprobado: user.waits != Some(Waits::Approval) }
}

/// Who has none signs in with the address.
fn username_of(user: User) -> String {
    user.username.unwrap_or(user.email)
}
