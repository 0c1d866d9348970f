//! `vigia provisioning-key add NAME [--kind KIND] [--days N]`, `vigia provisioning-key revoke NAME`

use clap::Subcommand;
use vigia_domain::device::DeviceKind;

use super::Failure;
use super::failure::{mention, say};
use crate::db::Databases;
use crate::db::audit::Actor;
use crate::fleet::provisioning_key::{self, MOST_DAYS, USUAL_DAYS, Wanted};
use crate::world::World;

#[derive(Debug, Subcommand)]
pub(super) enum ProvisioningKey {
    /// Make a key; prints it, once
    Add {
        /// What it is for, as a batch of devices
        name: String,
        /// energy_meter, switch, biodigester, pill_dispenser or other: what its devices are
        #[arg(long)]
        kind: Option<DeviceKind>,
        /// For how many days it is good
        #[arg(long, default_value_t = USUAL_DAYS, value_parser = clap::value_parser!(i64).range(1..=MOST_DAYS))]
        days: i64,
    },
    /// End a key: no device comes in with it any more
    Revoke {
        /// Its name
        name: String,
    },
}

pub(super) async fn run(verb: ProvisioningKey, databases: &Databases, world: &World) -> Result<(), Failure> {
    match verb {
        ProvisioningKey::Add { name, kind, days } => {
            let wanted = Wanted { name: &name, kind, days };
            say(provisioning_key::make(databases, world, wanted, &Actor::COMMAND_LINE).await.map_err(Failure::new)?)
        }
        ProvisioningKey::Revoke { name } => {
            provisioning_key::revoke(databases, world, &name, &Actor::COMMAND_LINE).await.map_err(Failure::new)?;
            mention(format!("no device comes in with the provisioning key {name} any more"));
            Ok(())
        }
    }
}
