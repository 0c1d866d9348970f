//! `GET /api/v1/stream/devices` and, under its old name, `GET /stream/dispositivos`

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use serde::Deserialize;
use tower_sessions::Session;
use vigia_domain::ids::DeviceId;
use vigia_domain::rights::{Action, Principal};
use vigia_domain::time;

use super::live_right::Standing;
use super::stream_body::{Filter, Stream};
use crate::app::App;
use crate::http::Problem;
use crate::http::table::{Right, Route};
use crate::live::MOST_SOCKETS;

/// When somebody with too many connections may try again, in seconds.
const RETRY_SECONDS: &str = "30";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    serial: Option<String>,
    reclamado: Option<String>,
    since: Option<String>,
}

pub(super) fn routes() -> [Route; 2] {
    let describe = |route: Route| {
        route
            .param("serial", false, "Only this device")
            .param("reclamado", false, "true: only devices that have an owner; false: only those that have none")
            .param("since", false, "As the header Last-Event-ID, for clients that cannot set it: RFC 3339 or Unix milliseconds")
            .refuses(429, "too many live connections; see Retry-After")
            .answers_text("text/event-stream", "hello, then a message whenever a device changes, a ping in every silence")
    };
    let path = |path| Route::get(path, Right::Needs(Action::ReadTelemetry), answer);
    [
        describe(path("/api/v1/stream/devices").summary(
            "Server-sent events: every device that you may see, whole, whenever it changes; a slow client gets the latest, never the backlog. With Last-Event-ID what changed meanwhile comes at once",
        )),
        describe(path("/stream/dispositivos").summary("The same under the name that apps of the IoT Backend know")),
    ]
}

async fn answer(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    session: Option<Extension<Session>>,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|_| Problem::field("serial", "serial, reclamado and since are given once each"))?;
    let filter = filter(&asked)?;
    let since_ms = since(&headers, asked.since.as_deref())?;
    let Some(seat) = app.hub().seats().take(&principal) else {
        let detail = format!("one account or key holds at most {MOST_SOCKETS} live connections; end one of the others");
        return Ok(([(RETRY_AFTER, RETRY_SECONDS)], Problem::new(StatusCode::TOO_MANY_REQUESTS, detail)).into_response());
    };
    let standing = Standing::new(&app, principal, &headers, session.as_deref());
    let stream = Stream::open(app, standing, seat, filter, since_ms).await?;
    let body = Body::from_stream(unfold(stream, Stream::next));
    let headers = [
        // The character set is named because some clients take a text without one for Latin-1.
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
        // nginx would gather events until its buffer is full.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, body).into_response())
}

fn filter(asked: &Asked) -> Result<Filter, Problem> {
    let serial = asked.serial.as_deref().filter(|serial| !serial.is_empty());
    let serial = serial.map(DeviceId::new).transpose().map_err(|e| Problem::field("serial", e.to_string()))?;
    let claimed = match asked.reclamado.as_deref().filter(|text| !text.is_empty()) {
        None => None,
        Some(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Some(_) => return Err(Problem::field("reclamado", "reclamado is true or false")),
    };
    Ok(Filter { serial, claimed })
}

/// From when on the client may have missed something. A Last-Event-ID that is none of ours is that of another server: everything
/// may have been missed.
fn since(headers: &HeaderMap, asked: Option<&str>) -> Result<Option<i64>, Problem> {
    if let Some(last) = headers.get("last-event-id") {
        return Ok(Some(last.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or(0)));
    }
    asked.map(time::from_query).transpose().map_err(|e| Problem::field("since", e.to_string()))
}
