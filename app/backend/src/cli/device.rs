//! `vigia device add ID --kind KIND [--name N] [--owner EMAIL]`

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
    },
}

pub(super) async fn run(verb: Device, databases: &Databases, world: &World) -> Result<(), Failure> {
    let Device::Add { id, kind, name, owner } = verb;
    let new = NewDevice { actor: super::ACTOR, id: &id, kind, name: name.as_deref(), owner: owner.as_deref() };
    say(fleet::register(&databases.registry, world, new).await.map_err(Failure::new)?.token)
}
