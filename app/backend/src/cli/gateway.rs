//! `vigia gateway add NAME --devices ID[,ID]`, `set`, `list`, `remove`

use clap::Subcommand;
use vigia_domain::ids::DeviceId;

use super::Failure;
use super::failure::{mention, say};
use crate::config::Settings;
use crate::db::{Databases, gateways};
use crate::fleet;
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
            if settings.mqtt.external().is_some() {
                mention("gateways sign in at Vigía's own broker alone: with an external one this does nothing");
            }
            let added = fleet::add_gateway(registry, world, super::ACTOR, &name, &devices, base.as_deref()).await;
            say(added.map_err(Failure::new)?)
        }
        Gateway::Set { name, devices } => fleet::set_gateway(registry, world, super::ACTOR, &name, &devices).await.map_err(Failure::new),
        Gateway::List => {
            for gateway in gateways::list(registry).await.map_err(Failure::new)? {
                let members = gateways::members(registry, &gateway.name).await.map_err(Failure::new)?;
                let members: Vec<_> = members.iter().map(|member| member.id.as_str()).collect();
                say(format!("{}\t{}\t{}", gateway.name, gateway.base.as_deref().unwrap_or("-"), members.join(",")))?;
            }
            Ok(())
        }
        Gateway::Remove { name } => fleet::remove_gateway(registry, world, super::ACTOR, &name).await.map_err(Failure::new),
    }
}
