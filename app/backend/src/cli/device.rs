//! `vigia device add ID --kind KIND [--name N] [--owner EMAIL] [--topic T]`, `vigia device topic ID [T]`

use clap::Subcommand;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;

use super::Failure;
use super::failure::say;
use crate::db::Databases;
use crate::fleet::{self, NewDevice};
use crate::world::World;

#[derive(Debug, Subcommand)]
pub(super) enum Device {
    /// Register a device; prints its token, once
    Add {
        /// 1 to 64 letters, digits and : _ . -
        id: DeviceId,
        /// energy_meter, switch, biodigester, pill_dispenser or other
        #[arg(long)]
        kind: DeviceKind,
        /// The name that people see
        #[arg(long)]
        name: Option<String>,
        /// The address of the user whose device it is
        #[arg(long, value_name = "EMAIL")]
        owner: Option<String>,
        /// What it is called in its firmware's topics, if not by its id: a Shelly's topic prefix, a Zigbee friendly name
        #[arg(long)]
        topic: Option<String>,
    },
    /// Say what a device is called in its firmware's topics; nothing for its id. Holds when it connects the next time
    Topic {
        /// Its id
        id: DeviceId,
        /// The name
        topic: Option<String>,
    },
}

pub(super) async fn run(verb: Device, databases: &Databases, world: &World) -> Result<(), Failure> {
    let registry = &databases.registry;
    match verb {
        Device::Add { id, kind, name, owner, topic } => {
            if let Some(topic) = &topic {
                fleet::check_topic(registry, &id, topic).await.map_err(Failure::new)?;
            }
            let new = NewDevice { actor: super::ACTOR, id: &id, kind, name: name.as_deref(), owner: owner.as_deref() };
            let token = fleet::register(registry, world, new).await.map_err(Failure::new)?.token;
            if let Some(topic) = &topic {
                fleet::name_topic(registry, world, super::ACTOR, &id, Some(topic)).await.map_err(Failure::new)?;
            }
            say(token)
        }
        Device::Topic { id, topic } => fleet::name_topic(registry, world, super::ACTOR, &id, topic.as_deref()).await.map_err(Failure::new),
    }
}
