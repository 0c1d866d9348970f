//! Registering a device: it gets its token, shown once.

use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;

use crate::auth::token::{self, Kind};
use crate::db::audit::By;
use crate::db::{Db, DbError, devices, users};
use crate::world::World;

/// The longest name of a device, in characters.
const NAME_CHARACTERS: usize = 300;

/// A device as it was registered.
#[derive(Debug)]
pub struct Registered {
    /// Its number.
    pub device: crate::mqtt::DeviceIdentity,
    /// Its token; only its hash is kept.
    pub token: String,
}

/// Why a device was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The id is taken.
    #[error("a device {0} exists already; choose another id")]
    Exists(DeviceId),
    /// The name is too long.
    #[error("a name has at most {NAME_CHARACTERS} characters")]
    Name,
    /// No user has the owner's address.
    #[error("no user has the address {0}; add them first with: vigia user add {0} --role customer")]
    NoSuchOwner(String),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Registers a device. `actor` goes into the audit log.
///
/// # Errors
/// [`RegisterError`]; nothing was written then.
pub async fn register(
    registry: &Db,
    world: &World,
    actor: &str,
    id: &DeviceId,
    kind: DeviceKind,
    name: Option<&str>,
    owner: Option<&str>,
) -> Result<Registered, RegisterError> {
    let name = name.map(str::trim).filter(|n| !n.is_empty()).unwrap_or(id.as_str());
    if name.chars().count() > NAME_CHARACTERS {
        return Err(RegisterError::Name);
    }
    let owner = match owner {
        None => None,
        Some(email) => Some(users::by_email(registry, email).await?.ok_or_else(|| RegisterError::NoSuchOwner(email.to_owned()))?.id),
    };
    let token = token::make(world, Kind::Device);
    let by = By { actor, at_ms: world.clock.now_ms() };
    let new = devices::NewDevice { id, kind, name, owner, token_hash: &token::hash(token.as_bytes()) };
    let number = devices::insert(registry, &new, by)
        .await
        .map_err(|e| if e.is_duplicate() { RegisterError::Exists(id.clone()) } else { e.into() })?;
    Ok(Registered { device: crate::mqtt::DeviceIdentity { id: id.clone(), number }, token })
}

/// Registers a simulated device, or gives the one that is there a new token. Gives both.
///
/// # Errors
/// [`RegisterError`]; nothing was written then.
pub async fn adopt(
    registry: &Db,
    world: &World,
    actor: &str,
    id: &DeviceId,
    kind: DeviceKind,
    name: Option<&str>,
) -> Result<(crate::mqtt::DeviceIdentity, String), RegisterError> {
    if let Some(device) = devices::by_id(registry, id).await? {
        let token = token::make(world, Kind::Device);
        let by = By { actor, at_ms: world.clock.now_ms() };
        devices::replace_token(registry, id, &token::hash(token.as_bytes()), by).await?;
        return Ok((crate::mqtt::DeviceIdentity { id: device.id, number: device.number }, token));
    }
    let made = register(registry, world, actor, id, kind, name, None).await?;
    Ok((made.device, made.token))
}
