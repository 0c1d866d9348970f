//! `POST /api/v1/auth/forgot-password`

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};

use super::TOO_OFTEN;
use super::asked::{self, Asked};
use crate::app::App;
use crate::db::mails::Kind;
use crate::http::Problem;
use crate::http::described::Shape;
use crate::http::table::{Right, Route};
use crate::origin::Origin;

pub(super) fn route() -> Route {
    Route::post("/api/v1/auth/forgot-password", Right::Public, ask)
        .summary("Sends a link to choose another password with, to the address of an account. The answer is the same whether there is one.")
        .field("email", Shape::Text, false, "The address; needed under this name or the next")
        .field("user_email", Shape::Text, false, "The same under another name")
        .refuses(429, TOO_OFTEN)
        .answers::<Asked>("if the address has an account, a mail is on its way")
        .example_body("application/json", r#"{"email": "ana@example.org"}"#)
        .success(202)
}

async fn ask(
    State(app): State<App>,
    Extension(from): Extension<Origin>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    asked::ask(&app, &from, body, Kind::Reset).await
}
