//! `GET /api/v1/devices`, `GET /api/v1/devices/{id}`

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use axum::{Extension, Json};
use vigia_domain::device::{DeviceRow, DeviceView};
use vigia_domain::rights::{Action, Principal};

use super::paging::{Asked, PAGED, paged};
use crate::app::App;
use crate::db::devices::Device;
use crate::fleet::{self, Cursor, ListFilter};
use crate::http::Problem;
use crate::http::access::PathDevice;
use crate::http::table::{Right, Route};

pub(super) fn list() -> Route {
    paged(Route::get("/api/v1/devices", Right::Needs(Action::ReadTelemetry), answer_list))
        .summary("The devices that you may see, newest first, as a bare array")
        .answers::<Vec<DeviceRow>>(PAGED)
}

pub(super) fn one() -> Route {
    Route::get("/api/v1/devices/{id}", Right::NeedsDevice(Action::ReadTelemetry), answer_one)
        .summary("One device: its last values, what it says of itself, and what was not taken from it")
        .answers::<DeviceView>("the device")
}

async fn answer_list(State(app): State<App>, Extension(principal): Extension<Principal>, uri: Uri) -> Result<Response, Problem> {
    let asked = Asked::read(&uri, &[])?;
    let (rows, next) = fleet::list(&app, &principal, &ListFilter { below: asked.cursor::<Cursor>()?, limit: asked.limit()? }).await?;
    Ok(asked.page(&rows, next))
}

async fn answer_one(State(app): State<App>, Extension(PathDevice(device)): Extension<PathDevice>) -> Result<Json<DeviceView>, Problem> {
    Ok(Json(fleet::view(&app, Device::clone(&device)).await?))
}
