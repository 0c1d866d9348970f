//! `vigia gateway add NAME --devices ID[,ID]`, `set`, `list`, `remove`

use clap::Subcommand;
use vigia_domain::ids::DeviceId;

use super::failure::say;
use super::{Failure, abroad};
use crate::config::Settings;
use crate::db::audit::Actor;
use crate::db::{Databases, Db, gateways};
use crate::fleet::{self, Abroad};
use crate::mqtt::Credentials as _;
use crate::mqtt::external::dynsec::DynamicSecurity;
use crate::world::World;

#[derive(Debug, Subcommand)]
pub(super) enum Gateway {
    /// Make one credential for several devices; prints its token, once
    Add {
        /// Its MQTT user name: 1 to 64 letters, digits and : _ . -
        name: DeviceId,
        /// The devices that it speaks for; several with commas
        #[arg(long, value_delimiter = ',', value_name = "ID")]
        devices: Vec<DeviceId>,
        /// A topic below which everything is its own, such as zigbee2mqtt
        #[arg(long, value_name = "TOPIC")]
        base: Option<String>,
    },
    /// Let it speak for these devices and no others
    Set {
        /// Its name
        name: DeviceId,
        /// The devices; several with commas
        #[arg(long, required = true, value_delimiter = ',', value_name = "ID")]
        devices: Vec<DeviceId>,
    },
    /// Print every gateway with its base and devices
    List,
    /// Make its token worthless
    Remove {
        /// Its name
        name: DeviceId,
    },
}

pub(super) async fn run(verb: Gateway, settings: &Settings, databases: &Databases, world: &World) -> Result<(), Failure> {
    let registry = &databases.registry;
    match verb {
        Gateway::Add { name, devices, base } => {
            if devices.is_empty() && base.is_none() {
                return Err(Failure::wrong_use("a gateway needs --devices, --base or both; `vigia gateway add --help` says more"));
            }
            let security = abroad::reached(settings, world).await?;
            has_room(settings, registry, &name, &devices, base.as_deref()).await?;
            let added = fleet::add_gateway(registry, world, &Actor::COMMAND_LINE, &name, &devices, base.as_deref()).await;
            let token = added.map_err(Failure::new)?;
            if let Some(security) = security {
                let refused = |e| format!("{name} is there, but the broker does not let it in: {e}; remove it and add it again");
                abroad::let_in(&security, settings, registry, &name, &token, refused).await?;
            }
            say(token)
        }
        Gateway::Set { name, devices } => {
            has_room(settings, registry, &name, &devices, None).await?;
            fleet::set_gateway(registry, world, &Actor::COMMAND_LINE, &name, &devices).await.map_err(Failure::new)
        }
        Gateway::List => {
            for gateway in gateways::list(registry).await.map_err(Failure::new)? {
                let members = gateways::members(registry, &gateway.name).await.map_err(Failure::new)?;
                let members: Vec<_> = members.iter().map(|member| member.id.as_str()).collect();
                say(format!("{}\t{}\t{}", gateway.name, gateway.base.as_deref().unwrap_or("-"), members.join(",")))?;
            }
            Ok(())
        }
        Gateway::Remove { name } => {
            let security = abroad::reached(settings, world).await?;
            fleet::remove_gateway(registry, world, &Actor::COMMAND_LINE, &name).await.map_err(Failure::new)?;
            let Some(security) = security else { return Ok(()) };
            security.withdraw(&name).await.map_err(|e| {
                Failure::new(format!(
                    "{name} is removed, but the broker still lets it in: {e}; the server withdraws it when the broker is there"
                ))
            })
        }
    }
}

/// Refuses a gateway of more devices than a role of the plugin holds.
async fn has_room(settings: &Settings, registry: &Db, name: &DeviceId, members: &[DeviceId], base: Option<&str>) -> Result<(), Failure> {
    if !settings.mqtt.external().is_some_and(|broker| broker.dynamic_security) {
        return Ok(());
    }
    let abroad = Abroad::read(registry).await.map_err(Failure::new)?;
    if DynamicSecurity::is_too_much(&abroad.rights_with(&settings.mqtt.routes(), name, members, base)) {
        return Err(Failure::new(format!(
            "{} devices are more than one role of the broker's plugin can hold; nothing was changed: share them among several gateways",
            members.len()
        )));
    }
    Ok(())
}
