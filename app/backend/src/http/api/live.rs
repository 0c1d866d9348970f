//! `GET /api/v1/live`

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tower_sessions::Session;
use vigia_domain::rights::{Action, Principal};

use super::live_right::Standing;
use super::live_socket;
use crate::app::App;
use crate::http::Problem;
use crate::http::table::{Right, Route};
use crate::lifecycle::Phase;
use crate::live::MOST_SOCKETS;

/// The largest message of a client, in bytes: a subscription to as many devices as are allowed.
const MESSAGE_BYTES: usize = 256 * 1024;
/// What a connection reads and writes at a time, in bytes. The library's own figure, 128 KiB each way, is for few connections with much to
/// say; here are many with little, and each keeps its buffers for as long as it stands.
const BUFFER_BYTES: usize = 1024;
/// What may wait for a client that does not read, in bytes; beyond that it is waited for. The largest message fits: a device's metrics.
const WAITING_BYTES: usize = 256 * 1024;
/// When somebody with too many connections may try again, in seconds.
const RETRY_SECONDS: &str = "30";

pub(super) fn route() -> Route {
    Route::get("/api/v1/live", Right::Needs(Action::ReadTelemetry), answer)
        .summary("WebSocket: say {\"subscribe\":[\"device/<id>\"]}, hear {\"topic\",\"at\",\"values\"}, first what is known, with \"seen_at\"; a slow client gets the latest, never the backlog. After a lost connection add \"since\", an instant before it was lost: the newest value of every metric of the devices heard of meanwhile comes at once")
        .success(101)
        .refuses(400, "no WebSocket")
        .refuses(426, "no WebSocket")
        .refuses(429, "too many live connections; see Retry-After")
}

async fn answer(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    session: Option<Extension<Session>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(seat) = app.hub().seats().take(&principal) else {
        let detail = format!("one account or key holds at most {MOST_SOCKETS} live connections; end one of the others");
        return ([(RETRY_AFTER, RETRY_SECONDS)], Problem::new(StatusCode::TOO_MANY_REQUESTS, detail)).into_response();
    };
    let standing = Standing::new(&app, principal, &headers, session.as_deref());
    let upgrade = upgrade.max_message_size(MESSAGE_BYTES).max_frame_size(MESSAGE_BYTES);
    let upgrade = upgrade.read_buffer_size(BUFFER_BYTES).write_buffer_size(0).max_write_buffer_size(WAITING_BYTES);
    upgrade.on_upgrade(async move |socket| {
        let served = app.clone();
        app.lifecycle().serve("live connection", Phase::Work, |stop| live_socket::run(served, standing, seat, socket, stop));
    })
}
