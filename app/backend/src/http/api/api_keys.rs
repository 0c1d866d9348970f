//! `/api/v1/api-keys`: keys for scripts.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::{Extension, Json};
use serde::Serialize;
use vigia_domain::ids::KeyId;
use vigia_domain::rights::{Action, Principal, Scope};
use vigia_domain::time;

use super::auth::TOO_OFTEN;
use super::json_body::Fields;
use super::paging::{Asked, PAGED, paged};
use crate::app::App;
use crate::auth::api_key::{self, KeyError, Wanted};
use crate::db::keys::Listed;
use crate::http::Problem;
use crate::http::described::Shape;
use crate::http::table::{Right, Route};
use crate::origin::Origin;

/// The largest body, in bytes.
const BODY_BYTES: usize = 4 * 1024;

pub(super) fn routes() -> [Route; 3] {
    let own = Right::Needs(Action::OwnAccount);
    [
        paged(Route::get("/api/v1/api-keys", own, list))
            .summary("Your API keys that are not revoked, everybody's for who looks after keys, the newest first; without their texts")
            .answers::<Vec<Key>>(PAGED),
        Route::post("/api/v1/api-keys", own, make)
            .summary("Makes a key, whose text is shown in this answer and never again. It may what its scopes say and you may")
            .field("name", Shape::Text, true, "What it is for")
            .field("scopes", Shape::Texts, true, "What it may: telemetry:read and its like")
            .field("days", Shape::Whole(1, api_key::LONGEST_DAYS), false, "For how many days; without end when not given")
            .refuses(409, "you have one of this name, or too many")
            .refuses(429, TOO_OFTEN)
            .answers::<NewKey>("the key")
            .example_body("application/json", r#"{"name": "Home Assistant", "scopes": ["telemetry:read"], "days": 365}"#)
            .success(201),
        Route::delete("/api/v1/api-keys/{key}", own, revoke).summary("Ends a key, at once").success(204).example_ends(404),
    ]
}

/// A key.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Key {
    /// Its number.
    id: i64,
    /// What it is for.
    name: String,
    /// What it may.
    scopes: Vec<&'static str>,
    /// The address of whose it is; nobody's that was made on the command line.
    owner: Option<String>,
    /// When it was made, RFC 3339.
    created_at: String,
    /// Until when, RFC 3339.
    expires_at: Option<String>,
    /// When it was last used, RFC 3339; at most an hour late.
    used_at: Option<String>,
}

impl From<Listed> for Key {
    fn from(key: Listed) -> Self {
        Self {
            id: key.id.0,
            name: key.name,
            scopes: key.scopes.into_iter().map(Scope::as_str).collect(),
            owner: key.owner.map(|(_, email)| email),
            created_at: time::to_text(key.created_ms),
            expires_at: key.expires_ms.map(time::to_text),
            used_at: key.used_ms.map(time::to_text),
        }
    }
}

/// A key that was made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct NewKey {
    /// Its number.
    id: i64,
    /// Its text: keep it, it is not shown again.
    key: String,
}

async fn list(State(app): State<App>, Extension(principal): Extension<Principal>, uri: Uri) -> Result<Response, Problem> {
    let asked = Asked::read(&uri, &[])?;
    let (keys, next) = api_key::list(&app, &principal, asked.cursor()?.map(KeyId), asked.limit()? as usize).await?;
    let keys: Vec<Key> = keys.into_iter().map(Into::into).collect();
    Ok(asked.page(&keys, next.map(|next| next.0)))
}

async fn make(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<NewKey>), Problem> {
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let (name, scopes, days) =
        (fields.text("name")?.unwrap_or_default(), fields.texts("scopes")?.unwrap_or_default(), fields.whole("days")?);
    fields.end()?;
    let scopes = scopes.iter().map(|scope| scope.parse::<Scope>().map_err(|bad| Problem::field("scopes", bad.to_string())));
    let wanted = Wanted { name: &name, scopes: &scopes.collect::<Result<Vec<_>, _>>()?, days };
    let (id, key) = api_key::make(&app, &principal, &from, &wanted).await.map_err(problem)?;
    Ok((StatusCode::CREATED, Json(NewKey { id: id.0, key })))
}

async fn revoke(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    path: Result<Path<i64>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = path.map_err(|_| Problem::not_found())?;
    api_key::revoke(&app, &principal, &from, KeyId(id)).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

fn problem(error: KeyError) -> Problem {
    match error {
        KeyError::Name => Problem::field("name", error.to_string()),
        KeyError::NoScope | KeyError::Scope(_) => Problem::field("scopes", error.to_string()),
        KeyError::Days => Problem::field("days", error.to_string()),
        KeyError::Taken | KeyError::Full => Problem::new(StatusCode::CONFLICT, error.to_string()),
        KeyError::Missing => Problem::new(StatusCode::NOT_FOUND, error.to_string()),
        KeyError::Nobodys => Problem::new(StatusCode::FORBIDDEN, error.to_string()),
        KeyError::TooMany(many) => many.into(),
        KeyError::Db(error) => error.into(),
    }
}
