//! `GET /api/v1/audit`: who changed what.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderValue;
use axum::http::header::LINK;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use vigia_domain::rights::Action;
use vigia_domain::time;

use crate::app::App;
use crate::db::audit::{self, Noted, Page, Wanted};
use crate::http::Problem;
use crate::http::table::{Right, Route};

/// So many rows at most, and so many where nobody says.
const MOST: usize = 1_000;
const USUAL: usize = 100;

pub(super) fn route() -> Route {
    Route::get("/api/v1/audit", Right::Needs(Action::ReadAudit), answer)
        .summary("The audit log, newest first: every change and every sign-in")
        .param("actor", false, "By whom: user:7, key:3, device:m1, command-line, system, nobody")
        .param("target", false, "On what: user:7, key:3, a device's id")
        .param("action", false, "What was done: user.rights; or how it begins, with a point at its end: user.")
        .param("q", false, "Somewhere in the row")
        .param("from", false, "RFC 3339 or Unix milliseconds; not before")
        .param("to", false, "RFC 3339 or Unix milliseconds; before")
        .param("limit", false, "How many at most, 1 to 1000; 100 by default")
        .param("cursor", false, "Where the page begins: from the header Link of the page before")
        .answers::<Vec<Row>>("The rows. While there are more, the header Link holds the address of the next page: `<...>; rel=\"next\"`")
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    q: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
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

async fn answer(State(app): State<App>, asked: Result<Query<Asked>, QueryRejection>) -> Result<Response, Problem> {
    let Query(asked) =
        asked.map_err(|_| Problem::field("actor", "actor, target, action, q, from, to, limit and cursor are all there is, once each"))?;
    let instant = |field, text: Option<&str>| text.map(time::from_query).transpose().map_err(|e| Problem::field(field, e.to_string()));
    let (from_ms, to_ms) = (instant("from", asked.from.as_deref())?, instant("to", asked.to.as_deref())?);
    let limit = match asked.limit.as_deref().map(str::parse::<usize>) {
        None => USUAL,
        Some(Ok(limit)) if (1..=MOST).contains(&limit) => limit,
        Some(_) => return Err(Problem::field("limit", format!("limit is a number from 1 to {MOST}"))),
    };
    let below = asked.cursor.as_deref().map(str::parse).transpose();
    let below = below.map_err(|_| Problem::field("cursor", "the cursor is taken from the header Link of the page before"))?;
    let Asked { actor, target, action, q, .. } = &asked;
    let wanted = Wanted { actor: actor.clone(), target: target.clone(), action: action.clone(), text: q.clone(), from_ms, to_ms, below };
    let Page { rows, next } = audit::search(app.registry(), &wanted, limit).await?;
    let rows: Vec<Row> = rows.into_iter().map(Into::into).collect();
    let mut response = Json(rows).into_response();
    if let Some(next) = next {
        let next = Asked { cursor: Some(next.to_string()), limit: Some(limit.to_string()), ..asked };
        if let Some(link) = serde_urlencoded::to_string(&next)
            .ok()
            .and_then(|query| HeaderValue::from_str(&format!("</api/v1/audit?{query}>; rel=\"next\"")).ok())
        {
            response.headers_mut().insert(LINK, link);
        }
    }
    Ok(response)
}
