//! `vigia device add ID --kind KIND [--name N] [--owner EMAIL] [--topic T]`, `vigia device token ID [--keep-old|--end-old]`, `vigia device topic ID [T]`

use clap::Subcommand;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;

use super::failure::{mention, say};
use super::{Failure, abroad};
use crate::config::Settings;
use crate::db::audit::{Actor, By};
use crate::db::{Databases, device_tokens};
use crate::fleet::{self, Before, NewDevice};
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
        /// Let the old one go on until a week after the new one was used, or until --end-old
        #[arg(long)]
        keep_old: bool,
        /// End the token before the newest, and make none
        #[arg(long, conflicts_with = "keep_old")]
        end_old: bool,
    },
}

pub(super) async fn run(verb: Device, settings: &Settings, databases: &Databases, world: &World) -> Result<(), Failure> {
    let registry = &databases.registry;
    if let Device::Topic { id, topic } = &verb {
        fleet::name_topic(registry, world, &Actor::COMMAND_LINE, id, topic.as_deref()).await.map_err(Failure::new)?;
        tell_from_when(settings, id, topic.as_deref());
        return Ok(());
    }
    if let Device::Token { id, end_old: true, .. } = &verb {
        let by = By { actor: &Actor::COMMAND_LINE, at_ms: world.clock.now_ms() };
        return match device_tokens::end_old(registry, id, by).await.map_err(Failure::new)? {
            true => Ok(()),
            false => Err(Failure::new(format!("{id} has no other token than its newest"))),
        };
    }
    let security = abroad::reached(settings, world).await?;
    let (id, token) = match verb {
        Device::Add { id, kind, name, owner, topic } => {
            if let Some(topic) = &topic {
                fleet::check_topic(registry, &id, topic).await.map_err(Failure::new)?;
            }
            let new = NewDevice { actor: &Actor::COMMAND_LINE, id: &id, kind, name: name.as_deref(), owner: owner.as_deref() };
            let token = fleet::register(registry, world, new).await.map_err(Failure::new)?.token;
            if let Some(topic) = &topic {
                fleet::name_topic(registry, world, &Actor::COMMAND_LINE, &id, Some(topic)).await.map_err(Failure::new)?;
                tell_from_when(settings, &id, Some(topic));
            }
            (id, token)
        }
        Device::Token { id, keep_old, .. } => {
            if keep_old && security.is_some() {
                // It keeps one password for each account.
                return Err(Failure::wrong_use(
                    "an external broker knows one token of a device alone: give it a new one without --keep-old",
                ));
            }
            let before = if keep_old { Before::GoesOn } else { Before::Ends };
            let token = fleet::new_token(registry, world, &Actor::COMMAND_LINE, &id, before).await.map_err(Failure::new)?;
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
