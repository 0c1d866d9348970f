//! What asking for a link by mail shares, whatever the link is for.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use serde::Serialize;

use super::{BODY_BYTES, email, problem};
use crate::app::App;
use crate::auth::mailed;
use crate::db::mails::Kind;
use crate::http::Problem;
use crate::http::api::json_body::Fields;
use crate::origin::Origin;

/// What is answered, whatever the address.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Asked {
    /// For a person.
    detail: &'static str,
}

/// Lets a link of this kind wait for the address in the body.
pub(super) async fn ask(
    app: &App,
    from: &Origin,
    body: Result<Bytes, BytesRejection>,
    kind: Kind,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let email = email(&mut fields)?;
    fields.end()?;
    mailed::ask_for_link(app, from, &email, kind).await.map_err(|error| problem(error, "email"))?;
    Ok((StatusCode::ACCEPTED, Json(Asked { detail: "if this address has an account, a mail with a link is on its way" })))
}
