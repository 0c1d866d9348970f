//! Who has an account: the list of them, and who is invited, let in and shut out.

use vigia_domain::ids::UserId;
use vigia_domain::rights::{Action, Principal, Resource, Verdict, may};
use vigia_domain::user::Role;

use super::register::{self, NotRegistered};
use crate::app::App;
use crate::db::DbError;
use crate::db::audit::By;
use crate::db::registrations;
use crate::db::users::{self, Listed, Whom};

/// So many are listed.
pub const MOST: i64 = 2_000;
/// So many of those who wait.
pub const MOST_WAITING: i64 = 100;

/// What an operator does with somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Lets them in for the first time.
    Approve,
    /// Forgets who never was in.
    Refuse,
    /// Shuts them out.
    Disable,
    /// Lets them in again.
    Enable,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// Not by this principal.
    #[error("this account is not yours to change")]
    Forbidden,
    /// It is not so any more, or never was: somebody else was quicker, or one cannot do it to oneself.
    #[error("this account is not as the page shows it any more")]
    Changed,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Everybody whom this principal looks after: those who wait for a word, then the others.
///
/// # Errors
/// [`DbError`].
pub async fn list(app: &App, principal: &Principal) -> Result<Vec<Listed>, DbError> {
    let customers = !looks_after(principal, Role::Staff);
    let mut all = users::list(app.registry(), Whom { waiting: true, customers }, MOST_WAITING).await?;
    all.extend(users::list(app.registry(), Whom { waiting: false, customers }, MOST).await?);
    Ok(all)
}

/// What this principal may make of people.
#[must_use]
pub fn roles(principal: &Principal) -> Vec<Role> {
    Role::ALL.into_iter().filter(|role| looks_after(principal, *role)).collect()
}

/// Does something with somebody.
///
/// # Errors
/// [`NotDone`].
pub async fn act(app: &App, principal: &Principal, verb: Verb, id: UserId) -> Result<(), NotDone> {
    let user = users::by_id(app.registry(), id).await?.ok_or(NotDone::Changed)?;
    if !looks_after(principal, user.role) {
        return Err(NotDone::Forbidden);
    }
    if matches!(principal, Principal::User { id: own, .. } if *own == id) {
        return Err(NotDone::Changed);
    }
    let actor = principal.actor();
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    let done = match verb {
        Verb::Approve => register::approve(app, id, &actor).await?,
        Verb::Refuse => registrations::refuse(app.registry(), id, by).await?,
        Verb::Disable => users::set_enabled(app.registry(), id, false, by).await?,
        Verb::Enable => users::set_enabled(app.registry(), id, true, by).await?,
    };
    if done { Ok(()) } else { Err(NotDone::Changed) }
}

/// Invites somebody to be what this principal may make them. `false`: the address has an account already.
///
/// # Errors
/// [`NotDone::Forbidden`] as `Ok(Err(_))`, [`NotRegistered`].
pub async fn invite(app: &App, principal: &Principal, email: &str, name: &str, role: Role) -> Result<Result<bool, NotDone>, NotRegistered> {
    if !looks_after(principal, role) {
        return Ok(Err(NotDone::Forbidden));
    }
    // Whose account is not theirs to change is none that they may invite anew.
    let known = users::by_email(app.registry(), email).await?;
    if known.is_some_and(|user| !looks_after(principal, user.role)) {
        return Ok(Ok(false));
    }
    Ok(Ok(register::invite(app, email, name, role, &principal.actor()).await?))
}

fn looks_after(principal: &Principal, role: Role) -> bool {
    may(principal, Action::ManagePeople, Resource::Account { role }) == Verdict::Allowed
}
