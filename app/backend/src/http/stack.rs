//! The middleware around every route, in one place, outermost first.

use std::any::Any;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, STRICT_TRANSPORT_SECURITY};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};

use super::table::{self, Route};
use super::{access, csrf, problem};
use crate::app::App;
use crate::auth::session::LONGEST_DAYS;
use crate::world::World;

/// The largest body of any request, in bytes. Routes may allow less.
const BODY_BYTES: usize = 1024 * 1024;
/// For how long a browser that came over TLS comes over nothing else, in seconds: a year. Of this name alone: what else runs below it is not
/// ours to decide.
const ONLY_TLS: &str = "max-age=31536000";
/// How long a request may take until its answer begins.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the pages add to the interface for scripts.
pub struct Site {
    /// Pages and server functions.
    pub routes: Vec<Route>,
}

/// The whole application: the interface for scripts, the site's routes, and `fallback` for every other address
/// (files, or a page that says that there is nothing).
pub fn router<T: 'static>(app: &App, mut site: Site, fallback: impl Handler<T, App>) -> Router {
    let mut routes = table::of_backend();
    routes.append(&mut site.routes);
    let http = &app.settings().http;
    let sessions = SessionManagerLayer::new(app.sessions().clone())
        .with_name("vigia_session")
        .with_secure(http.is_secure())
        .with_same_site(SameSite::Lax)
        // The cookie lives as long as a session can; whether it still does, the server says.
        .with_expiry(Expiry::OnInactivity(time::Duration::days(LONGEST_DAYS)));
    let request_id = HeaderName::from_static("x-request-id");
    let stack = ServiceBuilder::new()
        .layer(from_fn(forget_their_id))
        .layer(SetRequestIdLayer::new(request_id.clone(), OurIds(app.world().clone())))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_request(()).on_response(answered).on_failure(()))
        .layer(PropagateRequestIdLayer::new(request_id))
        .layer(from_fn_with_state(app.clone(), headers))
        .layer(cors(&http.cors))
        .layer(from_fn(problem::finish))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), peers))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, PATIENCE))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(app.clone(), csrf::check))
        .layer(sessions)
        .layer(from_fn_with_state(app.clone(), access::identify));
    table::build(app, routes).fallback(fallback).with_state(app.clone()).layer(stack)
}

/// A span per request: what the log of everything inside it begins with. The query is left out, it may hold anything.
fn span(request: &Request) -> tracing::Span {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", %id, method = %request.method(), path = request.uri().path())
}

fn answered(response: &Response, latency: Duration, _: &tracing::Span) {
    let (status, ms) = (response.status().as_u16(), latency.as_millis());
    if status >= 500 {
        tracing::error!(status, ms, "answered");
    } else {
        tracing::debug!(status, ms, "answered");
    }
}

/// The layer that sets our ids keeps one that is there already; a client's is not believed.
async fn forget_their_id(mut request: Request, next: Next) -> Response {
    request.headers_mut().remove("x-request-id");
    next.run(request).await
}

/// Our own id for every request.
#[derive(Clone)]
struct OurIds(World);

impl MakeRequestId for OurIds {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        let id = data_encoding::HEXLOWER.encode(&self.0.bytes::<8>());
        HeaderValue::from_str(&id).ok().map(RequestId::new)
    }
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<_> = origins.iter().filter_map(|o| HeaderValue::from_str(o).ok()).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            HeaderName::from_static("authorization"),
            HeaderName::from_static("x-api-key"),
            HeaderName::from_static("content-type"),
        ])
        .expose_headers([HeaderName::from_static("link"), HeaderName::from_static("x-request-id")])
        .max_age(Duration::from_secs(600))
}

/// Headers for every answer. A page brings its own policy with its nonce; all else may load nothing at all.
async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_of_api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if is_of_api {
        // Tokens, and what somebody may see and the next user of the browser may not.
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        // A form without JavaScript is led back to the page it stands on, which is known by its referrer; other sites learn nothing.
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if app.settings().http.is_secure() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(ONLY_TLS));
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    response
}

/// Peers that the settings do not admit get nothing.
async fn peers(State(app): State<App>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    if peer.is_none_or(|ip| app.settings().http.guard().admits(ip)) {
        return next.run(request).await;
    }
    problem::Problem::new(StatusCode::FORBIDDEN, "this server speaks only to its own network").into_response()
}

fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?");
    tracing::error!(panic = text, "a request panicked");
    problem::Problem::internal().into_response()
}
