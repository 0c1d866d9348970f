//! Error answers: `application/problem+json` (RFC 9457) with the request's id.

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use serde::Serialize;
use tower_http::request_id::RequestId;
use tower_sessions::session_store;
use vigia_domain::rights::Verdict;

use crate::auth::principal::Unchecked;
use crate::auth::session::SessionError;
use crate::db::DbError;
use crate::limit::TooMany;
use crate::mqtt::Unavailable;
use crate::report::Busy;

/// How long a client should wait while the database is away, in seconds.
pub const RETRY_SECONDS: u16 = 5;

/// An error as the caller sees it.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    field: Option<String>,
    wait_s: Option<u64>,
}

/// The body of an error answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemBody {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// The status.
    pub status: u16,
    /// What is wrong and what to do, for a person.
    pub detail: String,
    /// The field or parameter that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Names this request in the server's log.
    pub request_id: String,
}

impl Problem {
    /// A problem with a sentence for the caller.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), field: None, wait_s: None }
    }

    /// Understood, but one field is wrong: 422.
    #[must_use]
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, detail: detail.into(), field: Some(field.into()), wait_s: None }
    }

    /// The same with the field that it is about.
    #[must_use]
    pub fn about(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// Nothing of that name, or nothing that this caller may know of: 404.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing here, or nothing that you may see")
    }

    /// The database is away: 503.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the database cannot be reached now; try again in a few seconds")
    }

    /// Our own fault: 500. What it is stands in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong on the server; its log has the request id")
    }

    /// What a verdict answers; `None` when it allows.
    #[must_use]
    pub fn of_verdict(verdict: Verdict) -> Option<Self> {
        match verdict {
            Verdict::Allowed => None,
            Verdict::SignIn => {
                Some(Self::new(StatusCode::UNAUTHORIZED, "sign in, or send a valid token as Authorization: Bearer or X-API-Key"))
            }
            Verdict::Forbidden => Some(Self::new(StatusCode::FORBIDDEN, "your account or key does not have the right to do this")),
            Verdict::Hidden => Some(Self::not_found()),
        }
    }

    /// The same with another status, where a document of others has another one for it.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        if matches!(error, DbError::TakingOver) {
            let detail = "what can be read of a damaged telemetry.db is being taken over; ask again when that is done";
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, detail);
        }
        tracing::error!(%error, "a request failed");
        if error.is_unreachable() {
            return Self::unavailable();
        }
        Self::internal()
    }
}

impl From<Unchecked> for Problem {
    fn from(error: Unchecked) -> Self {
        match error {
            Unchecked::Db(error) => error.into(),
            Unchecked::TooMany(too_many) => too_many.into(),
            Unchecked::Session(error) => {
                tracing::error!(%error, "a session cannot be read");
                let away = matches!(error, SessionError::Store(session_store::Error::Backend(_)));
                if away { Self::unavailable() } else { Self::internal() }
            }
        }
    }
}

impl From<TooMany> for Problem {
    fn from(too_many: TooMany) -> Self {
        Self { wait_s: Some(too_many.seconds()), ..Self::new(StatusCode::TOO_MANY_REQUESTS, too_many.to_string()) }
    }
}

impl From<Busy> for Problem {
    fn from(busy: Busy) -> Self {
        let status = match busy {
            Busy::Own => StatusCode::TOO_MANY_REQUESTS,
            Busy::All => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, busy.to_string())
    }
}

impl From<Unavailable> for Problem {
    fn from(_: Unavailable) -> Self {
        Self::unavailable()
    }
}

impl IntoResponse for Problem {
    /// The body is written by [`finish`], which knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Puts every error answer that is not a page into the one shape.
pub(super) async fn finish(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok()).unwrap_or_default().to_owned();
    let mut response = next.run(request).await;
    // What the layers inside said beside the body stays: cookies, Allow, Retry-After.
    let mut kept = response.headers().clone();
    kept.remove(CONTENT_TYPE);
    kept.remove(CONTENT_LENGTH);
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if is_bare(&response) => {
            let (parts, body) = response.into_parts();
            // Sentences of the framework: short, and for the caller.
            let text = body.collect().await.map(|b| b.to_bytes()).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            let detail = if text.is_empty() { parts.status.canonical_reason().unwrap_or("error").to_owned() } else { text };
            Problem::new(parts.status, detail)
        }
        None => return response,
    };
    let status = problem.status;
    let body = ProblemBody {
        kind: "about:blank",
        title: status.canonical_reason().unwrap_or("error"),
        status: status.as_u16(),
        detail: problem.detail,
        field: problem.field,
        request_id: id,
    };
    let mut answer = (status, kept, Json(body)).into_response();
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS.into());
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        let wait = problem.wait_s.map_or_else(|| RETRY_SECONDS.into(), HeaderValue::from);
        answer.headers_mut().entry(RETRY_AFTER).or_insert(wait);
    }
    if status == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert("www-authenticate", HeaderValue::from_static("Bearer"));
    }
    answer
}

/// An error of the framework's own: no body, or a plain text.
fn is_bare(response: &Response<Body>) -> bool {
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let kind = response.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let plain = kind.is_none_or(|kind| kind.starts_with("text/plain"));
    let small = response.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok()).is_none_or(|n| n < 4_096);
    failed && plain && small
}
