//! `POST /api/v1/devices/{id}/commands`, `GET` of all and of one.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::{LINK, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use vigia_domain::command::{Command, MOST_EXPIRY_S, PARAMS_BYTES};
use vigia_domain::reading::check_name;
use vigia_domain::rights::{Action, Principal};

use super::json_body::Fields;
use crate::app::App;
use crate::db::audit::Actor;
use crate::db::commands;
use crate::fleet::{self, GiveError, Given, Order};
use crate::http::Problem;
use crate::http::access::PathDevice;
use crate::http::described::Shape;
use crate::http::table::{Right, Route};
use crate::mqtt::DeviceIdentity;
use crate::origin::Origin;

const PATH: &str = "/api/v1/devices/{id}/commands";
/// The largest body: parameters, and what stands around them.
const BODY_BYTES: usize = 2 * PARAMS_BYTES;

pub(super) fn routes() -> [Route; 3] {
    [
        Route::post(PATH, Right::NeedsDevice(Action::Control), give)
            .summary(
                "Gives the device a command: sent as soon as it is there, until it answers or the command expires. \
                 With an id of your own the same request sent twice is one command",
            )
            .field("name", Shape::Text, true, "What to do, as the device names it: switch.set")
            .field("params", Shape::Object, false, "With what")
            .field("expires_in_s", Shape::Whole(1, MOST_EXPIRY_S), false, "How long it is good for, in seconds; 3600 by default")
            .field("id", Shape::Text, false, "Its id; one is made when none is given")
            .answers::<Command>("the command is queued; its state says how far it has come")
            .or_success(200, "the same command was given before")
            .refuses(409, "another command has this id, or too many wait")
            .example_body("application/json", r#"{"name": "switch.set", "params": {"on": true}, "expires_in_s": 60}"#)
            .success(202),
        Route::get(PATH, Right::NeedsDevice(Action::ReadTelemetry), list)
            .summary("The device's commands, newest first: those that wait, and the newest thousand of the others")
            .param_of("limit", Shape::Whole(1, 1_000), false, "How many at most; 100 by default")
            .param("cursor", false, "Where the page begins: from the header Link of the page before")
            .answers::<Vec<Command>>(
                "The commands. While there are more, the header Link holds the address of the next page: `<...>; rel=\"next\"`",
            ),
        Route::get("/api/v1/devices/{id}/commands/{command}", Right::NeedsDevice(Action::ReadTelemetry), one)
            .summary("One command: how far it has come, and what the device answered")
            .answers::<Command>("the command"),
    ]
}

async fn give(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    Extension(PathDevice(device)): Extension<PathDevice>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let order = Order {
        id: fields.text("id")?,
        name: fields.text("name")?.ok_or_else(|| Problem::field("name", "say what to do: name, for example \"switch.set\""))?,
        params: fields.object("params")?.unwrap_or_default(),
        expires_in_s: fields.whole("expires_in_s")?,
    };
    fields.end()?;
    let device = DeviceIdentity { id: device.id.clone(), number: device.number };
    let given = fleet::give(&app, &Actor::of(&principal, &from), &device, &order).await.map_err(|error| match error {
        GiveError::Db(error) => error.into(),
        GiveError::Name => Problem::field("name", error.to_string()),
        GiveError::Id => Problem::field("id", error.to_string()),
        GiveError::Params(_) => Problem::field("params", error.to_string()),
        GiveError::Expiry => Problem::field("expires_in_s", error.to_string()),
        GiveError::Taken | GiveError::Full => Problem::new(StatusCode::CONFLICT, error.to_string()),
    })?;
    let (status, command) = match given {
        Given::New(command) => (StatusCode::ACCEPTED, command),
        Given::Known(command) => (StatusCode::OK, command),
    };
    let place = format!("/api/v1/devices/{}/commands/{}", device.id, command.id);
    let mut response = (status, Json(command)).into_response();
    response.headers_mut().insert(LOCATION, HeaderValue::from_str(&place).expect("ids are ASCII"));
    Ok(response)
}

/// Which page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    limit: Option<String>,
    cursor: Option<String>,
}

async fn list(
    State(app): State<App>,
    Extension(PathDevice(device)): Extension<PathDevice>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(page) = page.map_err(|_| Problem::field("limit", "limit and cursor are given once each"))?;
    let limit = match page.limit.as_deref().map(str::parse::<u32>) {
        None => fleet::USUAL_ROWS,
        Some(Ok(limit)) if (1..=fleet::MOST_ROWS).contains(&limit) => limit,
        Some(_) => return Err(Problem::field("limit", format!("limit is a number from 1 to {}", fleet::MOST_ROWS))),
    };
    if let Some(cursor) = page.cursor.as_deref()
        && (check_name(cursor).is_err() || commands::one(app.registry(), device.number, cursor).await?.is_none())
    {
        return Err(Problem::field("cursor", "cursor is taken from the header Link as it stands there"));
    }
    let most = i64::from(limit) + 1;
    let mut found = commands::page(app.registry(), device.number, page.cursor.as_deref(), most).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| last.id.clone());
    let mut response = Json(found).into_response();
    if let Some(next) = next {
        let link = format!("</api/v1/devices/{}/commands?limit={limit}&cursor={next}>; rel=\"next\"", device.id);
        response.headers_mut().insert(LINK, HeaderValue::from_str(&link).expect("ids are ASCII"));
    }
    Ok(response)
}

async fn one(
    State(app): State<App>,
    Extension(PathDevice(device)): Extension<PathDevice>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<Command>, Problem> {
    let id = path.ok().map(|Path((_, id))| id).filter(|id| check_name(id).is_ok()).ok_or_else(Problem::not_found)?;
    commands::one(app.registry(), device.number, &id).await?.map(Json).ok_or_else(Problem::not_found)
}
