//! `GET /api/v1/devices`, `GET /api/v1/devices/{id}`

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderValue;
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use vigia_domain::device::{DeviceRow, DeviceView};
use vigia_domain::rights::{Action, Principal};

use crate::app::App;
use crate::db::devices::Device;
use crate::fleet::{self, Cursor, ListFilter};
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
        .summary("The devices that you may see, newest first, as a bare array")
        .param("limit", false, "How many at most, 1 to 1000; 100 by default. Anything else is answered with 422")
        .param(
            "cursor",
            false,
            "Where the page begins: opaque, taken from the header Link of the page before. Anything else is answered with 422",
        )
        .answers::<Vec<DeviceRow>>(
            "The devices. While there are more, the header Link holds the address of the next page: `<...>; rel=\"next\"`",
        )
}

pub(super) fn one() -> Route {
    Route::get("/api/v1/devices/{id}", Right::NeedsDevice(Action::ReadTelemetry), answer_one)
        .summary("One device: its last values, what it says of itself, and what was not taken from it")
        .answers::<DeviceView>("the device")
}

async fn answer_list(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Response, Problem> {
    // The only fields there are; one of them stands there twice.
    let Query(page) = page.map_err(|_| Problem::field("limit", "limit and cursor are given once each"))?;
    let limit = match page.limit.as_deref().map(str::parse::<u32>) {
        None => fleet::USUAL_ROWS,
        Some(Ok(limit)) if (1..=fleet::MOST_ROWS).contains(&limit) => limit,
        Some(_) => return Err(Problem::field("limit", format!("limit is a number from 1 to {}", fleet::MOST_ROWS))),
    };
    let below = page.cursor.as_deref().map(str::parse::<Cursor>).transpose().map_err(|bad| Problem::field("cursor", bad.to_string()))?;
    let (rows, next) = fleet::list(&app, &principal, &ListFilter { below, limit }).await?;
    let mut response = Json(rows).into_response();
    if let Some(next) = next {
        let link = format!("</api/v1/devices?limit={limit}&cursor={next}>; rel=\"next\"");
        response.headers_mut().insert(LINK, HeaderValue::from_str(&link).expect("a cursor is ASCII"));
    }
    Ok(response)
}

async fn answer_one(State(app): State<App>, Extension(PathDevice(device)): Extension<PathDevice>) -> Result<Json<DeviceView>, Problem> {
    Ok(Json(fleet::view(&app, Device::clone(&device)).await?))
}
