//! Who has an account.

use vigia_backend::auth::people::{self, NotDone};
use vigia_backend::auth::register::NotRegistered;
use vigia_backend::config::Registration;
use vigia_backend::db::users::{Listed, Waits};
use vigia_domain::ids::UserId;
use vigia_domain::rights::Principal;
use vigia_domain::user::Role;

use super::{Asked, go_on, told};
use crate::fault::{Fault, FieldFault};
use crate::pages::people::{PeopleData, Person, Standing};

pub(crate) use vigia_backend::auth::people::Verb;

/// Everybody whom whoever asks looks after.
pub(crate) async fn people() -> Result<PeopleData, Fault> {
    let asked = Asked::here()?;
    let own = match &asked.principal {
        Principal::User { id, .. } => Some(*id),
        _ => None,
    };
    let listed = told(people::list(&asked.app, &asked.principal).await.map_err(Into::into))?;
    let invites = asked.app.settings().accounts.registration != Registration::Off;
    let roles = if invites { people::roles(&asked.principal) } else { Vec::new() };
    Ok(PeopleData { people: listed.into_iter().map(|one| person(one, own)).collect(), roles })
}

fn person(one: Listed, own: Option<UserId>) -> Person {
    let Listed { user, created_ms, seen_ms, devices } = one;
    let standing = match user.waits {
        _ if user.disabled => Standing::Out,
        None => Standing::In,
        Some(Waits::Invite) => Standing::Invited,
        Some(Waits::Mail) => Standing::Unconfirmed,
        Some(Waits::Approval) => Standing::Waits,
    };
    Person {
        id: user.id.0,
        is_self: own == Some(user.id),
        email: user.email,
        username: user.username,
        name: user.name,
        role: user.role,
        standing,
        is_confirmed: user.confirmed,
        created_ms,
        seen_ms,
        devices,
    }
}

/// Does something with somebody, and goes on.
pub(crate) async fn act_on(verb: Verb, id: i64) -> Result<(), Fault> {
    let asked = Asked::here()?;
    told(people::act(&asked.app, &asked.principal, verb, UserId(id)).await.map_err(of_act))?;
    let done = match verb {
        Verb::Approve => "approve",
        Verb::Refuse => "refuse",
        Verb::Disable => "disable",
        Verb::Enable => "enable",
    };
    go_on(&format!("/people?done={done}"));
    Ok(())
}

/// Invites somebody, and goes on.
pub(crate) async fn invite(email: &str, name: &str, role: Role) -> Result<(), Fault> {
    let asked = Asked::here()?;
    let done = people::invite(&asked.app, &asked.principal, email, name, role).await;
    let is_new = told(done.map_err(of_registration).and_then(|done| done.map_err(of_act)))?;
    if !is_new {
        return told(Err(FieldFault::EmailTaken.into()));
    }
    let is_kept = asked.app.settings().mail.server().is_none();
    go_on(if is_kept { "/people?done=invite-kept" } else { "/people?done=invite" });
    Ok(())
}

fn of_act(error: NotDone) -> Fault {
    match error {
        NotDone::Forbidden => FieldFault::NotYours.into(),
        NotDone::Changed => FieldFault::Changed.into(),
        NotDone::Db(error) => error.into(),
    }
}

/// Why nobody was registered or invited.
pub(super) fn of_registration(error: NotRegistered) -> Fault {
    match error {
        NotRegistered::SignIn(error) => error.into(),
        NotRegistered::Full => Fault::UNAVAILABLE,
        NotRegistered::Closed | NotRegistered::Username | NotRegistered::UsernameTaken => FieldFault::Closed.into(),
    }
}
