//! `/api/v1/openapi.json`, and `/api/v1/docs`, a page to read and try it.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse};
use utoipa::openapi::OpenApi;

use super::assets::NamesNow;
use super::table::{Right, Route};
use crate::app::App;

pub(super) fn routes(document: OpenApi) -> Vec<Route> {
    let document = std::sync::Arc::new(document);
    vec![
        Route::get("/api/v1/openapi.json", Right::Public, move || {
            let document = std::sync::Arc::clone(&document);
            async move { Json(document.as_ref().clone()) }
        })
        .answers_text("application/json", "the document"),
        Route::get("/api/v1/docs", Right::Public, page).answers_text("text/html", "the page"),
    ]
}

async fn page(State(app): State<App>, axum::Extension(names): axum::Extension<NamesNow>) -> impl IntoResponse {
    let nonce = data_encoding::BASE64URL_NOPAD.encode(&app.world().bytes::<16>());
    // The viewer sets its own style attributes; scripts are ours alone.
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    let names = names();
    let (js, css) = (&names.swagger_js, &names.swagger_css);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Vigía · API</title><link rel=\"icon\" href=\"/favicon.svg\"><link rel=\"stylesheet\" href=\"{css}\"></head>\
         <body><main id=\"docs\"></main><noscript>This page needs JavaScript; the document itself is at \
         <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.</noscript><script src=\"{js}\" nonce=\"{nonce}\"></script>\
         <script nonce=\"{nonce}\">SwaggerUIBundle({{url:\"/api/v1/openapi.json\",dom_id:\"#docs\",deepLinking:true}})</script></body></html>"
    );
    ([(CONTENT_SECURITY_POLICY, policy)], Html(html))
}
