//! `vigia api-key add NAME --scope S[,S]`

use clap::Subcommand;
use vigia_domain::rights::Scope;

use super::Failure;
use super::failure::say;
use crate::auth::token::{self, Kind};
use crate::db::Databases;
use crate::db::audit::{Actor, By};
use crate::db::keys::{self, NewKey};
use crate::world::World;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Subcommand)]
pub(super) enum ApiKey {
    /// Make a key; prints it, once
    Add {
        /// What it is for
        name: String,
        /// telemetry:read, telemetry:write, metrics:read, devices:control, admin; several with commas
        #[arg(long, required = true, value_delimiter = ',')]
        scope: Vec<Scope>,
        /// For how many days it is good; without end when not given
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..=3650))]
        days: Option<i64>,
    },
}

pub(super) async fn run(verb: ApiKey, databases: &Databases, world: &World) -> Result<(), Failure> {
    let ApiKey::Add { name, scope, days } = verb;
    let key = token::make(world, Kind::ApiKey);
    let by = By { actor: &Actor::COMMAND_LINE, at_ms: world.clock.now_ms() };
    let new = NewKey {
        name: &name,
        hash: &token::hash(key.as_bytes()),
        scopes: &scope,
        owner: None,
        expires_ms: days.map(|days| by.at_ms + days * DAY_MS),
    };
    keys::insert(&databases.registry, new, by)
        .await
        .map_err(|e| if e.is_duplicate() { Failure::new(format!("a key {name} exists already")) } else { Failure::new(e) })?;
    say(key)
}
