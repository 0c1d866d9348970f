//! Requests that another site makes a browser send. A browser says where a request comes from (`Sec-Fetch-Site`, `Origin`);
//! what changes something, and what opens a WebSocket, must come from here, or from a listed origin without anything that a browser keeps of us.

use axum::extract::{Request, State};
use axum::http::header::{COOKIE, HOST, ORIGIN, UPGRADE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::problem::Problem;
use crate::app::App;
use crate::auth::principal::has_header_credential;

pub(super) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let harmless = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) && !headers.contains_key(UPGRADE);
    // A header credential is not sent by the browser on its own, so no other site can borrow it.
    let http = &app.settings().http;
    if harmless || has_header_credential(headers) || is_same_site(headers, http.public_url.as_deref()) || is_listed(headers, &http.cors) {
        return next.run(request).await;
    }
    Problem::new(StatusCode::FORBIDDEN, "this request comes from another site").into_response()
}

fn is_same_site(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(ORIGIN.as_str()) else {
        // No browser of the last ten years: a script, which has no cookie but its own.
        return true;
    };
    let host = text(HOST.as_str()).unwrap_or_default();
    public_url.is_some_and(|url| url.trim_end_matches('/') == origin)
        || origin.split_once("://").is_some_and(|(_, authority)| authority == host)
}

/// An app at an origin that the settings list signs in, registers, asks for links. With a cookie it could act as whoever uses the browser.
fn is_listed(headers: &HeaderMap, origins: &[String]) -> bool {
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    !headers.contains_key(COOKIE) && origin.is_some_and(|origin| origins.iter().any(|listed| listed == origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse().expect("a name"), v.parse().expect("a value"))).collect()
    }

    #[test]
    fn another_site_is_told_from_ours() {
        let same = |pairs: &[(&'static str, &'static str)]| is_same_site(&headers(pairs), Some("https://vigia.example"));
        assert!(same(&[("sec-fetch-site", "same-origin")]));
        assert!(!same(&[("sec-fetch-site", "cross-site"), ("origin", "https://vigia.example")]));
        assert!(!same(&[("sec-fetch-site", "same-site")]));
        assert!(same(&[("origin", "http://127.0.0.1:3000"), ("host", "127.0.0.1:3000")]));
        assert!(same(&[("origin", "https://vigia.example"), ("host", "inner:3000")]));
        assert!(!same(&[("origin", "https://evil.example"), ("host", "127.0.0.1:3000")]));
        assert!(!same(&[("origin", "null"), ("host", "127.0.0.1:3000")]));
        assert!(same(&[]));
    }

    #[test]
    fn a_listed_origin_acts_for_nobody_who_is_signed_in_here() {
        let listed = |pairs: &[(&'static str, &'static str)]| is_listed(&headers(pairs), &["https://app.example".to_owned()]);
        assert!(listed(&[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")]));
        assert!(!listed(&[("origin", "https://app.example"), ("cookie", "vigia_session=x")]));
        assert!(!listed(&[("origin", "https://app.example.evil")]));
        assert!(!listed(&[("origin", "null")]) && !listed(&[]));
    }
}
