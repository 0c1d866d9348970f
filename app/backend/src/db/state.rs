//! Tables `device_state`, `attributes` and `quarantine`: what a device last said of itself, and what was not taken from it.

use std::collections::{BTreeMap, HashMap};

use vigia_domain::device::Quarantined;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::reason::Reason;

use super::{Db, DbError, on};

/// When each of these devices last said that it goes offline, if that was its last word on it.
///
/// # Errors
/// [`DbError`].
pub async fn goodbyes(db: &Db, devices: &[DeviceNumber]) -> Result<HashMap<DeviceNumber, i64>, DbError> {
    if devices.is_empty() {
        return Ok(HashMap::new());
    }
    // Numbers only, made by us: they may stand in the text, which both databases take as one list.
    let list = devices.iter().map(|d| d.0.to_string()).collect::<Vec<_>>().join(",");
    let sql = format!("SELECT device, online_ms FROM device_state WHERE online = 0 AND online_ms IS NOT NULL AND device IN ({list})");
    let rows: Vec<(i64, i64)> = on!(db, |c| sqlx::query_as(&sql).persistent(false).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(device, at)| (DeviceNumber(device), at)).collect())
}

/// The same of every device.
///
/// # Errors
/// [`DbError`].
pub async fn all_goodbyes(db: &Db) -> Result<HashMap<DeviceNumber, i64>, DbError> {
    const SQL: &str = "SELECT device, online_ms FROM device_state WHERE online = 0 AND online_ms IS NOT NULL";
    let rows: Vec<(i64, i64)> = on!(db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(device, at)| (DeviceNumber(device), at)).collect())
}

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
