//! Who has an account: the list of them, and who is invited, let in and shut out.

use vigia_domain::ids::UserId;
use vigia_domain::rights::{Action, Principal, Resource, Rights, Verdict, may};
use vigia_domain::user::Role;

use super::register::{self, NotRegistered};
use super::sign_in::SignInError;
use super::sign_in::is_email;
use crate::app::App;
use crate::db::audit::{Actor, By};
use crate::db::people::{Page, Whom};
use crate::db::registrations;
use crate::db::user_rights::{self, Set, Standing};
use crate::db::users::{self, User};
use crate::db::{self, DbError};
use crate::origin::Origin;

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
    /// A right that nobody of this role is given, or that a person of it keeps.
    #[error("{} cannot be granted to a person of this role, nor withdrawn from them", .1.as_str())]
    Right(&'static str, Action),
    /// Nobody would be left who can let others in.
    #[error("this is the last administrator who can sign in")]
    LastAdmin,
    /// It is not so any more, or never was: somebody else was quicker, or one cannot do it to oneself.
    #[error("this account is not as the page shows it any more")]
    Changed,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Those of `whom` whom this principal looks after, at most `most`.
///
/// # Errors
/// [`DbError`].
pub async fn list(app: &App, principal: &Principal, whom: Whom<'_>, most: usize) -> Result<Page, DbError> {
    db::people::list(app.registry(), Whom { customers: !looks_after(principal, Role::Staff), ..whom }, most).await
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
pub async fn act(app: &App, principal: &Principal, from: &Origin, verb: Verb, id: UserId) -> Result<(), NotDone> {
    let user = users::by_id(app.registry(), id).await?.ok_or(NotDone::Changed)?;
    if !looks_after(principal, user.role) {
        return Err(NotDone::Forbidden);
    }
    if principal.person() == Some(id) {
        return Err(NotDone::Changed);
    }
    let actor = Actor::of(principal, from);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    // Whoever is given another role from here on is not touched: they may not be this principal's to change any more.
    let (registry, was) = (app.registry(), user.role);
    let done = match verb {
        Verb::Approve => register::approve(app, id, was, &actor).await?,
        Verb::Refuse => registrations::refuse(registry, id, was, by).await?,
        Verb::Disable => users::set_enabled(registry, id, was, false, by).await?,
        Verb::Enable => users::set_enabled(registry, id, was, true, by).await?,
    };
    if done { Ok(()) } else { Err(NotDone::Changed) }
}

/// Invites somebody to be what this principal may make them. `false`: the address has an account already.
///
/// # Errors
/// [`NotDone::Forbidden`] as `Ok(Err(_))`, [`NotRegistered`].
pub async fn invite(
    app: &App,
    principal: &Principal,
    from: &Origin,
    email: &str,
    name: &str,
    role: Role,
) -> Result<Result<bool, NotDone>, NotRegistered> {
    if !looks_after(principal, role) {
        return Ok(Err(NotDone::Forbidden));
    }
    if let Some(person) = principal.person() {
        app.changes().take(person).map_err(SignInError::from)?;
    }
    // Whose account is not theirs to change is none that they may invite anew.
    // (What is no address is nobody's, and is not asked for: PostgreSQL would stumble over a NUL in it.)
    let known = if is_email(email) { users::by_email(app.registry(), email).await? } else { None };
    let was = known.map(|user| user.role);
    if was.is_some_and(|was| !looks_after(principal, was)) {
        return Ok(Ok(false));
    }
    Ok(Ok(register::invite(app, email, name, role, was, &Actor::of(principal, from)).await?))
}

/// What somebody is to be in another role, where nothing else is said: what was withdrawn from them stays withdrawn, and what was granted to them
/// stays where it means no more than it did. A customer's rights are of their own devices, anybody else's of all.
#[must_use]
pub fn standing_as(user: &User, role: Role) -> Standing {
    let means_more = user.role == Role::Customer && role != Role::Customer;
    let granted = if means_more { Rights::default() } else { user.granted.among(role.settable()) };
    Standing { role, granted, withdrawn: user.withdrawn.among(role.settable()) }
}

/// Changes what somebody else is and may, from how they were when they were looked at.
///
/// # Errors
/// [`NotDone`].
pub async fn set_rights(app: &App, principal: &Principal, from: &Origin, user: &User, after: Standing) -> Result<(), NotDone> {
    if may(principal, Action::ManageRights, Resource::Account { role: user.role }) != Verdict::Allowed {
        return Err(NotDone::Forbidden);
    }
    if principal.person() == Some(user.id) {
        return Err(NotDone::Changed);
    }
    let settable = after.role.settable();
    for (field, rights) in [("granted", after.granted), ("withdrawn", after.withdrawn)] {
        if let Some(action) = rights.without(settable).iter().next() {
            return Err(NotDone::Right(field, action));
        }
    }
    // What a role has anyway is not granted, and what it has not is not withdrawn.
    let own = after.role.rights();
    let after = Standing { granted: after.granted.without(own), withdrawn: after.withdrawn.among(own), ..after };
    let actor = Actor::of(principal, from);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    match user_rights::set(app.registry(), user.id, user, after, by).await? {
        Set::Done => Ok(()),
        Set::LastAdmin => Err(NotDone::LastAdmin),
        Set::Changed => Err(NotDone::Changed),
    }
}

pub(super) fn looks_after(principal: &Principal, role: Role) -> bool {
    may(principal, Action::ManagePeople, Resource::Account { role }) == Verdict::Allowed
}
