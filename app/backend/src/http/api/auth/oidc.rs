//! `GET /api/v1/auth/oidc/{provider}` and its `callback`: a browser is led to the provider, and comes back from it. Whatever happens, it ends
//! at a page: the one that was asked for, or one that says why not.

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tower_sessions::Session;

use crate::app::App;
use crate::auth::oidc::{self, Answer, Begun, Landed, Refused, Turned};
use crate::http::next::{code_way, is_ours};
use crate::http::table::{Right, Route};
use crate::origin::Origin;

pub(super) fn routes() -> [Route; 2] {
    [
        Route::get("/api/v1/auth/oidc/{provider}", Right::Public, begin)
            .summary("Leads a browser to the sign-in of this provider of OpenID Connect (the settings name them: `[oidc.<name>]`)")
            .param("next", false, "The path of this server to come out at; the home page without it")
            .leads("to the provider, or to the sign-in page, which says why not"),
        Route::get("/api/v1/auth/oidc/{provider}/callback", Right::Public, callback)
            .summary("Where a provider leads a browser back to, which is signed in then")
            .param("code", false, "What the provider exchanges for who it is; once")
            .param("state", false, "What was sent with the question")
            .param("error", false, "Why there is no code")
            .param("iss", false, "Which provider answers (RFC 9207)")
            .leads("to the page that was asked for, or to the sign-in page, which says why not"),
    ]
}

#[derive(Deserialize)]
struct Asked {
    next: Option<String>,
}

#[derive(Deserialize)]
struct Brought {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

async fn begin(
    State(app): State<App>,
    Extension(from): Extension<Origin>,
    session: Session,
    Path(provider): Path<String>,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Response {
    // What makes no sense leads home.
    let next = asked.ok().and_then(|Query(asked)| asked.next).filter(|next| is_ours(next));
    match oidc::begin(&app, &session, &from, &provider, next.as_deref().unwrap_or("/")).await {
        Ok(Begun { url, label, is_link: true }) => onward(&url, &label),
        Ok(Begun { url, .. }) => to(&url),
        Err(turned) => away(&turned),
    }
}

async fn callback(
    State(app): State<App>,
    Extension(from): Extension<Origin>,
    session: Session,
    Path(provider): Path<String>,
    brought: Result<Query<Brought>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let answer = brought.map(|Query(brought)| {
        let Brought { code, state, error, iss } = brought;
        Answer { code, state, error, issuer: iss }
    });
    match oidc::finish(&app, &session, &from, &provider, answer.unwrap_or_default()).await {
        Ok(Landed { next, needs_code: true }) => to(&code_way(&next)),
        Ok(Landed { next, .. }) => to(&next),
        Err(turned) => away(&turned),
    }
}

/// The page that says why not, in its reader's language.
fn away(turned: &Turned) -> Response {
    if let Refused::Waits = turned.why {
        // As who has registered by the form.
        return to("/sign-in?link=waits");
    }
    let page = if turned.is_link { "/settings" } else { "/sign-in" };
    to(&format!("{page}?oidc={}", turned.why.word()))
}

fn to(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, address), (CACHE_CONTROL, "no-store")]).into_response()
}

/// A page that goes on by itself: behind a form a browser follows no redirect to another site, where the form's page says so (`form-action`).
fn onward(url: &str, label: &str) -> Response {
    let (url, label) = (escaped(url), escaped(label));
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url={url}\"><title>{label}</title>\
         <p><a href=\"{url}\">{label}</a></p>"
    );
    ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-store")], page).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn a_label_is_text_and_the_address_stays_one() {
        let page = onward("https://op.example/auth?a=1&b=\"2\"", "<b>Own</b>").into_body().collect().await.expect("a page").to_bytes();
        let page = String::from_utf8_lossy(&page);
        assert!(page.contains("content=\"0;url=https://op.example/auth?a=1&amp;b=&quot;2&quot;\""), "{page}");
        assert!(page.contains("&lt;b&gt;Own&lt;/b&gt;") && !page.contains("<b>"), "{page}");
    }
}
