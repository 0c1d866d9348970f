//! `GET /api/v1/devices/{id}/telemetry?metric=&from=&to=&points=`

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use serde::Deserialize;
use vigia_domain::reading::check_name;
use vigia_domain::rights::Action;
use vigia_domain::series::Series;
use vigia_domain::time;

use crate::app::App;
use crate::http::Problem;
use crate::http::access::PathDevice;
use crate::http::described::Shape;
use crate::http::table::{Right, Route};
use crate::telemetry::{self, MOST_POINTS, Question};

/// Points where a request names none.
const POINTS: u32 = 300;
/// The range where a request names no beginning.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    metric: Option<String>,
    from: Option<String>,
    to: Option<String>,
    points: Option<String>,
}

pub(super) fn route() -> Route {
    Route::get("/api/v1/devices/{id}/telemetry", Right::NeedsDevice(Action::ReadTelemetry), answer)
        .summary("One metric over [from, to) in equal buckets aligned to from; empty buckets are left out and covered by gaps")
        .param("metric", true, "The metric, for example power_w")
        .param("from", false, "RFC 3339 or Unix milliseconds; a day before `to` by default")
        .param("to", false, "RFC 3339 or Unix milliseconds; now by default")
        .param_of("points", Shape::Whole(1, i64::from(MOST_POINTS)), false, "The most buckets; 300 by default")
        .answers::<Series>("the series")
        .example_query("?metric=power_w&points=10")
}

async fn answer(
    State(app): State<App>,
    Extension(PathDevice(device)): Extension<PathDevice>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Series>, Problem> {
    let Query(asked) = asked.map_err(|bad| Problem::field(doubled(&bad), "metric, from, to and points are given once each"))?;
    let metric = asked.metric.as_deref().ok_or_else(|| Problem::field("metric", "name a metric, for example metric=power_w"))?;
    check_name(metric).map_err(|e| Problem::field("metric", e.to_string()))?;
    let instant = |field, text: Option<&str>| text.map(time::from_query).transpose().map_err(|e| Problem::field(field, e.to_string()));
    let to_ms = instant("to", asked.to.as_deref())?.unwrap_or_else(|| app.world().clock.now_ms());
    let from_ms = instant("from", asked.from.as_deref())?.unwrap_or(to_ms - DAY_MS);
    if from_ms >= to_ms {
        return Err(Problem::field("from", "from is before to"));
    }
    let points = match asked.points.as_deref().map(str::parse::<u32>) {
        None => POINTS,
        Some(Ok(points)) if (1..=MOST_POINTS).contains(&points) => points,
        Some(_) => return Err(Problem::field("points", format!("points is a number from 1 to {MOST_POINTS}"))),
    };
    let buckets = app.store().aggregate(&Question { device: device.number, metric, from_ms, to_ms, points }).await?;
    Ok(Json(telemetry::series(metric, &buckets)))
}

/// The field that a query cannot be read for: it stands there twice, for all of them are texts.
fn doubled(rejection: &QueryRejection) -> &'static str {
    let text = rejection.body_text();
    ["metric", "from", "to", "points"].into_iter().find(|name| text.contains(&format!("`{name}`"))).unwrap_or("metric")
}
