//! `GET` and `PATCH /api/v1/users/me`: one's own profile.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::{Extension, Json};
use serde::Serialize;
use vigia_domain::ids::UserId;
use vigia_domain::rights::{Action, Principal};

use super::auth::problem;
use super::json_body::Fields;
use crate::app::App;
use crate::auth::account;
use crate::db::DbError;
use crate::db::users::{self, Profile, User};
use crate::http::Problem;
use crate::http::table::{Right, Route};

/// The largest body, in bytes.
const BODY_BYTES: usize = 8 * 1024;
const LANGUAGES: [&str; 2] = ["es", "en"];
const THEMES: [&str; 3] = ["system", "light", "dark"];

pub(super) fn routes() -> [Route; 2] {
    let own = Right::Needs(Action::OwnAccount);
    [
        Route::get("/api/v1/users/me", own, read).summary("Who one is").answers::<Me>("one's profile"),
        Route::patch("/api/v1/users/me", own, change)
            .summary("Changes name, language or colours; what is not given stays")
            .answers::<Me>("the profile as it is now")
            .example_body("application/json", r#"{"name": "Ana", "lang": "es"}"#),
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
    /// `admin`, `staff` or `customer`.
    role: &'static str,
    /// Language that was chosen, `es` or `en`.
    lang: Option<String>,
    /// Colours that were chosen: `system`, `light` or `dark`.
    theme: Option<String>,
}

impl From<User> for Me {
    fn from(user: User) -> Self {
        Self {
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
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Me>, Problem> {
    let id = of(&principal)?;
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let name = fields.text("name")?;
    let lang = one_of(&mut fields, "lang", &LANGUAGES)?;
    let theme = one_of(&mut fields, "theme", &THEMES)?;
    fields.end()?;
    if name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        return Err(Problem::field("name", "a name is not empty"));
    }
    let profile = Profile { name: name.as_deref(), lang: lang.as_deref(), theme: theme.as_deref() };
    account::set_profile(&app, id, profile).await.map_err(|error| problem(error, "password"))?;
    Ok(Json(found(&app, id).await?.into()))
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
