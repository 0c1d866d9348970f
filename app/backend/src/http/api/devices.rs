//! `GET /api/v1/devices`, `GET /api/v1/devices/{id}`

use axum::extract::{Query, State};
use axum::http::HeaderValue;
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use vigia_domain::device::{DeviceRow, DeviceView};
use vigia_domain::ids::DeviceNumber;
use vigia_domain::rights::{Action, Principal};

use crate::app::App;
use crate::fleet::{self, ListFilter};
use crate::http::Problem;
use crate::http::access::PathDevice;
use crate::http::table::{Right, Route};

/// Which page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    limit: Option<String>,
    cursor: Option<String>,
}

pub(super) fn list() -> Route {
    Route::get("/api/v1/devices", Right::Needs(Action::ReadTelemetry), answer_list)
        .summary("The devices that you may see, newest first; the header Link names the next page")
        .param("limit", false, "How many, 1 to 1000; 100 by default")
        .param("cursor", false, "Where the page begins; taken from Link")
        .answers::<Vec<DeviceRow>>("the devices")
}

pub(super) fn one() -> Route {
    Route::get("/api/v1/devices/{id}", Right::NeedsDevice(Action::ReadTelemetry), answer_one)
        .summary("One device: its last values, what it says of itself, and what was not taken from it")
        .answers::<DeviceView>("the device")
}

async fn answer_list(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Query(page): Query<Page>,
) -> Result<Response, Problem> {
    let limit = match page.limit.as_deref().map(str::parse::<u32>) {
        None => 0,
        Some(Ok(limit)) if (1..=1000).contains(&limit) => limit,
        Some(_) => return Err(Problem::field("limit", "limit is a number from 1 to 1000")),
    };
    let below = match page.cursor.as_deref().map(str::parse::<i64>) {
        None => None,
        Some(Ok(number)) => Some(DeviceNumber(number)),
        Some(Err(_)) => return Err(Problem::field("cursor", "cursor is taken from the header Link as it stands there")),
    };
    let (rows, next) = fleet::list(&app, &principal, &ListFilter { below, limit }).await?;
    let mut response = Json(rows).into_response();
    if let Some(next) = next {
        let limit = if limit == 0 { 100 } else { limit };
        let link = format!("</api/v1/devices?limit={limit}&cursor={}>; rel=\"next\"", next.0);
        response.headers_mut().insert(LINK, HeaderValue::from_str(&link).expect("digits between ASCII"));
    }
    Ok(response)
}

async fn answer_one(State(app): State<App>, Extension(PathDevice(device)): Extension<PathDevice>) -> Result<Json<DeviceView>, Problem> {
    Ok(Json(fleet::view(&app, &device.id).await?.ok_or_else(Problem::not_found)?))
}
