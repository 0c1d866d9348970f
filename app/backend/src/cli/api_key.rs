//! `vigia api-key add NAME --scope S[,S]`

use clap::Subcommand;
use serde_json::json;
use vigia_domain::rights::Scope;

use super::Failure;
use super::failure::say;
use crate::auth::token::{self, Kind};
use crate::db::{Databases, audit, keys};
use crate::world::World;

#[derive(Debug, Subcommand)]
pub(super) enum ApiKey {
    /// Make a key; prints it, once
    Add {
        /// What it is for
        name: String,
        /// telemetry:read, telemetry:write, metrics:read, admin; several with commas
        #[arg(long, required = true, value_delimiter = ',')]
        scope: Vec<Scope>,
    },
}

pub(super) async fn run(verb: ApiKey, databases: &Databases, world: &World) -> Result<(), Failure> {
    let ApiKey::Add { name, scope } = verb;
    let key = token::make(world, Kind::ApiKey);
    let now_ms = world.clock.now_ms();
    keys::insert(&databases.registry, &name, &token::hash(key.as_bytes()), &scope, now_ms)
        .await
        .map_err(|e| if e.is_duplicate() { Failure::new(format!("a key {name} exists already")) } else { Failure::new(e) })?;
    let scopes: Vec<_> = scope.iter().map(|s| s.as_str()).collect();
    audit::note(&databases.registry, now_ms, "command-line", "api-key.add", &name, &json!({ "scopes": scopes }))
        .await
        .map_err(Failure::new)?;
    say(key)
}
