//! The tokens of a device: one, and during a change-over two, so that a device that is far away is given another one while it goes on with the
//! one that it has.

use vigia_domain::ids::DeviceId;

use super::register::RegisterError;
use crate::auth::token::{self, Kind};
use crate::db::audit::{Actor, By};
use crate::db::device_tokens;
use crate::db::{Db, DbError};
use crate::world::World;

/// What becomes of the token that a device has when it gets another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// It is worthless from then on.
    Ends,
    /// It goes on until somebody ends it, or until a week after the new one was used.
    GoesOn,
}

/// Gives a device a new token.
///
/// # Errors
/// [`RegisterError::Missing`], [`RegisterError::Db`]; nothing was written then.
pub async fn new_token(registry: &Db, world: &World, actor: &Actor, id: &DeviceId, before: Before) -> Result<String, RegisterError> {
    let token = token::make(world, Kind::Device);
    let (hash, by) = (token::hash(token.as_bytes()), By { actor, at_ms: world.clock.now_ms() });
    let done = match before {
        Before::Ends => device_tokens::replace(registry, id, &hash, by).await,
        Before::GoesOn => device_tokens::add(registry, id, &hash, by).await,
    };
    done.map_err(|error| match error {
        DbError::Missing(_) => RegisterError::Missing(id.clone()),
        error => error.into(),
    })?;
    Ok(token)
}
