//! The whole site: the interface for scripts, the pages and their calls in one table of routes, and the files behind it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use axum::{Extension, Router};
use vigia_backend::app::App;
use vigia_backend::http::assets::{Files, NamesNow, respond};
use vigia_backend::http::{Problem, Route, Site, router};

use crate::boot::Outcome;
use crate::face::Face;
use crate::routes::{design, routes};

/// The whole site over one bundle.
pub fn site(app: &App, files: Arc<dyn Files>, names: NamesNow) -> Router {
    let face = Face::new(names);
    let fallback = {
        let face = face.clone();
        move |request: Request| rest(face, files, request)
    };
    let mut routes = table(&face, names);
    if app.settings().http.design {
        routes.push(design(&face));
    }
    router(app, Site { routes }, fallback).layer(Extension(names))
}

/// What the site adds to the table of routes: pages, their calls, and while developing what tells them to reload.
#[must_use]
pub fn table(face: &Face, names: NamesNow) -> Vec<Route> {
    let mut table = routes(face);
    table.extend(crate::offline::routes(names));
    table.push(crate::passkey_script::route());
    if cfg!(debug_assertions) {
        table.push(crate::reload::route(names));
    }
    table
}

/// Every other address: a file of the bundle, or a page that says that there is nothing; for scripts a problem.
async fn rest(face: Face, files: Arc<dyn Files>, request: Request<Body>) -> Response {
    use axum::response::IntoResponse as _;
    let path = request.uri().path();
    if matches!(*request.method(), Method::GET | Method::HEAD)
        && let Some(file) = respond(&*files, path, request.headers())
    {
        return file;
    }
    if path.starts_with("/api/") || path.starts_with("/ui/") || path.starts_with("/assets/") || *request.method() != Method::GET {
        return Problem::not_found().into_response();
    }
    face.page(Outcome::NotFound, request).await
}
