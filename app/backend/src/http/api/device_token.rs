//! `POST /api/v1/devices/{id}/token`, `DELETE /api/v1/devices/{id}/token/old`: another token for a device, without a moment in which none is good.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;
use vigia_domain::rights::{Action, Principal};

use super::json_body::Fields;
use crate::app::App;
use crate::db::audit::{Actor, By};
use crate::db::device_tokens;
use crate::fleet::{self, Before, RegisterError};
use crate::http::Problem;
use crate::http::access::PathDevice;
use crate::http::described::Shape;
use crate::http::table::{Right, Route};
use crate::origin::Origin;

/// The largest body, in bytes.
const BODY_BYTES: usize = 1024;

pub(super) fn routes() -> [Route; 2] {
    let right = Right::NeedsDevice(Action::ManageDevices);
    [
        Route::post("/api/v1/devices/{id}/token", right, give)
            .summary(
                "Gives the device a new token, which is shown in this answer and never again. With keep_old the one before goes on, until a week after the \
                 new one was used or until it is ended; else it is worthless at once",
            )
            .field("keep_old", Shape::Truth, false, "Whether the one before goes on")
            .refuses(409, "an external broker knows one token of a device alone")
            .answers::<NewToken>("the token")
            .example_body("application/json", r#"{"keep_old": true}"#)
            .success(201),
        Route::delete("/api/v1/devices/{id}/token/old", right, end_old)
            .summary("Ends the token before the newest, and every connection of the device: it comes again with the newest")
            .refuses(404, "there is none")
            .success(204)
            .example_ends(404),
    ]
}

/// A token that was made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct NewToken {
    /// Its text: keep it, it is not shown again.
    token: String,
}

async fn give(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    Extension(PathDevice(device)): Extension<PathDevice>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<NewToken>), Problem> {
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let keep_old = fields.truth("keep_old")?.unwrap_or(false);
    fields.end()?;
    if app.settings().mqtt.external().is_some() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "an external broker keeps the tokens of devices: give a new one with `vigia device token`",
        ));
    }
    let before = if keep_old { Before::GoesOn } else { Before::Ends };
    let token = fleet::new_token(app.registry(), app.world(), &Actor::of(&principal, &from), &device.id, before).await;
    let token = token.map_err(|error| match error {
        RegisterError::Db(error) => error.into(),
        _ => Problem::not_found(),
    })?;
    Ok((StatusCode::CREATED, Json(NewToken { token })))
}

async fn end_old(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    Extension(PathDevice(device)): Extension<PathDevice>,
) -> Result<StatusCode, Problem> {
    let by = By { actor: &Actor::of(&principal, &from), at_ms: app.world().clock.now_ms() };
    if device_tokens::end_old(app.registry(), &device.id, by).await? { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}
