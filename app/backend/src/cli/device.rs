//! `vigia device add ID --kind KIND [--name N] [--owner EMAIL] [--topic T]`, `vigia device token ID`, `vigia device topic ID [T]`

use clap::Subcommand;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;

use super::failure::{mention, say};
use super::{Failure, abroad};
use crate::config::Settings;
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
    /// Give a device a new token and print it, once; the old one is worthless from then on
    Token {
        /// The device
        id: DeviceId,
    },
}

pub(super) async fn run(verb: Device, settings: &Settings, databases: &Databases, world: &World) -> Result<(), Failure> {
    let registry = &databases.registry;
    if let Device::Topic { id, topic } = &verb {
        fleet::name_topic(registry, world, super::ACTOR, id, topic.as_deref()).await.map_err(Failure::new)?;
        tell_from_when(settings, id, topic.as_deref());
        return Ok(());
    }
    let security = abroad::reached(settings, world).await?;
    let (id, token) = match verb {
        Device::Add { id, kind, name, owner, topic } => {
            if let Some(topic) = &topic {
                fleet::check_topic(registry, &id, topic).await.map_err(Failure::new)?;
            }
            let new = NewDevice { actor: super::ACTOR, id: &id, kind, name: name.as_deref(), owner: owner.as_deref() };
            let token = fleet::register(registry, world, new).await.map_err(Failure::new)?.token;
            if let Some(topic) = &topic {
                fleet::name_topic(registry, world, super::ACTOR, &id, Some(topic)).await.map_err(Failure::new)?;
                tell_from_when(settings, &id, Some(topic));
            }
            (id, token)
        }
        Device::Token { id } => {
            let token = fleet::new_token(registry, world, super::ACTOR, &id).await.map_err(Failure::new)?;
            (id, token)
        }
        Device::Topic { .. } => unreachable!("answered above"),
    };
    if let Some(security) = &security {
        let refused = |e| format!("{id} is registered, but the broker does not let it in: {e}; then run: vigia device token {id}");
        abroad::let_in(security, settings, registry, &id, &token, refused).await?;
    }
    say(token)
}

/// At another's broker a name with slashes is heard only once a server has subscribed to it; before that the broker acknowledges what the
/// device says and keeps it for nobody.
fn tell_from_when(settings: &Settings, id: &DeviceId, topic: Option<&str>) {
    let (routes, Some(topic)) = (settings.mqtt.routes(), topic) else { return };
    if settings.mqtt.external().is_some() && routes.filters(std::iter::once(topic)) != routes.filters(std::iter::empty()) {
        mention(format!(
            "vigia: what {id} sends under the name {topic} is kept from when a running server has subscribed to it, within a second or so; \
             with none running it is lost although the broker acknowledges it: start the server before the device sends"
        ));
    }
}
