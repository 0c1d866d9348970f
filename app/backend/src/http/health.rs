//! `/healthz`, `/readyz`, `/metrics`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::time::timeout;
use vigia_domain::rights::{Action, Principal, Resource, Verdict, may};

use super::client::is_local;
use super::table::{Right, Route};
use crate::app::App;
use crate::db::probe::PATIENCE;

/// Whether the parts are ready.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Readiness {
    /// All of them.
    ready: bool,
    /// Each by its name; only for those who may read metrics, and on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<Parts>,
    /// What is wrong with a part that is not ready, likewise.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    wrong: BTreeMap<&'static str, String>,
    /// What is wrong though everything works, likewise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    degraded: Vec<String>,
}

/// The parts by name.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Parts {
    /// The registry answers and can be written.
    database: bool,
    /// The broker takes connections.
    broker: bool,
    /// The time-series store answers and can be written.
    ingest: bool,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/healthz", Right::Public, alive).summary("Whether the process is alive").answers_text("text/plain", "it is"),
        Route::get("/readyz", Right::Public, ready)
            .summary("Whether it can do its work")
            .answers::<Readiness>("it can")
            .refuses(503, "it cannot")
            .refuses_with::<Readiness>(),
        Route::get("/metrics", Right::LoopbackOr(Action::ReadMetrics), metrics)
            .summary("The process's own metrics for Prometheus; from this machine, or with the scope metrics:read")
            .answers_text("application/openmetrics-text", "OpenMetrics text"),
    ]
}

async fn alive() -> &'static str {
    "alive\n"
}

async fn ready(State(app): State<App>, request: Request) -> Response {
    let principal = request.extensions().get::<Principal>().cloned().unwrap_or(Principal::Nobody);
    let detailed = is_local(&app.settings().http, request.extensions(), request.headers())
        || may(&principal, Action::ReadMetrics, Resource::Installation) == Verdict::Allowed;
    // Side by side: one that is silent does not add its time to the other's.
    let (written, store) = tokio::join!(app.probe().ask(), timeout(PATIENCE, app.store().health()));
    let trouble = app.broker().map_or_else(|| Some("it is not running".to_owned()), |broker| broker.trouble());
    let broker = trouble.map_or(Ok(()), Err);
    let store = match store {
        Ok(asked) => asked.map_err(|error| error.in_words()),
        Err(_) => Err("it does not answer".to_owned()),
    };
    let asked = [("database", written.registry), ("broker", broker), ("ingest", written.telemetry.and(store))];
    let [database, broker, ingest] = asked.each_ref().map(|(_, found)| found.is_ok());
    let ready = database && broker && ingest;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let wrong = asked.into_iter().filter_map(|(name, found)| Some((name, found.err()?))).filter(|_| detailed).collect();
    let degraded = if detailed { app.store().wrong() } else { Vec::new() };
    (status, Json(Readiness { degraded, ready, parts: detailed.then_some(Parts { database, broker, ingest }), wrong })).into_response()
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], app.metrics().text())
}
