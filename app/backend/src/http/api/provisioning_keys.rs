//! `/api/v1/provisioning-keys`: what devices that nobody knows introduce themselves with.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::{Extension, Json};
use serde::Serialize;
use vigia_domain::device::{DeviceKind, UnknownKind};
use vigia_domain::rights::{Action, Principal};
use vigia_domain::time;

use super::json_body::Fields;
use super::paging::{Asked, PAGED, paged};
use super::unclaimed::KINDS;
use crate::app::App;
use crate::db::audit::Actor;
use crate::db::unclaimed::{self, ListedKey};
use crate::fleet::provisioning_key::{self, MOST_DAYS, ProvisioningKeyError, USUAL_DAYS, Wanted};
use crate::http::Problem;
use crate::http::described::Shape;
use crate::http::table::{Right, Route};
use crate::origin::Origin;

/// The largest body, in bytes.
const BODY_BYTES: usize = 4 * 1024;

pub(super) fn routes() -> [Route; 3] {
    let right = Right::Needs(Action::ManageDevices);
    [
        paged(Route::get("/api/v1/provisioning-keys", right, list))
            .summary("Provisioning keys that are not revoked, the newest first; without their texts")
            .answers::<Vec<Key>>(PAGED),
        Route::post("/api/v1/provisioning-keys", right, make)
            .summary("Makes a key for devices that nobody knows, whose text is shown in this answer and never again. They wait to be claimed then")
            .field("name", Shape::Text, true, "What it is for, as a batch of devices")
            .field("kind", Shape::OneOf(&KINDS), false, "What its devices are")
            .field("days", Shape::Whole(1, MOST_DAYS), false, "For how long it is good; 30 when not given")
            .refuses(409, "there is one of this name, or was")
            .answers::<NewKey>("the key")
            .example_body("application/json", r#"{"name": "batch 7", "kind": "energy_meter", "days": 30}"#)
            .success(201),
        Route::delete("/api/v1/provisioning-keys/{key}", right, revoke)
            .summary("Ends a key, at once; devices that wait because of it are forgotten. Those that were claimed keep their tokens")
            .success(204),
    ]
}

/// A key.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Key {
    /// Its number, which ends it.
    id: i64,
    /// What it is for.
    name: String,
    /// What its devices are.
    kind: Option<&'static str>,
    /// When it was made, RFC 3339.
    created_at: String,
    /// Until when, RFC 3339.
    expires_at: Option<String>,
    /// How many devices came with it and wait to be claimed.
    waiting: i64,
}

impl From<ListedKey> for Key {
    fn from(key: ListedKey) -> Self {
        let kind = key.kind.map(DeviceKind::as_str);
        let (created_at, expires_at) = (time::to_text(key.created_ms), key.expires_ms.map(time::to_text));
        Self { id: key.id, name: key.name, kind, created_at, expires_at, waiting: key.waiting }
    }
}

/// A key that was made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct NewKey {
    /// Its text: keep it, it is not shown again.
    key: String,
}

async fn list(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    let asked = Asked::read(&uri, &[])?;
    let (keys, next) = unclaimed::keys(app.registry(), asked.cursor()?, asked.limit()? as usize).await?;
    let keys: Vec<Key> = keys.into_iter().map(Into::into).collect();
    Ok(asked.page(&keys, next))
}

async fn make(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<NewKey>), Problem> {
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let name = fields.text("name")?.unwrap_or_default();
    let kind = fields.text("kind")?.map(|kind| kind.parse()).transpose();
    let days = fields.whole("days")?.unwrap_or(USUAL_DAYS);
    fields.end()?;
    let kind = kind.map_err(|bad: UnknownKind| Problem::field("kind", bad.to_string()))?;
    let wanted = Wanted { name: &name, kind, days };
    let key = provisioning_key::make(app.databases(), app.world(), wanted, &Actor::of(&principal, &from)).await.map_err(problem)?;
    Ok((StatusCode::CREATED, Json(NewKey { key })))
}

async fn revoke(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    path: Result<Path<i64>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = path.map_err(|_| Problem::not_found())?;
    let name = unclaimed::key_name(app.registry(), id).await?.ok_or_else(Problem::not_found)?;
    provisioning_key::revoke(app.databases(), app.world(), &name, &Actor::of(&principal, &from)).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

fn problem(error: ProvisioningKeyError) -> Problem {
    match error {
        ProvisioningKeyError::Name => Problem::field("name", error.to_string()),
        ProvisioningKeyError::Days => Problem::field("days", error.to_string()),
        ProvisioningKeyError::Taken(_) => Problem::new(StatusCode::CONFLICT, error.to_string()),
        ProvisioningKeyError::Missing(_) => Problem::new(StatusCode::NOT_FOUND, error.to_string()),
        ProvisioningKeyError::Db(error) => error.into(),
    }
}
