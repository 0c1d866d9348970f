//! Registering a device: it gets its token, shown once.

use vigia_domain::device::DeviceKind;
use vigia_domain::ids::{DeviceId, UserId};

use crate::auth::token::{self, Kind};
use crate::db::audit::{Actor, By};
use crate::db::{Db, DbError, device_tokens, devices, gateways, users};
use crate::mqtt::DeviceIdentity;
use crate::world::World;

/// The longest name of a device, in characters.
const NAME_CHARACTERS: usize = 300;

/// A device as it was registered.
#[derive(Debug)]
pub struct Registered {
    /// Its id and number.
    pub device: DeviceIdentity,
    /// Its token; only its hash is kept.
    pub token: String,
}

/// Why a device was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The id is taken.
    #[error("a device {0} exists already; choose another id")]
    Exists(DeviceId),
    /// Another device is called so in topics, or a gateway has everything below it.
    #[error("the topics of {id} are those of {other}, too; choose another id")]
    Shared {
        /// The id.
        id: DeviceId,
        /// Whose.
        other: String,
    },
    /// The name is too long, or holds control characters: PostgreSQL has no text with a NUL in it.
    #[error("a name has at most {NAME_CHARACTERS} characters, and none that cannot be printed")]
    Name,
    /// No user has the owner's address.
    #[error("no user has the address {0}; add them first with: vigia user add {0} --role customer")]
    NoSuchOwner(String),
    /// There is no such device.
    #[error("there is no device {0}; register it with: vigia device add {0} --kind KIND")]
    Missing(DeviceId),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A device to be registered.
#[derive(Clone, Copy, Debug)]
pub struct NewDevice<'a> {
    /// Who registers it, for the audit log.
    pub actor: &'a Actor,
    /// Its id.
    pub id: &'a DeviceId,
    /// What it is.
    pub kind: DeviceKind,
    /// Its name; the id without one.
    pub name: Option<&'a str>,
    /// The address of its owner.
    pub owner: Option<&'a str>,
}

/// Registers a device.
///
/// # Errors
/// [`RegisterError`]; nothing was written then.
pub async fn register(registry: &Db, world: &World, new: NewDevice<'_>) -> Result<Registered, RegisterError> {
    let NewDevice { actor, id, kind, name, owner } = new;
    let name = checked_name(name, id)?;
    check_id(registry, id).await?;
    let owner = owner_of(registry, owner).await?;
    let token = token::make(world, Kind::Device);
    let by = By { actor, at_ms: world.clock.now_ms() };
    let row = devices::NewDevice { id, kind, name, owner, token_hash: &token::hash(token.as_bytes()) };
    let number = devices::insert(registry, &row, by)
        .await
        .map_err(|e| if e.is_duplicate() { RegisterError::Exists(id.clone()) } else { e.into() })?;
    Ok(Registered { device: DeviceIdentity { id: id.clone(), number }, token })
}

/// Whether a new device may have this id: a gateway signs in by its name as a device does by its id, and topics begin with either.
pub(super) async fn check_id(registry: &Db, id: &DeviceId) -> Result<(), RegisterError> {
    let gateways = gateways::list(registry).await?;
    if gateways.iter().any(|gateway| gateway.name == *id) {
        return Err(RegisterError::Exists(id.clone()));
    }
    let begins = |base: &str| base.split('/').next() == Some(id.as_str());
    let above = gateways.into_iter().find(|gateway| gateway.base.as_deref().is_some_and(begins));
    let other = match above {
        Some(gateway) => Some(gateway.name.to_string()),
        None => devices::shares_topics(registry, id.as_str(), id.as_str()).await?,
    };
    other.map_or(Ok(()), |other| Err(RegisterError::Shared { id: id.clone(), other }))
}

/// The name that people gave a device; its id when they gave none.
pub(super) fn checked_name<'a>(name: Option<&'a str>, id: &'a DeviceId) -> Result<&'a str, RegisterError> {
    let name = name.map(str::trim).filter(|n| !n.is_empty()).unwrap_or(id.as_str());
    if name.chars().count() > NAME_CHARACTERS || name.contains(char::is_control) { Err(RegisterError::Name) } else { Ok(name) }
}

/// The user with this address.
pub(super) async fn owner_of(registry: &Db, email: Option<&str>) -> Result<Option<UserId>, RegisterError> {
    let Some(email) = email else { return Ok(None) };
    let owner = if email.contains('\0') { None } else { users::by_email(registry, email).await? };
    Ok(Some(owner.ok_or_else(|| RegisterError::NoSuchOwner(email.to_owned()))?.id))
}

/// Registers a simulated device, or gives the one that is there a new token and leaves the rest of it as it is.
///
/// # Errors
/// [`RegisterError`]; nothing was written then.
pub async fn adopt(registry: &Db, world: &World, new: NewDevice<'_>) -> Result<Registered, RegisterError> {
    let Some(device) = devices::by_id(registry, new.id).await? else { return register(registry, world, new).await };
    let token = token::make(world, Kind::Device);
    let by = By { actor: new.actor, at_ms: world.clock.now_ms() };
    device_tokens::replace(registry, new.id, &token::hash(token.as_bytes()), by).await?;
    Ok(Registered { device: DeviceIdentity { id: device.id, number: device.number }, token })
}
