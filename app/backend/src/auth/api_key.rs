//! Keys for scripts: whose they are, what they may, and how they end. A key does what its scopes say and its owner may, and nothing else.

use std::time::Duration;

use tokio::time::timeout;
use vigia_domain::ids::{KeyId, UserId};
use vigia_domain::rights::{Action, Principal, Resource, Rights, Scope, Verdict, may};

use super::sign_in::shown;
use super::token::{self, Kind};
use crate::app::App;
use crate::db::audit::{Actor, By};
use crate::db::keys::{self, Listed, NewKey};
use crate::db::{DbError, users};
use crate::limit::TooMany;
use crate::origin::Origin;

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 80;
/// So many keys may one person have.
pub const MOST: i64 = 50;
/// The longest life that can be asked for, in days.
pub const LONGEST_DAYS: i64 = 3_650;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How late the time of the last use may be: a key in use costs one write in this time, and not one a request.
const LATE_MS: i64 = 60 * 60 * 1000;
/// How long a request waits for that write.
const PATIENCE: Duration = Duration::from_millis(500);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Nothing to know it by.
    #[error("a key has a name of 1 to {LONGEST_NAME} characters, so that one knows later what it is for")]
    Name,
    /// It would be able to do nothing.
    #[error("a key has at least one scope")]
    NoScope,
    /// It would be able to do more than its owner.
    #[error("a key may do no more than who makes it: {} is not yours to give", .0.as_str())]
    Scope(Scope),
    /// Its life.
    #[error("a key lives for 1 to {LONGEST_DAYS} days, or without end")]
    Days,
    /// The owner has one of this name.
    #[error("you have a key of this name already")]
    Taken,
    /// The owner has enough.
    #[error("you have {MOST} keys; end those that nobody needs")]
    Full,
    /// None that this principal may end.
    #[error("there is no such key")]
    Missing,
    /// Not for this principal.
    #[error("a key belongs to a person")]
    Nobodys,
    /// Too often.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// What it is for.
    pub name: &'a str,
    /// What it may.
    pub scopes: &'a [Scope],
    /// For how many days; without end when not given.
    pub days: Option<i64>,
}

/// What somebody with these rights may give a key.
#[must_use]
pub fn scopes(rights: Rights) -> Vec<Scope> {
    Scope::ALL.into_iter().filter(|scope| rights.has(scope.right())).collect()
}

/// Makes a key; its text is shown now and never again.
///
/// # Errors
/// [`KeyError`]; there is no key then.
pub async fn make(app: &App, principal: &Principal, from: &Origin, wanted: &Wanted<'_>) -> Result<(KeyId, String), KeyError> {
    let Principal::User { id, rights, .. } = principal else { return Err(KeyError::Nobodys) };
    let name = shown(wanted.name);
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(KeyError::Name);
    }
    if wanted.scopes.is_empty() {
        return Err(KeyError::NoScope);
    }
    if let Some(scope) = wanted.scopes.iter().find(|scope| !rights.has(scope.right())) {
        return Err(KeyError::Scope(*scope));
    }
    if wanted.days.is_some_and(|days| !(1..=LONGEST_DAYS).contains(&days)) {
        return Err(KeyError::Days);
    }
    app.changes().take(*id)?;
    if keys::count(app.registry(), *id).await? >= MOST {
        return Err(KeyError::Full);
    }
    let now_ms = app.world().clock.now_ms();
    let key = token::make(app.world(), Kind::ApiKey);
    let mut scopes = wanted.scopes.to_vec();
    scopes.dedup();
    let hash = token::hash(key.as_bytes());
    let new =
        NewKey { name: &name, hash: &hash, scopes: &scopes, owner: Some(*id), expires_ms: wanted.days.map(|days| now_ms + days * DAY_MS) };
    let by = By { actor: &Actor::of(principal, from), at_ms: now_ms };
    match keys::insert(app.registry(), new, by).await {
        Ok(id) => {
            app.mails().tell();
            Ok((id, key))
        }
        Err(error) if error.is_duplicate() => Err(KeyError::Taken),
        Err(error) => Err(error.into()),
    }
}

/// The keys that a principal may end, one's own or everybody's, the newest first; at most `most` that were made before `below`, and where the next
/// page begins.
///
/// # Errors
/// [`DbError`].
pub async fn list(app: &App, principal: &Principal, below: Option<KeyId>, most: usize) -> Result<(Vec<Listed>, Option<KeyId>), DbError> {
    keys::list(app.registry(), whose(principal), below, most).await
}

/// Ends a key.
///
/// # Errors
/// [`KeyError::Missing`] also for one that is not theirs to end.
pub async fn revoke(app: &App, principal: &Principal, from: &Origin, id: KeyId) -> Result<(), KeyError> {
    let by = By { actor: &Actor::of(principal, from), at_ms: app.world().clock.now_ms() };
    if keys::revoke(app.registry(), id, whose(principal), by).await? { Ok(()) } else { Err(KeyError::Missing) }
}

/// Of whom: `None` for everybody. Who is no person and may not look after keys has none.
fn whose(principal: &Principal) -> Option<UserId> {
    match principal {
        _ if may(principal, Action::ManageKeys, Resource::Installation) == Verdict::Allowed => None,
        Principal::User { id, .. } => Some(*id),
        _ => Some(UserId(0)),
    }
}

/// Who a key is; nobody once it is over, or its owner is shut out.
pub(super) async fn principal(app: &App, hash: &str) -> Result<Principal, DbError> {
    let now_ms = app.world().clock.now_ms();
    let Some(key) = keys::by_hash(app.registry(), hash, now_ms).await? else { return Ok(Principal::Nobody) };
    let owner = match key.owner {
        None => None,
        Some(id) => match users::by_id(app.registry(), id).await?.filter(|user| user.enabled) {
            Some(user) => Some(user.owner()),
            None => return Ok(Principal::Nobody),
        },
    };
    if key.used_ms.is_none_or(|used_ms| now_ms - used_ms >= LATE_MS) {
        // Who reads must neither fail nor wait because nothing can be written now; the next request tries again.
        match timeout(PATIENCE, keys::touch(app.registry(), key.id, now_ms)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a key's use could not be noted"),
            Err(_) => tracing::warn!("a key's use could not be noted in time"),
        }
    }
    Ok(Principal::ApiKey { id: key.id, scopes: key.scopes, owner })
}
