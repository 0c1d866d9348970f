//! Tables `attributes` and `quarantine`: what a device last said of itself, and what was not taken from it.

use std::collections::{BTreeMap, HashMap};

use vigia_domain::device::Quarantined;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::reason::Reason;

use super::{Db, DbError, in_tx, on};

/// Names of the texts that stand on a device's card in the stream of events.
const CARD: [&str; 7] = ["estado", "modo", "tipo", "modelo", "model", "descripcion", "description"];

/// Texts that a device told of itself, by name.
///
/// # Errors
/// [`DbError`].
pub async fn attributes(db: &Db, device: DeviceNumber) -> Result<BTreeMap<String, String>, DbError> {
    const SQL: &str = "SELECT name, value FROM attributes WHERE device = $1 ORDER BY name";
    let rows: Vec<(String, String)> = on!(db, |c| sqlx::query_as(SQL).bind(device.0).fetch_all(c).await)?;
    Ok(rows.into_iter().collect())
}

/// What these devices said of themselves of what stands on a device's card; see `CARD`.
///
/// # Errors
/// [`DbError`].
pub async fn described(db: &Db, devices: &[DeviceNumber]) -> Result<HashMap<DeviceNumber, BTreeMap<String, String>>, DbError> {
    if devices.is_empty() {
        return Ok(HashMap::new());
    }
    // Numbers and words of our own: they may stand in the text.
    let devices = devices.iter().map(|device| device.0.to_string()).collect::<Vec<_>>().join(",");
    let names = CARD.map(|name| format!("'{name}'")).join(",");
    let sql = format!("SELECT device, name, value FROM attributes WHERE device IN ({devices}) AND name IN ({names})");
    let rows: Vec<(i64, String, String)> = on!(db, |c| sqlx::query_as(&sql).persistent(false).fetch_all(c).await)?;
    let mut found: HashMap<_, BTreeMap<_, _>> = HashMap::new();
    for (device, name, value) in rows {
        found.entry(DeviceNumber(device)).or_default().insert(name, value);
    }
    Ok(found)
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
        .map(|(received_ms, source, reason, excerpt, bytes)| {
            let cause = Reason::from_stored(reason);
            let excerpt = String::from_utf8_lossy(&excerpt).into_owned();
            Quarantined { received_ms, source, reason: cause.to_string(), cause, excerpt, bytes }
        })
        .collect())
}

/// The newest refusals since then of registered devices, `most` at most: whose, when, why.
///
/// # Errors
/// [`DbError`].
pub async fn refused_since(db: &Db, since_ms: i64, most: i64) -> Result<Vec<(DeviceNumber, i64, Reason)>, DbError> {
    const SQL: &str = "SELECT device, received_ms, reason FROM
        (SELECT id, device, received_ms, reason FROM quarantine WHERE device > 0 ORDER BY id DESC LIMIT $2) AS newest
        WHERE received_ms > $1 ORDER BY id DESC";
    let rows: Vec<(i64, i64, String)> = on!(db, |c| sqlx::query_as(SQL).bind(since_ms).bind(most).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(device, at_ms, reason)| (DeviceNumber(device), at_ms, Reason::from_stored(reason))).collect())
}

/// Gives what one device has in quarantine to another, and forgets that the first was ever seen.
///
/// # Errors
/// [`DbError`].
pub async fn hand_over(db: &Db, from: DeviceNumber, to: DeviceNumber) -> Result<(), DbError> {
    in_tx!(db, |tx| {
        sqlx::query("UPDATE quarantine SET device = $2 WHERE device = $1").bind(from.0).bind(to.0).execute(&mut *tx).await?;
        sqlx::query("DELETE FROM device_state WHERE device = $1").bind(from.0).execute(&mut *tx).await?;
    });
    Ok(())
}

/// Forgets what a device has in quarantine, and that it was ever seen.
///
/// # Errors
/// [`DbError`].
pub async fn forget(db: &Db, device: DeviceNumber) -> Result<(), DbError> {
    in_tx!(db, |tx| {
        sqlx::query("DELETE FROM quarantine WHERE device = $1").bind(device.0).execute(&mut *tx).await?;
        sqlx::query("DELETE FROM device_state WHERE device = $1").bind(device.0).execute(&mut *tx).await?;
    });
    Ok(())
}
