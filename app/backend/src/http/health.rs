//! `/healthz`, `/readyz`, `/metrics`.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use vigia_domain::rights::{Action, Principal, Resource, Verdict, may};

use super::client::is_local;
use super::table::{Right, Route};
use crate::app::App;

/// Whether the parts are ready.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Readiness {
    /// All of them.
    ready: bool,
    /// Each by its name; only for those who may read metrics, and on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<Parts>,
}

/// The parts by name.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Parts {
    /// The registry answers.
    database: bool,
    /// The broker takes connections.
    broker: bool,
    /// The time-series store answers.
    ingest: bool,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/healthz", Right::Public, alive).summary("Whether the process is alive").answers_text("text/plain", "it is"),
        Route::get("/readyz", Right::Public, ready).summary("Whether it can do its work; 503 when not").answers::<Readiness>("it can"),
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
    let parts = Parts {
        database: app.registry().ping().await.is_ok(),
        broker: app.broker().is_some_and(|broker| broker.connections().is_some()),
        ingest: app.store().health().await.is_ok(),
    };
    let ready = parts.database && parts.broker && parts.ingest;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, parts: detailed.then_some(parts) })).into_response()
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], app.metrics().text())
}
