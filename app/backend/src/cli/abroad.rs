//! What verbs tell an external broker that lets in whom we name.

use vigia_domain::ids::DeviceId;

use super::Failure;
use crate::config::Settings;
use crate::db::Db;
use crate::fleet::Abroad;
use crate::mqtt::Credentials as _;
use crate::mqtt::external::dynsec::DynamicSecurity;
use crate::world::World;

/// The broker that has to be told, when it is there; `None` where there is nothing to tell. A token is known in the moment it is made and never
/// again: without the broker there is no use in making one.
pub(super) async fn reached(settings: &Settings, world: &World) -> Result<Option<DynamicSecurity>, Failure> {
    let Some(broker) = settings.mqtt.external().filter(|broker| broker.dynamic_security) else { return Ok(None) };
    let security = DynamicSecurity::new(broker, world.clone()).map_err(Failure::new)?;
    let reached = security.reach().await;
    reached.map_err(|e| Failure::new(format!("{e}; nothing was changed: run this again when the broker is there")))?;
    Ok(Some(security))
}

/// Lets a device or gateway in there, with the rights that it has now. `refused` is told when the broker does not.
pub(super) async fn let_in(
    security: &DynamicSecurity,
    settings: &Settings,
    registry: &Db,
    name: &DeviceId,
    token: &str,
    refused: impl FnOnce(String) -> String,
) -> Result<(), Failure> {
    let abroad = Abroad::read(registry).await.map_err(Failure::new)?;
    let granted = security.grant(name, token, &abroad.rights(&settings.mqtt.routes(), name)).await;
    granted.map_err(|e| Failure::new(refused(e.to_string())))
}
