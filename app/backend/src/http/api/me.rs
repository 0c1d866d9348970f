//! `/api/v1/users/me`: one's own profile, taken along and deleted too.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Serialize;
use vigia_domain::ids::UserId;
use vigia_domain::rights::{Action, Principal};

use super::auth::{TOO_OFTEN, problem};
use super::json_body::Fields;
use crate::app::App;
use crate::auth::account;
use crate::auth::own_data::{self, NotDeleted};
use crate::auth::sign_in::{SignInError, shown};
use crate::db::DbError;
use crate::db::users::{self, Profile, User};
use crate::http::Problem;
use crate::http::described::Shape;
use crate::http::table::{Right, Route};
use crate::origin::Origin;
use crate::zone::is_zone;

/// The largest body, in bytes.
const BODY_BYTES: usize = 8 * 1024;
const LANGUAGES: [&str; 2] = ["es", "en"];
const THEMES: [&str; 3] = ["system", "light", "dark"];

pub(super) fn routes() -> [Route; 4] {
    let own = Right::Needs(Action::OwnAccount);
    [
        Route::get("/api/v1/users/me", own, read).summary("Who one is").answers::<Me>("one's profile"),
        Route::patch("/api/v1/users/me", own, change)
            .summary("Changes name, language, colours or time zone; what is not given stays")
            .field("name", Shape::Text, false, "The name")
            .field("lang", Shape::OneOf(&LANGUAGES), false, "The language")
            .field("theme", Shape::OneOf(&THEMES), false, "The colours")
            .field("zone", Shape::Text, false, "An IANA time zone, for example America/Mexico_City; empty for none")
            .refuses(429, TOO_OFTEN)
            .answers::<Me>("the profile as it is now")
            .example_body("application/json", r#"{"name": "Ana", "lang": "es"}"#),
        Route::get("/api/v1/users/me/export", own, export)
            .summary("Everything that is kept of one, as a file; what one's devices sent is a file of each device (readings.csv)")
            .answers_text("application/json", "profile, sessions, keys, devices and the audit log by and of oneself; left_out names what there is more of than the file has: audit, devices or api_keys"),
        Route::delete("/api/v1/users/me", own, leave)
            .summary(
                "Deletes one's account, with its sessions, apps, links and keys; one's devices are nobody's then. The password says that it is oneself",
            )
            .field("password", Shape::Text, false, "The password of the account, where it has one")
            .refuses(409, "the last administrator stays")
            .refuses(429, TOO_OFTEN)
            .example_body("application/json", r#"{"password": "not the password"}"#)
            .success(204)
            .example_ends(422),
    ]
}

/// A profile.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Me {
    /// The key.
    id: i64,
    /// The address.
    email: String,
    /// What one signs in with beside it.
    username: Option<String>,
    /// Name; may be empty.
    name: String,
    /// `admin`, `staff`, `viewer` or `customer`.
    role: &'static str,
    /// Language that was chosen, `es` or `en`.
    lang: Option<String>,
    /// Colours that were chosen: `system`, `light` or `dark`.
    theme: Option<String>,
    /// IANA name of the time zone that was chosen.
    zone: Option<String>,
    /// What one may.
    rights: Vec<&'static str>,
}

impl From<User> for Me {
    fn from(user: User) -> Self {
        let rights = user.rights().iter().map(Action::as_str).collect();
        Self {
            rights,
            zone: user.zone,
            id: user.id.0,
            email: user.email,
            username: user.username,
            name: user.name,
            role: user.role.as_str(),
            lang: user.lang,
            theme: user.theme,
        }
    }
}

async fn read(State(app): State<App>, Extension(principal): Extension<Principal>) -> Result<Json<Me>, Problem> {
    Ok(Json(found(&app, of(&principal)?).await?.into()))
}

async fn change(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Me>, Problem> {
    let id = of(&principal)?;
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let name = fields.text("name")?;
    let lang = one_of(&mut fields, "lang", &LANGUAGES)?;
    let theme = one_of(&mut fields, "theme", &THEMES)?;
    let zone = fields.text("zone")?;
    fields.end()?;
    if name.as_ref().is_some_and(|name| shown(name).is_empty()) {
        return Err(Problem::field("name", "a name is not empty"));
    }
    if zone.as_ref().is_some_and(|zone| !zone.is_empty() && !is_zone(zone)) {
        return Err(Problem::field("zone", "zone is a name like America/Mexico_City, or empty"));
    }
    let profile = Profile { name: name.as_deref(), lang: lang.as_deref(), theme: theme.as_deref(), zone: zone.as_deref() };
    account::set_profile(&app, &from, id, profile).await.map_err(|error| problem(error, "password"))?;
    Ok(Json(found(&app, id).await?.into()))
}

async fn export(State(app): State<App>, Extension(principal): Extension<Principal>) -> Result<Response, Problem> {
    let data = own_data::export(&app, of(&principal)?).await?;
    let headers = [(CONTENT_DISPOSITION, "attachment; filename=\"vigia-my-data.json\""), (CACHE_CONTROL, "no-store")];
    Ok((headers, Json(data)).into_response())
}

async fn leave(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem> {
    let id = of(&principal)?;
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let password = fields.text("password")?.unwrap_or_default();
    fields.end()?;
    own_data::delete(&app, None, &from, id, &password).await.map_err(|error| match error {
        NotDeleted::LastAdmin => Problem::new(StatusCode::CONFLICT, error.to_string()),
        NotDeleted::SignIn(SignInError::Wrong) => Problem::field("password", "this is not the password of this account"),
        NotDeleted::SignIn(error) => problem(error, "password"),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

fn one_of(fields: &mut Fields, name: &'static str, known: &[&str]) -> Result<Option<String>, Problem> {
    let text = fields.text(name)?;
    match &text {
        Some(text) if !known.contains(&text.as_str()) => Err(Problem::field(name, format!("{name} is one of {}", known.join(", ")))),
        _ => Ok(text),
    }
}

/// A person; their right was asked before.
pub(super) fn of(principal: &Principal) -> Result<UserId, Problem> {
    match principal {
        Principal::User { id, .. } => Ok(*id),
        _ => Err(Problem::internal()),
    }
}

pub(super) async fn found(app: &App, id: UserId) -> Result<User, Problem> {
    Ok(users::by_id(app.registry(), id).await?.ok_or(DbError::Missing("users"))?)
}
