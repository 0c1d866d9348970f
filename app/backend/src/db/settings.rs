//! Table `settings`: what the program remembers of its own, beside the settings file.

use data_encoding::HEXLOWER;

use super::{Db, DbError, in_tx, on};
use crate::world::World;

/// The key of the installation's name.
pub(super) const INSTALLATION: &str = "installation";

/// The value of a key.
///
/// # Errors
/// [`DbError`].
pub async fn get(db: &Db, key: &str) -> Result<Option<String>, DbError> {
    const SQL: &str = "SELECT value FROM settings WHERE key = $1";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(key).fetch_optional(c).await)?)
}

/// Sets a key.
///
/// # Errors
/// [`DbError`].
pub async fn set(db: &Db, key: &str, value: &str) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    in_tx!(db, |tx| sqlx::query(SQL).bind(key).bind(value).execute(&mut *tx).await?.rows_affected());
    Ok(())
}

/// The installation's own name, made once: every process on this database has the same, and no other database has it but a copy of this one.
/// Letters and digits.
///
/// # Errors
/// [`DbError`].
pub async fn installation(registry: &Db, world: &World) -> Result<String, DbError> {
    const MAKE: &str = "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
    if let Some(name) = get(registry, INSTALLATION).await? {
        return Ok(name);
    }
    let made = HEXLOWER.encode(&world.bytes::<16>());
    in_tx!(registry, |tx| sqlx::query(MAKE).bind(INSTALLATION).bind(&made).execute(&mut *tx).await?.rows_affected());
    // Another process may have been first. Asked where it was written: nothing else has it yet.
    Ok(get(registry, INSTALLATION).await?.unwrap_or(made))
}
