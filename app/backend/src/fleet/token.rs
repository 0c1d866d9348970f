//! The tokens of a device: one, and during a change-over two, so that a device that is far away is given another one while it goes on with the
//! one that it has.

use vigia_domain::ids::DeviceId;

use super::register::RegisterError;
use crate::auth::token::{self, Kind};
use crate::db::audit::{Actor, By};
use crate::db::device_tokens;
use crate::db::devices::{Device, OldToken};
use crate::db::{Db, DbError};
use crate::world::World;

/// How long the token before goes on after the newest one was used for the first time: whoever tried it out beforehand has not cut off the
/// device that does not have it yet.
pub const OVERLAP_MS: i64 = 7 * 24 * 60 * 60 * 1000;

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

/// Whether this is a token of the device that is good now. The first use of a new one is noted.
///
/// # Errors
/// [`DbError`] when it could not be noted.
pub async fn is_of(registry: &Db, device: &Device, token: &[u8], now_ms: i64) -> Result<bool, DbError> {
    if token::fits(token, &device.token_hash) {
        if device.old_token.as_ref().is_some_and(|old| old.until_ms.is_none()) {
            // One that another has followed since is none of its tokens any more.
            return device_tokens::used_newest(registry, &device.id, &device.token_hash, now_ms + OVERLAP_MS).await;
        }
        return Ok(true);
    }
    Ok(device.old_token.as_ref().is_some_and(|old| is_good(old, now_ms) && token::fits(token, &old.hash)))
}

fn is_good(old: &OldToken, now_ms: i64) -> bool {
    old.until_ms.is_none_or(|until_ms| until_ms > now_ms)
}
