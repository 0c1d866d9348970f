//! `/api/v1/users/...`: who has an account, for who looks after them: see, invite, let in, shut out, and what they may.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::{Extension, Json};
use serde::Serialize;
use vigia_domain::rights::{Action, Principal, Rights};
use vigia_domain::time;
use vigia_domain::user::Role;

use super::json_body::Fields;
use super::paging::{Asked, PAGED, paged};
use super::register::problem as of_registration;
use crate::app::App;
use crate::auth::own_second_step;
use crate::auth::people::{self, NotDone, Verb};
use crate::db::people::{Listed, Page, Whom};
use crate::db::user_rights::Standing;
use crate::db::users::{User, Waits};
use crate::http::Problem;
use crate::http::access::PathUser;
use crate::http::described::Shape;
use crate::http::table::{Right, Route};
use crate::origin::Origin;

/// The largest body, in bytes.
const BODY_BYTES: usize = 8 * 1024;
const ROLE: Shape = Shape::OneOf(&["admin", "staff", "viewer", "customer"]);
const ROLES: &str = "a role is admin, staff, viewer or customer";

pub(super) fn routes() -> [Route; 9] {
    let (any, one) = (Right::Needs(Action::ManagePeople), Right::NeedsAccount(Action::ManagePeople));
    [
        paged(Route::get("/api/v1/users/", any, list))
            .summary("The people whom you look after, the newest first")
            .param("q", false, "What they are called, in part: by name, address or user name, whatever the case")
            .param_of("state", Shape::OneOf(&["waits"]), false, "Those alone who wait to be let in")
            .answers::<Vec<Account>>(PAGED),
        Route::get("/api/v1/users/{user}", one, read).summary("One account").answers::<Person>("the account"),
        Route::post("/api/v1/users/{user}/approve", one, approve)
            .summary("Lets somebody in who waits for it")
            .refuses(409, "nobody waits there any more")
            .answers::<Person>("the account as it is now")
            .example_ends(409),
        Route::post("/api/v1/users/{user}/disable", one, disable)
            .summary("Shuts somebody out; their sessions, apps and links end")
            .refuses(409, "they are out already, oneself, or the last administrator")
            .answers::<Person>("the account as it is now"),
        Route::post("/api/v1/users/{user}/enable", one, enable)
            .summary("Lets somebody in again who was shut out")
            .refuses(409, "nobody is out there")
            .answers::<Person>("the account as it is now")
            .example_ends(409),
        Route::delete("/api/v1/users/{user}/second-step", one, end_second_step)
            .summary("Takes the second step away from somebody who lost what writes its codes")
            .refuses(409, "they have none, or oneself")
            .answers::<Person>("the account as it is now")
            .example_ends(409),
        Route::post("/api/v1/invitations", any, invite)
            .summary("Invites somebody: a mail brings them a link")
            .field("email", Shape::Text, true, "The address")
            .field("name", Shape::Text, false, "The name")
            .field("role", ROLE, true, "What they are to be")
            .refuses(409, "the address has an account")
            .answers::<Invited>("a mail is on its way")
            .example_body("application/json", r#"{"email": "new@example.org", "name": "Eva", "role": "customer"}"#)
            .success(201),
        Route::get("/api/v1/users/{user}/rights", Right::NeedsAccount(Action::ManageRights), read_rights)
            .summary("What somebody is and may")
            .answers::<PersonsRights>("their role and rights"),
        Route::put("/api/v1/users/{user}/rights", Right::NeedsAccount(Action::ManageRights), write_rights)
            .summary(
                "Changes what somebody is and may: their role, single rights beside those of the role (granted), and such of the role as are taken away \
                 (withdrawn); what is not given stays",
            )
            .field("role", ROLE, false, "What they are to be")
            .field("granted", Shape::Texts, false, "Single rights beside those of the role")
            .field("withdrawn", Shape::Texts, false, "Single rights of the role that are taken away")
            .refuses(409, "oneself, the last administrator, or somebody else changed it meanwhile")
            .answers::<PersonsRights>("their role and rights as they are now")
            .example_body("application/json", r#"{"role": "viewer", "granted": ["devices:control"], "withdrawn": []}"#),
    ]
}

/// An account in the list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Account {
    #[serde(flatten)]
    person: Person,
    /// Since when, RFC 3339.
    created_at: String,
    /// When they were last here, RFC 3339; at most an hour late.
    seen_at: Option<String>,
    /// How many devices are theirs.
    devices: i64,
}

/// An account.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Person {
    /// The number.
    id: i64,
    /// The address.
    email: String,
    /// What they sign in with beside it.
    username: Option<String>,
    /// Name; may be empty.
    name: String,
    /// `admin`, `staff`, `viewer` or `customer`.
    role: &'static str,
    /// `active`, `disabled`, `invited`, `unconfirmed` or `waits`, for approval.
    state: &'static str,
    /// Whether the address was shown to be theirs, or an operator vouched for it.
    confirmed: bool,
}

impl From<&User> for Person {
    fn from(user: &User) -> Self {
        let state = match user.waits {
            _ if user.disabled => "disabled",
            None => "active",
            Some(Waits::Invite) => "invited",
            Some(Waits::Mail) => "unconfirmed",
            Some(Waits::Approval) => "waits",
        };
        let (email, username, name) = (user.email.clone(), user.username.clone(), user.name.clone());
        Self { id: user.id.0, email, username, name, role: user.role.as_str(), state, confirmed: user.confirmed }
    }
}

impl From<Listed> for Account {
    fn from(one: Listed) -> Self {
        let (created_at, seen_at) = (time::to_text(one.created_ms), one.seen_ms.map(time::to_text));
        Self { person: (&one.user).into(), created_at, seen_at, devices: one.devices }
    }
}

/// Somebody's role and rights.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct PersonsRights {
    /// `admin`, `staff`, `viewer` or `customer`.
    role: &'static str,
    /// Single rights beside those of the role.
    granted: Vec<&'static str>,
    /// Single rights of the role that were taken away.
    withdrawn: Vec<&'static str>,
    /// What comes of it: what they may.
    rights: Vec<&'static str>,
    /// What can be granted to a person of this role or withdrawn from them.
    settable: Vec<&'static str>,
}

impl PersonsRights {
    fn of(role: Role, granted: Rights, withdrawn: Rights) -> Self {
        let words = |rights: Rights| rights.iter().map(|action| action.as_str()).collect();
        let rights = words(role.rights_with(granted, withdrawn));
        Self { role: role.as_str(), granted: words(granted), withdrawn: words(withdrawn), rights, settable: words(role.settable()) }
    }
}

/// That it is done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Invited {
    /// For a person.
    detail: &'static str,
}

async fn list(State(app): State<App>, Extension(principal): Extension<Principal>, uri: Uri) -> Result<Response, Problem> {
    let asked = Asked::read(&uri, &["q", "state"])?;
    let waiting = match asked.text("state") {
        None => None,
        Some("waits") => Some(true),
        Some(_) => return Err(Problem::field("state", "state is waits, or is not given")),
    };
    let whom = Whom { waiting, text: asked.text("q").unwrap_or_default(), below: asked.cursor()?, ..Whom::default() };
    let Page { people, next } = people::list(&app, &principal, whom, asked.limit()? as usize).await?;
    let people: Vec<Account> = people.into_iter().map(Into::into).collect();
    Ok(asked.page(&people, next))
}

async fn read(Extension(PathUser(user)): Extension<PathUser>) -> Json<Person> {
    Json(Person::from(&*user))
}

async fn approve(
    state: State<App>,
    asked: Extension<Principal>,
    from: Extension<Origin>,
    user: Extension<PathUser>,
) -> Result<Json<Person>, Problem> {
    act(state, asked, from, user, Verb::Approve).await
}

async fn disable(
    state: State<App>,
    asked: Extension<Principal>,
    from: Extension<Origin>,
    user: Extension<PathUser>,
) -> Result<Json<Person>, Problem> {
    act(state, asked, from, user, Verb::Disable).await
}

async fn enable(
    state: State<App>,
    asked: Extension<Principal>,
    from: Extension<Origin>,
    user: Extension<PathUser>,
) -> Result<Json<Person>, Problem> {
    act(state, asked, from, user, Verb::Enable).await
}

async fn act(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    Extension(PathUser(user)): Extension<PathUser>,
    verb: Verb,
) -> Result<Json<Person>, Problem> {
    people::act(&app, &principal, &from, verb, user.id).await.map_err(problem)?;
    Ok(Json(Person::from(&super::me::found(&app, user.id).await?)))
}

async fn end_second_step(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    Extension(PathUser(user)): Extension<PathUser>,
) -> Result<Json<Person>, Problem> {
    own_second_step::take_away(&app, &principal, &from, user.id).await.map_err(problem)?;
    Ok(Json(Person::from(&super::me::found(&app, user.id).await?)))
}

async fn invite(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Invited>), Problem> {
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let (email, name, role) = (fields.text("email")?, fields.text("name")?.unwrap_or_default(), role(&mut fields)?);
    fields.end()?;
    let email = email.ok_or_else(|| Problem::field("email", "say whom to invite: email"))?;
    let role = role.ok_or_else(|| Problem::field("role", ROLES))?;
    let invited = people::invite(&app, &principal, &from, &email, &name, role).await.map_err(of_registration)?;
    if !invited.map_err(problem)? {
        return Err(Problem::new(StatusCode::CONFLICT, "this address has an account already"));
    }
    Ok((StatusCode::CREATED, Json(Invited { detail: "a mail with a link is on its way" })))
}

async fn read_rights(Extension(PathUser(user)): Extension<PathUser>) -> Json<PersonsRights> {
    Json(PersonsRights::of(user.role, user.granted, user.withdrawn))
}

async fn write_rights(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    Extension(PathUser(user)): Extension<PathUser>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<PersonsRights>, Problem> {
    let mut fields = Fields::read(body, BODY_BYTES)?;
    let role = role(&mut fields)?.unwrap_or(user.role);
    let kept = people::standing_as(&user, role);
    let granted = rights(&mut fields, "granted")?.unwrap_or(kept.granted);
    let withdrawn = rights(&mut fields, "withdrawn")?.unwrap_or(kept.withdrawn);
    fields.end()?;
    people::set_rights(&app, &principal, &from, &user, Standing { role, granted, withdrawn }).await.map_err(problem)?;
    let now = super::me::found(&app, user.id).await?;
    Ok(Json(PersonsRights::of(now.role, now.granted, now.withdrawn)))
}

fn role(fields: &mut Fields) -> Result<Option<Role>, Problem> {
    fields.text("role")?.map(|role| role.parse().map_err(|_| Problem::field("role", ROLES))).transpose()
}

fn rights(fields: &mut Fields, name: &'static str) -> Result<Option<Rights>, Problem> {
    let unknown = |word: &str| {
        let known: Vec<_> = Action::ALL.iter().map(|action| action.as_str()).collect();
        Problem::field(name, format!("{name} is a list of rights, each one of {}; {word:?} is none", known.join(", ")))
    };
    let Some(words) = fields.texts(name)? else { return Ok(None) };
    words.iter().map(|word| word.parse::<Action>().map_err(|_| unknown(word))).collect::<Result<_, _>>().map(Some)
}

fn problem(error: NotDone) -> Problem {
    match error {
        NotDone::Forbidden => Problem::new(StatusCode::FORBIDDEN, error.to_string()),
        NotDone::Changed | NotDone::LastAdmin => Problem::new(StatusCode::CONFLICT, error.to_string()),
        NotDone::Right(field, _) => Problem::field(field, error.to_string()),
        NotDone::Db(error) => error.into(),
    }
}
