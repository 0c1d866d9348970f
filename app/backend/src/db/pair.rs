//! SQLite's two files belong together: devices are numbers in one and names in the other. A folder of which one half was lost, or came from
//! another backup, would hand one customer's readings to another.

use super::settings::INSTALLATION as KEY;
use super::{Db, DbError, in_tx, on, settings};

const MARK: &str = "SELECT installation FROM telemetry_of WHERE one = 1";

/// Whether the files belong together. Files without anything in them yet, or of a version that did not mark them, are marked now.
pub(super) async fn belong_together(registry: &Db, telemetry: &Db) -> Result<bool, DbError> {
    let ours = settings::get(registry, KEY).await?;
    let theirs = of(telemetry).await?;
    if let (Some(ours), true) = (&ours, ours == theirs) {
        remember(telemetry, ours);
        return Ok(true);
    }
    // Whoever puts a new file in the place of a damaged one may end before it is marked.
    if let (Some(ours), None) = (&ours, &theirs)
        && !telemetry.set_aside().is_empty()
        && !has_readings(telemetry).await?
    {
        write(telemetry, ours).await?;
        return Ok(true);
    }
    let is_marked = ours.is_some() || theirs.is_some();
    if is_marked && (has_devices(registry).await? || has_readings(telemetry).await?) {
        return Ok(false);
    }
    // The mark of either serves; a process that ended between the two left one of them.
    let name: String = match ours.or(theirs) {
        Some(name) => name,
        None => on!(registry, |c| sqlx::query_scalar("SELECT lower(hex(randomblob(16)))").fetch_one(c).await)?,
    };
    settings::set(registry, KEY, &name).await?;
    write(telemetry, &name).await?;
    Ok(true)
}

/// Marks a new file of readings, which takes the place of one that was damaged, as belonging to this registry.
pub(super) async fn mark(registry: &Db, telemetry: &Db) -> Result<(), DbError> {
    match settings::get(registry, KEY).await? {
        Some(name) => write(telemetry, &name).await,
        None => belong_together(registry, telemetry).await.map(drop),
    }
}

/// For the time when the file cannot be asked any more.
fn remember(telemetry: &Db, name: &str) {
    if let Db::Sqlite(pools) = telemetry {
        let _ = pools.installation.set(name.to_owned());
    }
}

/// The mark of a file of readings, if it has one.
async fn of(telemetry: &Db) -> Result<Option<String>, DbError> {
    Ok(on!(telemetry, |c| sqlx::query_scalar(MARK).fetch_optional(c).await)?)
}

/// Writes the mark of a file of readings.
pub(super) async fn write(telemetry: &Db, name: &str) -> Result<(), DbError> {
    const WRITE: &str =
        "INSERT INTO telemetry_of (one, installation) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET installation = excluded.installation";
    in_tx!(telemetry, |tx| sqlx::query(WRITE).bind(name).execute(&mut *tx).await?.rows_affected());
    remember(telemetry, name);
    Ok(())
}

async fn has_devices(registry: &Db) -> Result<bool, DbError> {
    Ok(on!(registry, |c| sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM devices)").fetch_one(c).await)?)
}

async fn has_readings(telemetry: &Db) -> Result<bool, DbError> {
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM samples) OR EXISTS (SELECT 1 FROM log) OR EXISTS (SELECT 1 FROM chunks)
        OR EXISTS (SELECT 1 FROM latest) OR EXISTS (SELECT 1 FROM device_state)
        OR EXISTS (SELECT 1 FROM events) OR EXISTS (SELECT 1 FROM attributes) OR EXISTS (SELECT 1 FROM quarantine)";
    Ok(on!(telemetry, |c| sqlx::query_scalar(SQL).fetch_one(c).await)?)
}
