//! Table `audit`: who did what, append-only.

use super::{Db, DbError, in_tx};

/// Notes that `actor` did `action` on `target`. `detail` never holds a secret.
///
/// # Errors
/// [`DbError`].
pub async fn note(db: &Db, at_ms: i64, actor: &str, action: &str, target: &str, detail: &serde_json::Value) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO audit (at_ms, actor, action, target, detail) VALUES ($1, $2, $3, $4, $5)";
    in_tx!(db, |tx| sqlx::query(SQL)
        .bind(at_ms)
        .bind(actor)
        .bind(action)
        .bind(target)
        .bind(detail.to_string())
        .execute(&mut *tx)
        .await?
        .rows_affected());
    Ok(())
}
