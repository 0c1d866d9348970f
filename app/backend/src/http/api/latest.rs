//! `GET /api/v1/devices/{id}/latest`

use axum::extract::State;
use axum::{Extension, Json};
use vigia_domain::rights::Action;
use vigia_domain::series::Latest;

use crate::app::App;
use crate::http::access::PathDevice;
use crate::http::table::{Right, Route};
use crate::telemetry;

pub(super) fn route() -> Route {
    Route::get("/api/v1/devices/{id}/latest", Right::NeedsDevice(Action::ReadTelemetry), answer)
        .summary("The last value of every metric, with its time and age")
        .answers::<Vec<Latest>>("the last values, by name")
}

async fn answer(State(app): State<App>, Extension(PathDevice(device)): Extension<PathDevice>) -> Json<Vec<Latest>> {
    if let Err(error) = app.store().catch_up().await {
        tracing::debug!(%error, "what other processes stored is not known yet");
    }
    let now_ms = app.world().clock.now_ms();
    Json(app.store().latest(device.number).into_iter().map(|v| telemetry::latest(v, now_ms)).collect())
}
