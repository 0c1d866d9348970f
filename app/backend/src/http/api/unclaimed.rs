//! `GET /api/v1/unclaimed`, `POST /api/v1/unclaimed/{unclaimed}/claim`

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use vigia_domain::device::{DeviceKind, UnknownKind};
use vigia_domain::ids::DeviceId;
use vigia_domain::rights::{Action, Principal};
use vigia_domain::unclaimed::{Claimed, Unclaimed};

use super::json_body::Fields;
use crate::app::App;
use crate::db::audit::Actor;
use crate::fleet::{self, Claim, ClaimError, RegisterError};
use crate::http::Problem;
use crate::http::described::Shape;
use crate::http::table::{Right, Route};
use crate::origin::Origin;

const BODY_BYTES: usize = 4 * 1024;
pub(super) const KINDS: [&str; 5] = {
    use DeviceKind::{Biodigester, EnergyMeter, Other, PillDispenser, Switch};
    [EnergyMeter.as_str(), Switch.as_str(), Biodigester.as_str(), PillDispenser.as_str(), Other.as_str()]
};

pub(super) fn routes() -> [Route; 2] {
    [
        Route::get("/api/v1/unclaimed", Right::Needs(Action::ManageDevices), list)
            .summary("Devices that came with a provisioning key and that nobody has claimed, newest first, with what they sent last")
            .answers::<Vec<Unclaimed>>("the devices, at most a hundred"),
        Route::post("/api/v1/unclaimed/{unclaimed}/claim", Right::Needs(Action::ManageDevices), claim)
            .summary("Makes it a device; it gets its token over its own connection")
            .field("kind", Shape::OneOf(&KINDS), false, "What it is; as its key says when not given")
            .field("name", Shape::Text, false, "The name people give it; its id when not given")
            .field("owner", Shape::Text, false, "The e-mail address of whose it is")
            .refuses(409, "it was claimed before, or its id is taken")
            .answers::<Claimed>("it is a device now")
            .example_body("application/json", r#"{"kind": "energy_meter", "name": "Kitchen"}"#)
            .success(201),
    ]
}

async fn list(State(app): State<App>) -> Result<Json<Vec<Unclaimed>>, Problem> {
    Ok(Json(fleet::unclaimed(&app).await?))
}

async fn claim(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    path: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Claimed>), Problem> {
    let id = path.ok().and_then(|Path(id)| DeviceId::new(id).ok()).ok_or_else(Problem::not_found)?;
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let kind = fields.text("kind")?.map(|kind| kind.parse()).transpose();
    let asked = Claim {
        kind: kind.map_err(|bad: UnknownKind| Problem::field("kind", bad.to_string()))?,
        name: fields.text("name")?,
        owner: fields.text("owner")?,
    };
    fields.end()?;
    let claimed = fleet::claim(&app, &Actor::of(&principal, &from), &id, &asked).await.map_err(|error| match error {
        ClaimError::NotThere => Problem::new(StatusCode::NOT_FOUND, error.to_string()),
        ClaimError::Claimed | ClaimError::Register(RegisterError::Exists(_) | RegisterError::Shared { .. }) => {
            Problem::new(StatusCode::CONFLICT, error.to_string())
        }
        ClaimError::Kind => Problem::field("kind", error.to_string()),
        ClaimError::Register(RegisterError::Db(error)) => error.into(),
        ClaimError::Register(RegisterError::Name) => Problem::field("name", error.to_string()),
        ClaimError::Register(_) => Problem::field("owner", error.to_string()),
    })?;
    Ok((StatusCode::CREATED, Json(claimed)))
}
