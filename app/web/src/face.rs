//! The face as the HTTP server sees it: two handlers, one for pages and one for server functions.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::{FromRequest as _, Query};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header, request::Parts};
use axum::response::{IntoResponse, Redirect};
use leptos::prelude::*;
use leptos::server_fn::error::{SERVER_FN_ERROR_HEADER, ServerFnUrlError};
use leptos_axum::ResponseOptions;
use vigia_backend::http::Problem;
use vigia_backend::http::assets::NamesNow;
use vigia_backend::http::problem::RETRY_SECONDS;
use vigia_domain::user::Visitor;

use crate::boot::{Boot, Outcome, Theme};
use crate::columns::Columns;
use crate::fault::Fault;
use crate::i18n::Lang;
use crate::server;
use crate::shell::shell;
use crate::typed::{self, Typed};

/// So many bytes of a form that is turned away are read, for what was typed into it.
const MOST_TYPED: u64 = 16 * 1024;

/// Renders pages and calls server functions. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Face {
    assets: NamesNow,
}

impl Face {
    /// A face that names these assets.
    #[must_use]
    pub fn new(assets: NamesNow) -> Self {
        // Rendering spawns on tokio. A second face finds it said already.
        let _ = any_spawner::Executor::init_tokio();
        Self { assets }
    }

    /// Renders what `outcome` says at the request's address, with the right status and its own
    /// `Content-Security-Policy`. The request carries the app and the principal in its extensions.
    pub async fn page(&self, outcome: Outcome, request: Request<Body>) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        let boot = self.boot(outcome, &parts).await;
        parts.extensions.insert(boot.lang);
        let chosen = chosen(&boot, &parts.headers);
        let assets = Arc::new((self.assets)());
        let context = move || {
            provide_context(boot.clone());
            provide_context(Arc::clone(&assets));
            if let Some(status) = status_of(outcome) {
                set_status(status);
            }
        };
        let handler = leptos_axum::render_app_async_with_context(context, shell);
        let mut response = handler(Request::from_parts(parts, body)).await;
        response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        for cookie in chosen {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        if [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS].contains(&response.status()) {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_SECONDS.into());
        }
        response
    }

    /// Answers a server function, from a page's script or from a form of a browser without one.
    pub async fn call(&self, request: Request<Body>) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        // Read here, where a body that is too large is told from one that cannot be understood.
        let body = match Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await {
            Ok(body) if std::str::from_utf8(&body).is_err() => {
                return (StatusCode::UNPROCESSABLE_ENTITY, "the form is no UTF-8").into_response();
            }
            Ok(body) => body,
            Err(refused) => return refused.into_response(),
        };
        if let Some(page) = referer(&parts).and_then(|page| HeaderValue::from_str(&page).ok()) {
            parts.headers.insert(header::REFERER, page);
        }
        let request = Request::from_parts(parts.clone(), Body::from(body.clone()));
        let mut response = own_status(leptos_axum::handle_server_fns_with_context(|| (), request).await.into_response()).await;
        // A form leads back to the page whose address its browser named; whatever else that header says, the way leads nowhere else.
        let way = response.headers().get(header::LOCATION).and_then(|way| HeaderValue::from_str(&path_of(way.to_str().ok()?)).ok());
        way.map(|way| response.headers_mut().insert(header::LOCATION, way));
        response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        let cookie = match response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
            true if server::is_plain_form(&parts) => typed::keep(&parts, &body, false),
            true => None,
            false => typed::forget(&parts),
        };
        cookie.map(|cookie| response.headers_mut().append(header::SET_COOKIE, cookie));
        response
    }

    /// Answers who may not call a server function. A browser that sent its form is led back to the page, which says so and has what was
    /// typed: of a session that ended in the midst of it nothing is lost.
    pub(crate) async fn turn_away(&self, problem: Problem, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let fault = Fault { status: problem.status().as_u16(), field: None };
        let way = referer(&parts).filter(|_| server::is_plain_form(&parts));
        let way = way.and_then(|page| ServerFnUrlError::new(parts.uri.path(), fault).to_url(&page).ok());
        let Some(way) = way else { return problem.into_response() };
        // The page's path alone: whoever wrote the header, the way leads nowhere else.
        let mut response = Redirect::to(&path_of(&format!("{}?{}", way.path(), way.query().unwrap_or_default()))).into_response();
        // What a person typed is small, and its length is said: nobody who may do nothing sends us more.
        let form = match body.size_hint().exact() {
            Some(..=MOST_TYPED) => Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await.unwrap_or_default(),
            _ => Bytes::new(),
        };
        let cookie = typed::keep(&parts, &form, problem.status() == StatusCode::UNAUTHORIZED);
        cookie.map(|cookie| response.headers_mut().append(header::SET_COOKIE, cookie));
        response
    }

    async fn boot(&self, outcome: Outcome, parts: &Parts) -> Boot {
        // A page that tells of a failure must not fail for want of a name.
        let visitor = server::visitor(parts).await.unwrap_or_default();
        let lang = spoken(visitor.as_ref(), &parts.headers);
        let theme = visitor.as_ref().and_then(|visitor| visitor.theme.as_deref());
        let theme = theme_of(theme.or_else(|| cookie(&parts.headers, "theme")));
        let whose = visitor.as_ref().map(|visitor| visitor.email.clone());
        Boot {
            notice: server::notice(parts, lang.texts(), visitor.as_ref()),
            ways: if visitor.is_some() { Vec::new() } else { server::ways(parts, lang.texts()) },
            said: server::said(parts, lang.texts()),
            visitor,
            lang,
            theme,
            columns: cookie(&parts.headers, Columns::COOKIE).map(Columns::of_cookie).unwrap_or_default(),
            outcome,
            failed: failed(parts).or_else(|| unsent(outcome, whose.as_deref(), &parts.headers)),
            path: parts.uri.path().to_owned(),
            now_ms: server::now_ms(parts),
            echarts: (self.assets)().echarts,
            origin: origin(server::is_https(parts), &parts.headers),
            mqtt_port: server::mqtt_port(parts),
            passkeys: server::passkey_origin(parts),
            registers: server::registers(parts),
        }
    }
}

/// Leptos answers every fault with 500; what it did not take from a stranger is no failure of ours.
async fn own_status(response: Response<Body>) -> Response<Body> {
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR || !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let told = to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.status = StatusCode::from_u16(Fault::de(told.clone()).status).unwrap_or(parts.status);
    Response::from_parts(parts, Body::from(told))
}

fn status_of(outcome: Outcome) -> Option<StatusCode> {
    match outcome {
        Outcome::Page => None,
        Outcome::SignIn => Some(StatusCode::UNAUTHORIZED),
        Outcome::Forbidden => Some(StatusCode::FORBIDDEN),
        Outcome::NotFound => Some(StatusCode::NOT_FOUND),
        Outcome::Unavailable | Outcome::Busy => Some(StatusCode::SERVICE_UNAVAILABLE),
        Outcome::TooMany => Some(StatusCode::TOO_MANY_REQUESTS),
        Outcome::Failed => Some(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Sets the status of the page that is being rendered.
pub(crate) fn set_status(status: StatusCode) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(status);
    }
}

/// What Leptos put into the address of a form's page when the form failed.
fn failed(parts: &Parts) -> Option<(String, Fault)> {
    let Query(mut query) = Query::<HashMap<String, String>>::try_from_uri(&parts.uri).ok()?;
    let (path, error) = query.remove("__path").zip(query.remove("__err"))?;
    Some((path, ServerFnUrlError::<Fault>::decode_err(&error)))
}

/// The form that nobody looked at because the session had ended, on the page to which its sender came back.
/// Another's is no business of who has signed in since.
fn unsent(outcome: Outcome, whose: Option<&str>, headers: &HeaderMap) -> Option<(String, Fault)> {
    let is_theirs = |typed: &Typed| typed.field("of").is_none_or(|of| whose == Some(of.as_str()));
    let typed = Typed::all(headers).find(|typed| typed.is_unsent && outcome == Outcome::Page && is_theirs(typed))?;
    Some((typed.action, Fault { status: 401, field: None }))
}

/// The page that a form was sent from, without what an earlier refusal left in its address.
fn referer(parts: &Parts) -> Option<String> {
    let mut page = parts.headers.get(header::REFERER)?.to_str().ok()?.to_owned();
    if page.contains("__err=") {
        ServerFnUrlError::<Fault>::strip_error_info(&mut page);
    }
    Some(page)
}

/// The path and what follows of an address, so that it leads to this place.
fn path_of(address: &str) -> String {
    let rest = match address.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => rest.find('/').map_or("", |at| &rest[at..]),
        _ => address,
    };
    // Two slashes, or one of the other kind, would begin another host.
    format!("/{}", rest.trim_start_matches(['/', '\\']))
}

/// The language of who asks: the profile's, else what the browser says.
pub(crate) fn spoken(visitor: Option<&Visitor>, headers: &HeaderMap) -> Lang {
    visitor.and_then(|visitor| visitor.lang.as_deref()).and_then(Lang::of_code).unwrap_or_else(|| lang(headers))
}

/// The language of a browser.
pub(crate) fn lang(headers: &HeaderMap) -> Lang {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    cookie(headers, "lang").and_then(Lang::of_code).or_else(|| accepted.and_then(Lang::of_accept)).unwrap_or_default()
}

/// What the profile says, for the calls of this page and for the door after it: they read cookies alone.
fn chosen(boot: &Boot, headers: &HeaderMap) -> Vec<HeaderValue> {
    let Some(visitor) = &boot.visitor else { return Vec::new() };
    let pairs = [("lang", &visitor.lang), ("theme", &visitor.theme)];
    let differs =
        pairs.into_iter().filter_map(|(name, choice)| Some((name, choice.as_deref()?))).filter(|(n, c)| cookie(headers, n) != Some(c));
    differs.filter_map(|(name, choice)| server::lasting(name, choice)).collect()
}

fn theme_of(word: Option<&str>) -> Theme {
    match word {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ => Theme::System,
    }
}

/// The address that the visitor reached us by, for the examples on a page. Shown as text alone.
fn origin(https: bool, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok());
    let host = host.filter(|h| h.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b)));
    let scheme = if https { "https" } else { "http" };
    format!("{scheme}://{}", host.unwrap_or("localhost:3000"))
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    cookies(headers).find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Names and values of the cookies that a request brings.
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|v| v.to_str().ok());
    all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (header::HeaderName::from_static(k), header::HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn a_way_back_leads_to_this_place() {
        for (address, way) in [
            ("http://vigia.example/settings?a=1", "/settings?a=1"),
            ("https://evil.example/x", "/x"),
            ("https://evil.example", "/"),
            ("http://x//evil.example/y", "/evil.example/y"),
            ("//evil.example/y", "/evil.example/y"),
            ("/\\evil.example", "/evil.example"),
            ("/devices?next=http://evil.example", "/devices?next=http://evil.example"),
            ("javascript:alert(1)", "/javascript:alert(1)"),
        ] {
            assert_eq!(path_of(address), way, "{address}");
        }
    }

    #[test]
    fn the_cookie_goes_before_the_browsers_wish_and_spanish_is_the_rest() {
        assert_eq!(lang(&headers(&[("cookie", "id=1; lang=en"), ("accept-language", "es")])), Lang::En);
        assert_eq!(lang(&headers(&[("accept-language", "en-GB,es;q=0.5")])), Lang::En);
        assert_eq!(lang(&headers(&[("cookie", "xlang=en; lang=klingon")])), Lang::Es);
        assert_eq!(theme_of(cookie(&headers(&[("cookie", "theme=dark; lang=en")]), "theme")), Theme::Dark);
        assert_eq!(theme_of(cookie(&headers(&[("cookie", "theme=\"><script>")]), "theme")), Theme::System);
    }

    #[test]
    fn a_host_that_is_none_is_not_repeated() {
        assert_eq!(origin(false, &headers(&[("host", "vigia.local:3000")])), "http://vigia.local:3000");
        assert_eq!(origin(false, &headers(&[("host", "x$(reboot)")])), "http://localhost:3000");
        assert_eq!(origin(true, &headers(&[("host", "v.example")])), "https://v.example");
    }
}
