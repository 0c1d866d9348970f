//! Table `settings`: what the program remembers of its own, beside the settings file.

use super::{Db, DbError, in_tx, on};

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
