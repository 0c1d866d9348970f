//! Whether a device's token is good: it has one, and during a change-over two (`fleet/token.rs` makes them).

use super::token;
use crate::db::devices::{Device, OldToken};
use crate::db::{Db, DbError, device_tokens};

/// How long the token before goes on after the newest one was used for the first time: whoever tried it out beforehand has not cut off the
/// device that does not have it yet.
pub const OVERLAP_MS: i64 = 7 * 24 * 60 * 60 * 1000;

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
