//! Table `signing_keys`: what access tokens are checked by. What signs them is not here.

use super::{Db, DbError, in_tx, on};

/// Adds a key, unless it is there.
///
/// # Errors
/// [`DbError`].
pub async fn add(db: &Db, kid: &str, public_key: &str, now_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO signing_keys (kid, public_key, created_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    in_tx!(db, |tx| sqlx::query(SQL).bind(kid).bind(public_key).bind(now_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}

/// The key with this name.
///
/// # Errors
/// [`DbError`].
pub async fn get(db: &Db, kid: &str) -> Result<Option<String>, DbError> {
    const SQL: &str = "SELECT public_key FROM signing_keys WHERE kid = $1";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(kid).fetch_optional(c).await)?)
}

/// Removes keys that nothing is signed by any more.
///
/// # Errors
/// [`DbError`].
pub async fn tidy(db: &Db, before_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM signing_keys WHERE created_ms < $1";
    in_tx!(db, |tx| sqlx::query(SQL).bind(before_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}
