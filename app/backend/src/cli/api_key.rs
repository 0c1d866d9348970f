//! `vigia api-key add NAME --scope S[,S]`

use clap::Subcommand;
use vigia_domain::rights::Scope;

use super::Failure;
use super::failure::say;
use crate::auth::token::{self, Kind};
use crate::db::audit::By;
use crate::db::{Databases, keys};
use crate::world::World;

#[derive(Debug, Subcommand)]
pub(super) enum ApiKey {
    /// Make a key; prints it, once
    Add {
        /// What it is for
        name: String,
        /// telemetry:read, telemetry:write, metrics:read, devices:control, admin; several with commas
        #[arg(long, required = true, value_delimiter = ',')]
        scope: Vec<Scope>,
    },
}

pub(super) async fn run(verb: ApiKey, databases: &Databases, world: &World) -> Result<(), Failure> {
    let ApiKey::Add { name, scope } = verb;
    let key = token::make(world, Kind::ApiKey);
    let by = By { actor: super::ACTOR, at_ms: world.clock.now_ms() };
    keys::insert(&databases.registry, &name, &token::hash(key.as_bytes()), &scope, by)
        .await
        .map_err(|e| if e.is_duplicate() { Failure::new(format!("a key {name} exists already")) } else { Failure::new(e) })?;
    say(key)
}
