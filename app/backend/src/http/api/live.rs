//! `GET /api/v1/live`

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use vigia_domain::rights::{Action, Principal};

use super::live_socket;
use crate::app::App;
use crate::http::table::{Right, Route};

/// The largest message of a client, in bytes: a subscription to as many devices as are allowed.
const MESSAGE_BYTES: usize = 256 * 1024;

pub(super) fn route() -> Route {
    Route::get("/api/v1/live", Right::Needs(Action::ReadTelemetry), answer)
        .summary("WebSocket: say {\"subscribe\":[\"device/<id>\"]}, hear {\"topic\",\"at\",\"values\"}; a slow client gets the latest, never the backlog")
        .success(101)
}

async fn answer(State(app): State<App>, Extension(principal): Extension<Principal>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.max_message_size(MESSAGE_BYTES).on_upgrade(move |socket| live_socket::run(app, principal, socket))
}
