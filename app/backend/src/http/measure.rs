//! Counts requests by route and status.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::metrics::HttpLabels;

pub(super) async fn count(State((app, route)): State<(App, &'static str)>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    app.metrics().http.get_or_create(&HttpLabels { route: route.to_owned(), status: response.status().as_u16() }).inc();
    response
}
