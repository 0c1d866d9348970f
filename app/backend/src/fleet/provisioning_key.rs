//! Provisioning keys: what devices that nobody knows introduce themselves with, one for a batch of them.

use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceNumber;

use crate::auth::sign_in::shown;
use crate::auth::token::{self, Kind};
use crate::db::audit::{Actor, By};
use crate::db::{Databases, DbError, state, unclaimed};
use crate::world::World;

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 80;
/// For how many days a key may be good at the most, and for how many it is where nobody says.
pub const MOST_DAYS: i64 = 3_650;
/// See [`MOST_DAYS`].
pub const USUAL_DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Why there is no such key, or none to end.
#[derive(Debug, thiserror::Error)]
pub enum ProvisioningKeyError {
    /// No name.
    #[error("give it a name of 1 to {LONGEST_NAME} characters, to know later what it is for")]
    Name,
    /// Too short or too long.
    #[error("a key is good for 1 to {MOST_DAYS} days")]
    Days,
    /// There is one of this name, or was: the audit log tells them apart by it.
    #[error("there is, or was, a provisioning key {0}; give it another name")]
    Taken(String),
    /// There is none to end.
    #[error("there is no provisioning key {0} that is good")]
    Missing(String),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What it is for, as a batch of devices.
    pub name: &'a str,
    /// What its devices are, where that is known.
    pub kind: Option<DeviceKind>,
    /// For how many days it is good.
    pub days: i64,
}

/// Makes a key; its text is told now and never again.
///
/// # Errors
/// [`ProvisioningKeyError`]; there is no key then.
pub async fn make(databases: &Databases, world: &World, wanted: Wanted<'_>, actor: &Actor) -> Result<String, ProvisioningKeyError> {
    let name = shown(wanted.name);
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(ProvisioningKeyError::Name);
    }
    if !(1..=MOST_DAYS).contains(&wanted.days) {
        return Err(ProvisioningKeyError::Days);
    }
    let key = token::make(world, Kind::Provisioning);
    let (hash, by) = (token::hash(key.as_bytes()), By { actor, at_ms: world.clock.now_ms() });
    let until_ms = by.at_ms + wanted.days * DAY_MS;
    let made = unclaimed::insert_key(&databases.registry, &name, &hash, wanted.kind, Some(until_ms), by).await;
    made.map_err(|error| if error.is_duplicate() { ProvisioningKeyError::Taken(name.clone()) } else { error.into() })?;
    Ok(key)
}

/// Ends a key: no device comes in with it any more, and those that wait because of it are forgotten, with what they sent.
///
/// # Errors
/// [`ProvisioningKeyError::Missing`] and [`ProvisioningKeyError::Db`].
pub async fn revoke(databases: &Databases, world: &World, name: &str, actor: &Actor) -> Result<(), ProvisioningKeyError> {
    let by = By { actor, at_ms: world.clock.now_ms() };
    let forgotten = unclaimed::revoke_key(&databases.registry, name, by).await.map_err(|error| match error {
        DbError::Missing(_) => ProvisioningKeyError::Missing(name.to_owned()),
        other => other.into(),
    })?;
    // The key has ended, and so it is said; what is left of a device that nobody claimed is in nobody's way.
    for number in forgotten {
        if let Err(error) = state::forget(&databases.telemetry, DeviceNumber(-number)).await {
            tracing::warn!(key = name, %error, "what a device sent that waited by this key could not be forgotten");
        }
    }
    Ok(())
}
