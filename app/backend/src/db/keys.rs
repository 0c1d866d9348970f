//! Table `api_keys`.

use vigia_domain::ids::KeyId;
use vigia_domain::rights::Scope;

use super::{Db, DbError, in_tx, on};

/// The scopes of the key with this hash, if it is not revoked.
///
/// # Errors
/// [`DbError`].
pub async fn by_hash(db: &Db, hash: &str) -> Result<Option<(KeyId, Vec<Scope>)>, DbError> {
    const SQL: &str = "SELECT id, scopes FROM api_keys WHERE key_hash = $1 AND revoked_ms IS NULL";
    let row: Option<(i64, String)> = on!(db, |c| sqlx::query_as(SQL).bind(hash).fetch_optional(c).await)?;
    let Some((id, text)) = row else { return Ok(None) };
    let scopes = text.split(',').map(str::parse).collect::<Result<_, _>>();
    let scopes = scopes.map_err(|_| DbError::Unreadable { table: "api_keys", column: "scopes", found: text.clone() })?;
    Ok(Some((KeyId(id), scopes)))
}

/// Adds a key.
///
/// # Errors
/// [`DbError::is_duplicate`] when the name is taken.
pub async fn insert(db: &Db, name: &str, hash: &str, scopes: &[Scope], now_ms: i64) -> Result<KeyId, DbError> {
    const SQL: &str = "INSERT INTO api_keys (name, key_hash, scopes, created_ms) VALUES ($1, $2, $3, $4) RETURNING id";
    let scopes = scopes.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(",");
    let id: i64 = in_tx!(db, |tx| sqlx::query_scalar(SQL).bind(name).bind(hash).bind(scopes).bind(now_ms).fetch_one(&mut *tx).await?);
    Ok(KeyId(id))
}
