//! `POST /api/v1/auth/magic-link`

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};

use super::asked::{self, Asked};
use crate::app::App;
use crate::db::mails::Kind;
use crate::http::Problem;
use crate::http::table::{Right, Route};
use crate::origin::Origin;

pub(super) fn route() -> Route {
    Route::post("/api/v1/auth/magic-link", Right::Public, ask)
        .summary("Sends a link that signs in, to the address of an account. The answer is the same whether there is one. 429: too many were asked for from here")
        .answers::<Asked>("if the address has an account, a mail is on its way")
        .example_body("application/json", r#"{"email": "ana@example.org"}"#)
        .success(202)
}

async fn ask(
    State(app): State<App>,
    Extension(from): Extension<Origin>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    asked::ask(&app, &from, body, Kind::Enter).await
}
