//! The tokens of devices, in table `devices`: one, and during a change-over the one before it, too.

use serde_json::json;
use vigia_domain::ids::DeviceId;

use super::audit::{self, Actor, By};
use super::{Db, DbError, in_tx, on};

/// Gives a device a new token; every other one is worthless from then on.
///
/// # Errors
/// [`DbError::Missing`] when there is no such device.
pub async fn replace(db: &Db, id: &DeviceId, token_hash: &str, by: By<'_>) -> Result<(), DbError> {
    const SQL: &str = "UPDATE devices SET token_hash = $2, old_token_hash = NULL, old_until_ms = NULL WHERE device_id = $1";
    in_tx!(db, |tx| {
        if sqlx::query(SQL).bind(id.as_str()).bind(token_hash).execute(&mut *tx).await?.rows_affected() != 1 {
            return Err(DbError::Missing("devices"));
        }
        sqlx::query(super::gateways::CHANGED).execute(&mut *tx).await?;
        audit::note!(tx, by, "device.token", id.as_str(), json!({}));
    });
    Ok(())
}

/// Gives a device a new token beside the one that it uses now. Of a change-over whose new token nobody ever used, that one is given up.
///
/// # Errors
/// [`DbError::Missing`] when there is no such device.
pub async fn add(db: &Db, id: &DeviceId, token_hash: &str, by: By<'_>) -> Result<(), DbError> {
    const SQL: &str = "UPDATE devices SET token_hash = $2, old_until_ms = NULL, old_token_hash = CASE \
                       WHEN old_token_hash IS NOT NULL AND old_until_ms IS NULL THEN old_token_hash ELSE token_hash END WHERE device_id = $1";
    in_tx!(db, |tx| {
        if sqlx::query(SQL).bind(id.as_str()).bind(token_hash).execute(&mut *tx).await?.rows_affected() != 1 {
            return Err(DbError::Missing("devices"));
        }
        audit::note!(tx, by, "device.token.add", id.as_str(), json!({}));
    });
    Ok(())
}

/// Ends the token before the newest. `false`: there is none, or no such device.
///
/// # Errors
/// [`DbError`].
pub async fn end_old(db: &Db, id: &DeviceId, by: By<'_>) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE devices SET old_token_hash = NULL, old_until_ms = NULL WHERE device_id = $1 AND old_token_hash IS NOT NULL";
    in_tx!(db, |tx| {
        if sqlx::query(SQL).bind(id.as_str()).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
        // Whoever is in with it shall be out: the device comes again with the newer one.
        sqlx::query(super::gateways::CHANGED).execute(&mut *tx).await?;
        audit::note!(tx, by, "device.token", id.as_str(), json!({ "ended": "old" }));
    });
    Ok(true)
}

/// Notes that the newest token of a device, which has this hash, was used: the one before it is good until then, milliseconds since the epoch.
/// `false`: it is not the newest any more.
///
/// # Errors
/// [`DbError`].
pub async fn used_newest(db: &Db, id: &DeviceId, token_hash: &str, until_ms: i64) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE devices SET old_until_ms = COALESCE(old_until_ms, $3) WHERE device_id = $1 AND token_hash = $2";
    Ok(in_tx!(db, |tx| sqlx::query(SQL).bind(id.as_str()).bind(token_hash).bind(until_ms).execute(&mut *tx).await?.rows_affected()) == 1)
}

/// Ends the tokens whose time is over, and with them the connections of who came with one.
///
/// # Errors
/// [`DbError`].
pub async fn end_overdue(db: &Db, now_ms: i64) -> Result<(), DbError> {
    const OVERDUE: &str = "SELECT device_id FROM devices WHERE old_token_hash IS NOT NULL AND old_until_ms <= $1";
    let overdue: Vec<String> = on!(db, |c| sqlx::query_scalar(OVERDUE).bind(now_ms).fetch_all(c).await)?;
    for id in overdue {
        let id = DeviceId::new(id.clone()).map_err(|_| DbError::Unreadable { table: "devices", column: "device_id", found: id })?;
        end_old(db, &id, By { actor: &CHANGE_OVER, at_ms: now_ms }).await?;
    }
    Ok(())
}

/// Who ends a token when its time is over. Not the system, whose own change of a token is a device's first and ends nothing.
const CHANGE_OVER: Actor = Actor::named("change-over");
