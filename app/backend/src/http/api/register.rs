//! `POST /api/v1/users/`, and `POST /api/crear-usuario/` as the Biogestor's app writes it.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;

use super::auth::{TOO_OFTEN, problem as of_sign_in};
use super::biogestor::as_documented;
use super::json_body::Fields;
use crate::app::App;
use crate::auth::register::{self, Applicant, NotRegistered};
use crate::http::Problem;
use crate::http::described::Shape;
use crate::http::table::{Right, Route};
use crate::origin::Origin;

/// The largest body, in bytes.
const BODY_BYTES: usize = 8 * 1024;

pub(super) fn routes() -> [Route; 2] {
    let says =
        "Opens an account where everybody may, and is answered in the same way whether the address has one: a mail says how it goes on";
    let refuses = |route: Route| route.refuses(403, "nobody registers here by themselves").refuses(429, TOO_OFTEN);
    [
        refuses(Route::post("/api/v1/users/", Right::Public, own))
            .summary(says)
            .field("email", Shape::Text, false, "The address; needed under this name or the next")
            .field("user_email", Shape::Text, false, "The same under another name")
            .field("password", Shape::Text, false, "The password that is to be; needed under this name or the next")
            .field("user_password", Shape::Text, false, "The same under another name")
            .field("name", Shape::Text, false, "The name")
            .field("user_name", Shape::Text, false, "The same under another name")
            .field("username", Shape::Text, false, "What to sign in with beside the address")
            .answers::<Registered>("a mail says how it goes on")
            .example_body("application/json", r#"{"email": "eva@example.org", "password": "seis gatos sin tejado", "name": "Eva"}"#)
            .success(201)
            .example_ends(403),
        refuses(Route::post("/api/crear-usuario/", Right::Public, biogestor))
            .summary(says)
            .refuses(400, "not readable, or wrong: the answer names the field")
            .field("username", Shape::Text, true, "What to sign in with")
            .field("email", Shape::Text, true, "The address")
            .field("password", Shape::Text, true, "The password that is to be")
            .field("password2", Shape::Text, true, "The same again")
            .answers::<Registered>("a mail says how it goes on")
            .example_body(
                "application/json",
                r#"{"username": "eva", "email": "eva@example.org", "password": "seis gatos sin tejado", "password2": "seis gatos sin tejado"}"#,
            )
            .success(201)
            .example_ends(403),
    ]
}

/// What is answered, whatever the address.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Registered {
    /// As it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// As it was given.
    email: String,
    /// For a person.
    detail: &'static str,
}

async fn own(
    State(app): State<App>,
    Extension(from): Extension<Origin>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let mut either = |short, long| Ok::<_, Problem>(fields.text(short)?.or(fields.text(long)?));
    let (email, password) = (either("email", "user_email")?, either("password", "user_password")?);
    let (name, username) = (either("name", "user_name")?, fields.text("username")?);
    fields.end()?;
    answer(&app, &from, email, username, name.unwrap_or_default(), password).await
}

async fn biogestor(
    State(app): State<App>,
    Extension(from): Extension<Origin>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    of_biogestor(&app, &from, body).await.map_err(as_documented)
}

async fn of_biogestor(app: &App, from: &Origin, body: Result<Bytes, BytesRejection>) -> Result<(StatusCode, Json<Registered>), Problem> {
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let (username, email) = (fields.text("username")?, fields.text("email")?);
    let (password, again) = (fields.text("password")?, fields.text("password2")?);
    fields.end()?;
    if username.is_none() {
        return Err(Problem::field("username", "say what to sign in with: username"));
    }
    if password != again {
        return Err(Problem::field("password2", "the two passwords are not the same"));
    }
    answer(app, from, email, username, String::new(), password).await
}

async fn answer(
    app: &App,
    from: &Origin,
    email: Option<String>,
    username: Option<String>,
    name: String,
    password: Option<String>,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    let email = email.ok_or_else(|| Problem::field("email", "say whose account it will be: email"))?;
    let password = password.ok_or_else(|| Problem::field("password", "say the password that is to be: password"))?;
    let who = Applicant { email: &email, username: username.as_deref(), name: &name, password: Some(&password), lang: None };
    register::register(app, from, who).await.map_err(problem)?;
    let detail = "if this address has no account yet, it has one now; a mail says how it goes on";
    Ok((StatusCode::CREATED, Json(Registered { username, email, detail })))
}

/// Why nobody was registered, as the caller sees it.
pub(super) fn problem(error: NotRegistered) -> Problem {
    match error {
        NotRegistered::Closed => Problem::new(StatusCode::FORBIDDEN, error.to_string()),
        NotRegistered::Username | NotRegistered::UsernameTaken => Problem::field("username", error.to_string()),
        NotRegistered::Full => Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        NotRegistered::SignIn(error) => of_sign_in(error, "password"),
    }
}
