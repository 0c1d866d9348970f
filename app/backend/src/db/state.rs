//! Tables `attributes` and `quarantine`: what a device last said of itself, and what was not taken from it.

use std::collections::BTreeMap;

use vigia_domain::device::Quarantined;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::reason::Reason;

use super::{Db, DbError, on};

/// Texts that a device told of itself, by name.
///
/// # Errors
/// [`DbError`].
pub async fn attributes(db: &Db, device: DeviceNumber) -> Result<BTreeMap<String, String>, DbError> {
    const SQL: &str = "SELECT name, value FROM attributes WHERE device = $1 ORDER BY name";
    let rows: Vec<(String, String)> = on!(db, |c| sqlx::query_as(SQL).bind(device.0).fetch_all(c).await)?;
    Ok(rows.into_iter().collect())
}

/// The newest refusals of a device, newest first.
///
/// # Errors
/// [`DbError`].
pub async fn quarantine(db: &Db, device: DeviceNumber, limit: i64) -> Result<Vec<Quarantined>, DbError> {
    const SQL: &str = "SELECT received_ms, source, reason, excerpt, bytes FROM quarantine WHERE device = $1 ORDER BY id DESC LIMIT $2";
    type Row = (i64, String, String, Vec<u8>, i64);
    let rows: Vec<Row> = on!(db, |c| sqlx::query_as(SQL).bind(device.0).bind(limit).fetch_all(c).await)?;
    Ok(rows
        .into_iter()
        .map(|(received_ms, source, reason, excerpt, bytes)| (received_ms, source, Reason::from_stored(reason), excerpt, bytes))
        .map(|(received_ms, source, cause, excerpt, bytes)| Quarantined {
            received_ms,
            source,
            reason: cause.to_string(),
            cause,
            excerpt: String::from_utf8_lossy(&excerpt).into_owned(),
            bytes,
        })
        .collect())
}
