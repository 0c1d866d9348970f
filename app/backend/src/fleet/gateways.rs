//! Gateways: one credential that speaks for a named set of devices. And what a device is called in topics.

use vigia_domain::ids::{DeviceId, DeviceNumber};

use crate::auth::token::{self, Kind};
use crate::db::audit::{Actor, By};
use crate::db::gateways::{self, Gateway};
use crate::db::{Db, DbError, devices, unclaimed};
use crate::world::World;

/// The longest name in topics, in bytes: Shelly's own limit of a prefix.
const TOPIC_BYTES: usize = 300;
/// Beginnings of topics that belong to everybody's firmware or to the broker.
const RESERVED: [&str; 10] = ["vigia", "tele", "stat", "cmnd", "shellies", "zigbee2mqtt", "homeassistant", "tasmota", "iot", "Prueba"];

/// Why a gateway or a name in topics was not taken.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The name is another gateway's, or a device's, or of one that waits to be claimed.
    #[error("{0} exists already; choose another name")]
    Exists(DeviceId),
    /// Another gateway has this base.
    #[error("the topics below {0} are another gateway's; give it another base")]
    BaseTaken(String),
    /// No such device.
    #[error("there is no device {0}; add it first with: vigia device add {0} --kind KIND")]
    NoSuchDevice(DeviceId),
    /// No such gateway.
    #[error("there is no gateway {0}")]
    NoSuchGateway(DeviceId),
    /// Not a topic that a device can have of its own.
    #[error(
        "{0:?} cannot be a name in topics: 1 to {TOPIC_BYTES} bytes, no + or #, no slash at either end, and not one of {RESERVED:?} alone or first"
    )]
    Topic(String),
    /// Its topics would be another's, too.
    #[error("the topics of {name} are those of the device {other}, too")]
    Shared {
        /// The name.
        name: String,
        /// Whose.
        other: String,
    },
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Adds a gateway; gives its token, of which only the hash is kept.
///
/// # Errors
/// [`GatewayError`]; nothing was written then.
pub async fn add_gateway(
    registry: &Db,
    world: &World,
    actor: &Actor,
    name: &DeviceId,
    members: &[DeviceId],
    base: Option<&str>,
) -> Result<String, GatewayError> {
    if devices::by_id(registry, name).await?.is_some() || gateways::by_name(registry, name).await?.is_some() {
        return Err(GatewayError::Exists(name.clone()));
    }
    if unclaimed::by_id(registry, name).await?.is_some() {
        return Err(GatewayError::Exists(name.clone()));
    }
    if let Some(base) = base {
        check_base(registry, base).await?;
    }
    let members = numbers(registry, members).await?;
    let token = token::make(world, Kind::Gateway);
    let new = Gateway { name: name.clone(), base: base.map(str::to_owned), token_hash: token::hash(token.as_bytes()) };
    let by = By { actor, at_ms: world.clock.now_ms() };
    gateways::insert(registry, &new, &members, by)
        .await
        .map_err(|e| if e.is_duplicate() { GatewayError::Exists(name.clone()) } else { e.into() })?;
    Ok(token)
}

/// Lets a gateway speak for these devices and no others; a running server follows within a second.
///
/// # Errors
/// [`GatewayError`]; nothing was written then.
pub async fn set_gateway(registry: &Db, world: &World, actor: &Actor, name: &DeviceId, members: &[DeviceId]) -> Result<(), GatewayError> {
    let members = numbers(registry, members).await?;
    let by = By { actor, at_ms: world.clock.now_ms() };
    gateways::replace_members(registry, name, &members, by).await.map_err(|e| missing(e, name))
}

/// Removes a gateway.
///
/// # Errors
/// [`GatewayError`]; nothing was written then.
pub async fn remove_gateway(registry: &Db, world: &World, actor: &Actor, name: &DeviceId) -> Result<(), GatewayError> {
    let by = By { actor, at_ms: world.clock.now_ms() };
    gateways::remove(registry, name, by).await.map_err(|e| missing(e, name))
}

/// Calls a device otherwise in the topics of its firmware: `None` for its id.
///
/// # Errors
/// [`GatewayError`]; nothing was written then.
pub async fn name_topic(registry: &Db, world: &World, actor: &Actor, id: &DeviceId, topic: Option<&str>) -> Result<(), GatewayError> {
    if let Some(topic) = topic {
        check_topic(registry, id, topic).await?;
    }
    let by = By { actor, at_ms: world.clock.now_ms() };
    devices::set_topic(registry, id, topic, by).await.map_err(|e| match e {
        DbError::Missing(_) => GatewayError::NoSuchDevice(id.clone()),
        e if e.is_duplicate() => GatewayError::Shared { name: topic.unwrap_or_default().to_owned(), other: "another".to_owned() },
        e => e.into(),
    })
}

/// Whether a device may be called so, before it is registered.
///
/// # Errors
/// [`GatewayError`].
pub async fn check_topic(registry: &Db, id: &DeviceId, topic: &str) -> Result<(), GatewayError> {
    if !is_topic(topic) {
        return Err(GatewayError::Topic(topic.to_owned()));
    }
    let other = match devices::shares_topics(registry, id.as_str(), topic).await? {
        Some(other) => Some(other),
        None => waits_above(registry, topic).await?.filter(|other| other != id.as_str()),
    };
    other.map_or(Ok(()), |other| Err(GatewayError::Shared { name: topic.to_owned(), other }))
}

/// Who waits to be claimed and may listen to this topic as it is, by its id.
async fn waits_above(registry: &Db, topic: &str) -> Result<Option<String>, GatewayError> {
    let Some(id) = topic.split('/').next().and_then(|first| DeviceId::new(first).ok()) else { return Ok(None) };
    Ok(unclaimed::by_id(registry, &id).await?.map(|waiting| waiting.id.to_string()))
}

/// A base may be a word that is reserved for devices: `zigbee2mqtt` is one gateway's.
async fn check_base(registry: &Db, base: &str) -> Result<(), GatewayError> {
    if !is_level_list(base) || base == "vigia" || base.starts_with("vigia/") {
        return Err(GatewayError::Topic(base.to_owned()));
    }
    let other = match devices::shares_topics(registry, "", base).await? {
        Some(other) => Some(other),
        None => waits_above(registry, base).await?,
    };
    if let Some(other) = other {
        return Err(GatewayError::Shared { name: base.to_owned(), other });
    }
    let overlaps = |other: &str| other == base || other.starts_with(&format!("{base}/")) || base.starts_with(&format!("{other}/"));
    if gateways::list(registry).await?.iter().filter_map(|gateway| gateway.base.as_deref()).any(overlaps) {
        return Err(GatewayError::BaseTaken(base.to_owned()));
    }
    Ok(())
}

fn is_topic(text: &str) -> bool {
    is_level_list(text) && !RESERVED.contains(&text.split('/').next().unwrap_or_default())
}

fn is_level_list(text: &str) -> bool {
    text.len() <= TOPIC_BYTES
        && !text.starts_with('$')
        && !text.chars().any(|c| matches!(c, '+' | '#') || c.is_control())
        && text.split('/').all(|level| !level.is_empty())
}

async fn numbers(registry: &Db, ids: &[DeviceId]) -> Result<Vec<DeviceNumber>, GatewayError> {
    let mut numbers = Vec::with_capacity(ids.len());
    for id in ids {
        let device = devices::by_id(registry, id).await?.ok_or_else(|| GatewayError::NoSuchDevice(id.clone()))?;
        if !numbers.contains(&device.number) {
            numbers.push(device.number);
        }
    }
    Ok(numbers)
}

fn missing(error: DbError, name: &DeviceId) -> GatewayError {
    if matches!(error, DbError::Missing(_)) { GatewayError::NoSuchGateway(name.clone()) } else { error.into() }
}
