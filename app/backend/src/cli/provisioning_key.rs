//! `vigia provisioning-key add NAME [--kind KIND] [--days N]`, `vigia provisioning-key revoke NAME`

use clap::Subcommand;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceNumber;

use super::Failure;
use super::failure::{mention, say};
use crate::auth::token::{self, Kind};
use crate::db::audit::{Actor, By};
use crate::db::{Databases, DbError, state, unclaimed};
use crate::world::World;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

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
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=3650))]
        days: i64,
    },
    /// End a key: no device comes in with it any more
    Revoke {
        /// Its name
        name: String,
    },
}

pub(super) async fn run(verb: ProvisioningKey, databases: &Databases, world: &World) -> Result<(), Failure> {
    let by = By { actor: &Actor::COMMAND_LINE, at_ms: world.clock.now_ms() };
    match verb {
        ProvisioningKey::Add { name, kind, days } => {
            let key = token::make(world, Kind::Provisioning);
            let hash = token::hash(key.as_bytes());
            unclaimed::insert_key(&databases.registry, &name, &hash, kind, Some(by.at_ms + days * DAY_MS), by).await.map_err(|e| {
                if e.is_duplicate() { Failure::new(format!("a provisioning key {name} exists already")) } else { Failure::new(e) }
            })?;
            say(key)
        }
        ProvisioningKey::Revoke { name } => {
            let forgotten = unclaimed::revoke_key(&databases.registry, &name, by).await.map_err(|error| match error {
                DbError::Missing(_) => Failure::new(format!("there is no provisioning key {name} that is good")),
                other => Failure::new(other),
            })?;
            for number in forgotten {
                state::forget(&databases.telemetry, DeviceNumber(-number)).await.map_err(Failure::new)?;
            }
            mention(format!("no device comes in with the provisioning key {name} any more"));
            Ok(())
        }
    }
}
