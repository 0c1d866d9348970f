//! SQLite's two files belong together: devices are numbers in one and names in the other. A folder of which one half was lost, or came from
//! another backup, would hand one customer's readings to another.

use super::{DbError, Sqlite};

/// The key in `settings`.
const KEY: &str = "installation";

/// Whether the files belong together. Files without anything in them yet, or of a version that did not mark them, are marked now.
pub(super) async fn belong_together(registry: &Sqlite, telemetry: &Sqlite) -> Result<bool, DbError> {
    let ours: Option<String> =
        sqlx::query_scalar("SELECT value FROM settings WHERE key = $1").bind(KEY).fetch_optional(&registry.write).await?;
    let theirs: Option<String> =
        sqlx::query_scalar("SELECT installation FROM telemetry_of WHERE one = 1").fetch_optional(&telemetry.write).await?;
    if ours.is_some() && ours == theirs {
        return Ok(true);
    }
    let is_marked = ours.is_some() || theirs.is_some();
    if is_marked && (has_devices(registry).await? || has_readings(telemetry).await?) {
        return Ok(false);
    }
    // The mark of either serves; a process that ended between the two left one of them.
    let name: String = match ours.or(theirs) {
        Some(name) => name,
        None => sqlx::query_scalar("SELECT lower(hex(randomblob(16)))").fetch_one(&registry.write).await?,
    };
    const OURS: &str = "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    const THEIRS: &str =
        "INSERT INTO telemetry_of (one, installation) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET installation = excluded.installation";
    sqlx::query(OURS).bind(KEY).bind(&name).execute(&registry.write).await?;
    sqlx::query(THEIRS).bind(&name).execute(&telemetry.write).await?;
    Ok(true)
}

async fn has_devices(registry: &Sqlite) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM devices)").fetch_one(&registry.write).await?)
}

async fn has_readings(telemetry: &Sqlite) -> Result<bool, DbError> {
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM samples) OR EXISTS (SELECT 1 FROM log) OR EXISTS (SELECT 1 FROM chunks) OR EXISTS (SELECT 1 FROM latest) OR EXISTS (SELECT 1 FROM device_state)
        OR EXISTS (SELECT 1 FROM events) OR EXISTS (SELECT 1 FROM attributes) OR EXISTS (SELECT 1 FROM quarantine)";
    Ok(sqlx::query_scalar(SQL).fetch_one(&telemetry.write).await?)
}
