//! Who has an account.

use std::sync::Arc;

use axum::http::request::Parts;
use leptos::prelude::use_context;
use vigia_backend::auth::people::{self, NotDone};
use vigia_backend::auth::register::NotRegistered;
use vigia_backend::config::Registration;
use vigia_backend::db::people::{self as db_people, Listed, Page, Whom};
use vigia_backend::db::user_rights::Standing as StandingOf;
use vigia_backend::db::users::{self, User, Waits};
use vigia_backend::http::access::PathUser;
use vigia_domain::ids::UserId;
use vigia_domain::rights::{Action, Principal, Resource, Rights, Verdict, may};
use vigia_domain::user::Role;

use super::{Asked, go_on, told};
use crate::fault::{Fault, FieldFault};
use crate::i18n::Texts;
use crate::pages::people::{PeopleData, Person, PersonData, Settable, Sought, Standing};

pub(crate) use vigia_backend::auth::people::Verb;

/// So many people stand on a page, and so many of those who wait before it.
const ROWS: usize = 100;

/// Those whom whoever asks looks after, and who are called so; on the first page those who wait for a word before them.
pub(crate) async fn people(sought: Sought) -> Result<PeopleData, Fault> {
    let asked = Asked::here()?;
    let own = own_id(&asked);
    let waiting = Whom { waiting: Some(true), text: &sought.q, ..Whom::default() };
    let others = Whom { waiting: Some(false), below: sought.below, ..waiting };
    let list = async |whom| told(people::list(&asked.app, &asked.principal, whom, ROWS).await.map_err(Into::into));
    let waiting = if sought.below.is_none() { list(waiting).await? } else { Page::default() };
    let Page { people: others, next } = list(others).await?;
    let older = next.map(|below| Sought { below: Some(below), ..sought.clone() }.address());
    let invites = asked.app.settings().accounts.registration != Registration::Off;
    let roles = if invites { people::roles(&asked.principal) } else { Vec::new() };
    let people = waiting.people.into_iter().chain(others).map(|one| person_of(one, own)).collect();
    Ok(PeopleData { people, roles, sought, older })
}

fn person_of(one: Listed, own: Option<UserId>) -> Person {
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

/// The account that the route names. Its guard looked it up and asked the right.
pub(crate) async fn person() -> Result<PersonData, Fault> {
    let asked = Asked::here()?;
    let user = use_context::<Parts>().and_then(|parts| parts.extensions.get::<PathUser>().map(|PathUser(user)| Arc::clone(user)));
    let user = told(user.ok_or(Fault { status: 404, field: None }))?;
    let listed = told(db_people::one(asked.app.registry(), user.id).await.map_err(Into::into))?;
    let own = own_id(&asked);
    let person = person_of(told(listed.ok_or(Fault { status: 404, field: None }))?, own);
    let may_set = may(&asked.principal, Action::ManageRights, Resource::Account { role: user.role }) == Verdict::Allowed && !person.is_self;
    let (settable, rights, by_role) = (user.role.settable(), user.rights(), user.role.rights());
    let t = asked.lang.texts();
    let settable = settable.iter().map(|action| Settable {
        word: action.as_str().to_owned(),
        says: says(t, action).to_owned(),
        has: rights.has(action),
        by_role: by_role.has(action),
    });
    let (roles, settable) = if may_set { (Role::ALL.to_vec(), settable.collect()) } else { (Vec::new(), Vec::new()) };
    let second_step_ms = super::second_step::since(&asked, user.id).await?;
    Ok(PersonData { person, second_step_ms, roles, settable })
}

pub(super) const fn says(t: &'static Texts, action: Action) -> &'static str {
    match action {
        Action::ReadTelemetry => t.right_read,
        Action::WriteTelemetry => t.right_write,
        Action::DeleteTelemetry => t.right_delete,
        Action::Control => t.right_control,
        Action::ManageDevices => t.right_devices,
        Action::ManagePeople => t.right_people,
        Action::ManageRights => t.right_rights,
        Action::ManageKeys => t.right_keys,
        Action::ReadAudit => t.right_audit,
        Action::ReadMetrics => t.right_metrics,
        Action::Watch => t.right_watch,
        Action::OwnAccount => t.right_account,
    }
}

/// Makes somebody something else, with what of their single rights stays.
pub(crate) async fn set_role(id: i64, was: Role, role: Role) -> Result<(), Fault> {
    let asked = Asked::here()?;
    let user = changeable(&asked, id, was).await?;
    set(&asked, &user, people::standing_as(&user, role)).await
}

/// Gives somebody these of the rights that can be set, and takes the others away.
pub(crate) async fn set_rights(id: i64, was: Role, had: Vec<Action>, wanted: Vec<Action>) -> Result<(), Fault> {
    let asked = Asked::here()?;
    let user = changeable(&asked, id, was).await?;
    let (had, wanted): (Rights, Rights) = (had.into_iter().collect(), wanted.into_iter().collect());
    let settable = user.role.settable();
    // What somebody else has set meanwhile is not taken back by whoever did not see it.
    if user.rights().among(settable) != had {
        return told(Err(FieldFault::Changed.into()));
    }
    let granted = wanted.without(user.role.rights());
    let withdrawn = settable.among(user.role.rights()).without(wanted);
    set(&asked, &user, StandingOf { role: user.role, granted, withdrawn }).await
}

async fn changeable(asked: &Asked, id: i64, was: Role) -> Result<User, Fault> {
    let user = told(users::by_id(asked.app.registry(), UserId(id)).await.map_err(Into::into))?;
    told(user.filter(|user| user.role == was).ok_or_else(|| FieldFault::Changed.into()))
}

async fn set(asked: &Asked, user: &User, after: StandingOf) -> Result<(), Fault> {
    told(people::set_rights(&asked.app, &asked.principal, &asked.from, user, after).await.map_err(of_act))?;
    go_on(&format!("/people/{}?done=rights", user.id.0));
    Ok(())
}

fn own_id(asked: &Asked) -> Option<UserId> {
    match &asked.principal {
        Principal::User { id, .. } => Some(*id),
        _ => None,
    }
}

/// Does something with somebody, and goes on.
pub(crate) async fn act_on(verb: Verb, id: i64) -> Result<(), Fault> {
    let asked = Asked::here()?;
    told(people::act(&asked.app, &asked.principal, &asked.from, verb, UserId(id)).await.map_err(of_act))?;
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
    let done = people::invite(&asked.app, &asked.principal, &asked.from, email, name, role).await;
    let is_new = told(done.map_err(of_registration).and_then(|done| done.map_err(of_act)))?;
    if !is_new {
        return told(Err(FieldFault::EmailTaken.into()));
    }
    let is_kept = !asked.app.settings().mail.leaves();
    go_on(if is_kept { "/people?done=invite-kept" } else { "/people?done=invite" });
    Ok(())
}

pub(super) fn of_act(error: NotDone) -> Fault {
    match error {
        NotDone::Forbidden => FieldFault::NotYours.into(),
        NotDone::Changed | NotDone::Right(..) => FieldFault::Changed.into(),
        NotDone::LastAdmin => FieldFault::LastAdmin.into(),
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
