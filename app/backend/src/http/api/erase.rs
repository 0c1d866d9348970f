//! `DELETE /api/v1/devices/{id}/telemetry?from=&to=`

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use vigia_domain::rights::{Action, Principal};
use vigia_domain::time;

use crate::app::App;
use crate::db::audit::Actor;
use crate::fleet;
use crate::http::Problem;
use crate::http::access::PathDevice;
use crate::http::table::{Right, Route};
use crate::origin::Origin;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    from: Option<String>,
    to: Option<String>,
}

pub(super) fn route() -> Route {
    Route::delete("/api/v1/devices/{id}/telemetry", Right::NeedsDevice(Action::DeleteTelemetry), answer)
        .summary("Deletes what the device sent, or of it [from, to): readings, what was reckoned of them, events; all of it takes attributes and last values along")
        .param("from", false, "RFC 3339 or Unix milliseconds; from the beginning when not given")
        .param("to", false, "RFC 3339 or Unix milliseconds; to the end when not given")
        .success(204)
}

async fn answer(
    State(app): State<App>,
    Extension(PathDevice(device)): Extension<PathDevice>,
    Extension(who): Extension<Principal>,
    Extension(from): Extension<Origin>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<StatusCode, Problem> {
    // A misspelt limit must not delete everything.
    let Query(asked) = asked.map_err(|_| Problem::field("from", "from and to are all that may be given, once each"))?;
    let instant = |field, text: Option<&str>| text.map(time::from_query).transpose().map_err(|e| Problem::field(field, e.to_string()));
    let range = match (instant("from", asked.from.as_deref())?, instant("to", asked.to.as_deref())?) {
        (None, None) => None,
        (from, to) => Some((from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX))),
    };
    if range.is_some_and(|(from, to)| from >= to) {
        return Err(Problem::field("from", "from is before to"));
    }
    fleet::erase(&app, &Actor::of(&who, &from), &device, range).await?;
    Ok(StatusCode::NO_CONTENT)
}
