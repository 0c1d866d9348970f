//! `GET /api/v1/audit`: who changed what.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use vigia_domain::rights::Action;
use vigia_domain::time;

use super::paging::{Asked, PAGED, paged};
use crate::app::App;
use crate::db::audit::{self, Noted, Page, Wanted};
use crate::http::Problem;
use crate::http::table::{Right, Route};

pub(super) fn route() -> Route {
    let route = Route::get("/api/v1/audit", Right::Needs(Action::ReadAudit), answer)
        .summary("The audit log, newest first: every change and every sign-in")
        .param("actor", false, "By whom: user:7, key:3, device:m1, command-line, system, nobody")
        .param("target", false, "On what: user:7, key:3, a device's id")
        .param("action", false, "What was done: user.rights; or how it begins, with a point at its end: user.")
        .param("q", false, "Somewhere in the row")
        .param("from", false, "RFC 3339 or Unix milliseconds; not before")
        .param("to", false, "RFC 3339 or Unix milliseconds; before");
    paged(route).answers::<Vec<Row>>(PAGED)
}

/// A row.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Row {
    /// Its number; a later one is higher.
    id: i64,
    /// When, RFC 3339.
    at: String,
    /// Who.
    actor: String,
    /// From which network address.
    origin: Option<String>,
    /// What was done.
    action: String,
    /// On what.
    target: String,
    /// More; `before` and `after` where something has become something else.
    detail: serde_json::Value,
}

impl From<Noted> for Row {
    fn from(Noted { id, at_ms, actor, origin, action, target, detail }: Noted) -> Self {
        Self { id, at: time::to_text(at_ms), actor, origin, action, target, detail }
    }
}

async fn answer(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    let asked = Asked::read(&uri, &["actor", "target", "action", "q", "from", "to"])?;
    let instant = |field| asked.text(field).map(time::from_query).transpose().map_err(|e| Problem::field(field, e.to_string()));
    let text = |name| asked.text(name).map(str::to_owned);
    let wanted = Wanted {
        actor: text("actor"),
        target: text("target"),
        action: text("action"),
        text: text("q"),
        from_ms: instant("from")?,
        to_ms: instant("to")?,
        below: asked.cursor()?,
    };
    let Page { rows, next } = audit::search(app.registry(), &wanted, asked.limit()? as usize).await?;
    let rows: Vec<Row> = rows.into_iter().map(Into::into).collect();
    Ok(asked.page(&rows, next))
}
