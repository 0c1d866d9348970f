//! Links that work once. The code stands behind the `#` of the address, which no browser sends and no server logs.

use vigia_domain::ids::UserId;

use super::token::{self, Kind};
use crate::db::links::{self, Purpose};
use crate::db::{Db, DbError};
use crate::world::World;

/// How long the link to make the first administrator works.
pub const SETUP_MS: i64 = 24 * 60 * 60 * 1000;
/// How long the demo's link works.
pub const ENTER_MS: i64 = 24 * 60 * 60 * 1000;

/// How long a link works that came by mail.
pub const MAILED_MS: i64 = 15 * 60 * 1000;
/// How long the link of an invitation or a registration works.
pub const JOIN_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// A new link to make an administrator.
///
/// # Errors
/// [`DbError`].
pub async fn setup(registry: &Db, world: &World, base: &str) -> Result<String, DbError> {
    make(registry, world, base, Purpose::Setup, None, SETUP_MS).await
}

/// A new link that signs a user in.
///
/// # Errors
/// [`DbError`].
pub async fn enter(registry: &Db, world: &World, base: &str, user: UserId) -> Result<String, DbError> {
    make(registry, world, base, Purpose::Enter, Some(user), ENTER_MS).await
}

/// A new link for a mail.
///
/// # Errors
/// [`DbError`].
pub async fn mailed(registry: &Db, world: &World, base: &str, purpose: Purpose, user: UserId) -> Result<String, DbError> {
    make(registry, world, base, purpose, Some(user), MAILED_MS).await
}

/// A new link to come in with for the first time.
///
/// # Errors
/// [`DbError`].
pub async fn join(registry: &Db, world: &World, base: &str, user: UserId) -> Result<String, DbError> {
    make(registry, world, base, Purpose::Join, Some(user), JOIN_MS).await
}

async fn make(registry: &Db, world: &World, base: &str, purpose: Purpose, user: Option<UserId>, life_ms: i64) -> Result<String, DbError> {
    let code = token::make(world, Kind::Link);
    let now_ms = world.clock.now_ms();
    links::insert(registry, &token::hash(code.as_bytes()), purpose, user, now_ms, now_ms + life_ms).await?;
    let page = match purpose {
        Purpose::Setup => "setup",
        Purpose::Enter => "enter",
        Purpose::Reset => "reset",
        Purpose::Join => "join",
    };
    Ok(format!("{base}/{page}#{code}"))
}
