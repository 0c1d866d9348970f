//! `POST /api/v1/auth/reset-password`

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::{Extension, Json};
use serde::Serialize;

use super::{BODY_BYTES, TOO_OFTEN, problem};
use crate::app::App;
use crate::auth::redeem;
use crate::http::Problem;
use crate::http::api::json_body::Fields;
use crate::http::described::Shape;
use crate::http::table::{Right, Route};
use crate::origin::Origin;

const PASSWORD: &str = "new_password";

pub(super) fn route() -> Route {
    Route::post("/api/v1/auth/reset-password", Right::Public, reset)
        .summary(
            "Gives the owner of a link that was mailed another password; every session and every other link of theirs ends. \
             422 names the field: a link works once, and a password may be too easy to guess",
        )
        .field("token", Shape::Text, true, "The code of the link")
        .field(PASSWORD, Shape::Text, true, "The password that is to be")
        .refuses(429, TOO_OFTEN)
        .answers::<Reset>("the password is changed")
        .example_body("application/json", r#"{"token": "vgl_x", "new_password": "tres tristes tigres y un tren"}"#)
        .example_ends(422)
}

/// That it is done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Reset {
    /// For a person.
    detail: &'static str,
}

async fn reset(
    State(app): State<App>,
    Extension(from): Extension<Origin>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Reset>, Problem> {
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let token = fields.text("token")?.ok_or_else(|| Problem::field("token", "give the code of the link: token"))?;
    let new = fields.text(PASSWORD)?.ok_or_else(|| Problem::field(PASSWORD, "give the password that is to be: new_password"))?;
    fields.end()?;
    redeem::reset(&app, &from, &token, &new).await.map_err(|error| problem(error, PASSWORD))?;
    Ok(Json(Reset { detail: "the password is changed" }))
}
