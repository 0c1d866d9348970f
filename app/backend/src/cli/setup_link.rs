//! `vigia setup-link`

use super::Failure;
use super::failure::say;
use crate::auth::links;
use crate::config::Settings;
use crate::db::Databases;
use crate::world::World;

pub(super) async fn run(databases: &Databases, settings: &Settings, world: &World) -> Result<(), Failure> {
    say(links::setup(&databases.registry, world, &settings.http.base_url(settings.http.listen)).await.map_err(Failure::new)?)
}
