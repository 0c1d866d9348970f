//! Table `api_keys`.

use serde_json::json;
use vigia_domain::ids::KeyId;
use vigia_domain::rights::Scope;

use super::audit::{self, By};
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
pub async fn insert(db: &Db, name: &str, hash: &str, scopes: &[Scope], by: By<'_>) -> Result<KeyId, DbError> {
    const SQL: &str = "INSERT INTO api_keys (name, key_hash, scopes, created_ms) VALUES ($1, $2, $3, $4) RETURNING id";
    let scopes: Vec<_> = scopes.iter().map(|s| s.as_str()).collect();
    let id: i64 = in_tx!(db, |tx| {
        let key = sqlx::query_scalar(SQL).bind(name).bind(hash).bind(scopes.join(",")).bind(by.at_ms);
        let id = key.fetch_one(&mut *tx).await?;
        audit::note!(tx, by, "api-key.add", name, json!({ "scopes": scopes }));
        id
    });
    Ok(KeyId(id))
}
