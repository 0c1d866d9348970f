//! `POST /api/v1/auth/magic-link`

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;

use super::json_body::Fields;
use crate::app::App;
use crate::auth::mailed;
use crate::auth::sign_in::SignInError;
use crate::http::Problem;
use crate::http::client::Client;
use crate::http::table::{Right, Route};

/// The largest body, in bytes.
const BODY_BYTES: usize = 4 * 1024;

pub(super) fn route() -> Route {
    Route::post("/api/v1/auth/magic-link", Right::Public, ask)
        .summary(
            "Sends a link that signs in, to the address of an account. The answer is the same whether there is one. \
             429: too many were asked for from here",
        )
        .answers::<Asked>("if the address has an account, a mail is on its way")
        .example_body("application/json", r#"{"email": "ana@example.org"}"#)
        .success(202)
}

/// What is answered, whatever the address.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Asked {
    /// For a person.
    detail: &'static str,
}

async fn ask(
    State(app): State<App>,
    Extension(Client(from)): Extension<Client>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let email = fields.text("email")?.ok_or_else(|| Problem::field("email", "say whose link it is: email"))?;
    fields.end()?;
    mailed::ask_for_link(&app, from, &email).await.map_err(|error| match error {
        SignInError::Email => Problem::field("email", error.to_string()),
        SignInError::TooMany(too_many) => too_many.into(),
        SignInError::Db(error) => error.into(),
        other => {
            tracing::error!(error = %other, "a link could not be asked for");
            Problem::internal()
        }
    })?;
    Ok((StatusCode::ACCEPTED, Json(Asked { detail: "if this address has an account, a mail with a link is on its way" })))
}
