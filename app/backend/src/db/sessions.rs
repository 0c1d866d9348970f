//! Table `sessions`: browsers in which somebody is signed in.

use serde_json::json;
use vigia_domain::ids::UserId;

use super::audit::{self, By};
use super::{Db, DbError, in_tx, on};

/// A session as it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What it holds, as JSON.
    pub data: String,
    /// When it was last used; at most an hour late.
    pub used_ms: i64,
}

/// Which sessions are still good: those used and begun after these times.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    /// Last use, milliseconds since the epoch.
    pub used_ms: i64,
    /// Beginning, likewise.
    pub began_ms: i64,
}

/// The session with this id, if it is still good.
///
/// # Errors
/// [`DbError`].
pub async fn load(db: &Db, id_hash: &str, since: Since) -> Result<Option<Kept>, DbError> {
    const SQL: &str = "SELECT data, used_ms FROM sessions WHERE id_hash = $1 AND used_ms > $2 AND began_ms > $3";
    let row: Option<(String, i64)> =
        on!(db, |c| sqlx::query_as(SQL).bind(id_hash).bind(since.used_ms).bind(since.began_ms).fetch_optional(c).await)?;
    Ok(row.map(|(data, used_ms)| Kept { data, used_ms }))
}

/// Begins a session; `way` is how its user came in.
///
/// # Errors
/// [`DbError::is_duplicate`] when the id is taken.
pub async fn insert(db: &Db, id_hash: &str, user: Option<UserId>, way: &str, data: &str, now_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO sessions (id_hash, user_id, data, began_ms, used_ms) VALUES ($1, $2, $3, $4, $4)";
    in_tx!(db, |tx| {
        sqlx::query(SQL).bind(id_hash).bind(user.map(|u| u.0)).bind(data).bind(now_ms).execute(&mut *tx).await?;
        if let Some(user) = user {
            let actor = format!("user:{}", user.0);
            audit::note!(tx, By { actor: &actor, at_ms: now_ms }, "session.begin", way, json!({}));
        }
    });
    Ok(())
}

/// Writes what a session holds.
///
/// # Errors
/// [`DbError::Missing`] when it has ended in the meantime: whoever signed out is not brought back.
pub async fn update(db: &Db, id_hash: &str, user: Option<UserId>, data: &str) -> Result<(), DbError> {
    const SQL: &str = "UPDATE sessions SET user_id = $2, data = $3 WHERE id_hash = $1";
    let rows = in_tx!(db, |tx| sqlx::query(SQL).bind(id_hash).bind(user.map(|u| u.0)).bind(data).execute(&mut *tx).await?.rows_affected());
    if rows == 1 { Ok(()) } else { Err(DbError::Missing("sessions")) }
}

/// Notes that a session is in use. One that has ended stays so.
///
/// # Errors
/// [`DbError`].
pub async fn touch(db: &Db, id_hash: &str, now_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "UPDATE sessions SET used_ms = $2 WHERE id_hash = $1";
    in_tx!(db, |tx| sqlx::query(SQL).bind(id_hash).bind(now_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}

/// Ends a session, if it has not ended yet.
///
/// # Errors
/// [`DbError`].
pub async fn delete(db: &Db, id_hash: &str) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM sessions WHERE id_hash = $1";
    in_tx!(db, |tx| sqlx::query(SQL).bind(id_hash).execute(&mut *tx).await?.rows_affected());
    Ok(())
}

/// Removes sessions that are no longer good.
///
/// # Errors
/// [`DbError`].
pub async fn tidy(db: &Db, since: Since) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM sessions WHERE used_ms <= $1 OR began_ms <= $2";
    in_tx!(db, |tx| sqlx::query(SQL).bind(since.used_ms).bind(since.began_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}
