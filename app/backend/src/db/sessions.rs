//! Table `sessions`: browsers in which somebody is signed in.

use serde_json::json;
use vigia_domain::ids::UserId;

use super::audit::{self, Actor, By};
use super::ways_in::end_sessions;
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

/// Begins a session of a user, whom the audit log calls so; `way` is how they came in.
///
/// # Errors
/// [`DbError::is_duplicate`] when the id is taken.
pub async fn insert(
    db: &Db,
    id_hash: &str,
    (user, actor): (Option<UserId>, Option<&Actor>),
    way: &str,
    data: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO sessions (id_hash, user_id, data, began_ms, used_ms) VALUES ($1, $2, $3, $4, $4)";
    in_tx!(db, |tx| {
        sqlx::query(SQL).bind(id_hash).bind(user.map(|u| u.0)).bind(data).bind(now_ms).execute(&mut *tx).await?;
        if let Some(actor) = actor {
            audit::note!(tx, By { actor, at_ms: now_ms }, "session.begin", way, json!({}));
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

/// Removes sessions that are no longer good, and those of nobody that began before `nobodys_ms`.
///
/// # Errors
/// [`DbError`].
pub async fn tidy(db: &Db, since: Since, nobodys_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM sessions WHERE used_ms <= $1 OR began_ms <= $2 OR (user_id IS NULL AND began_ms <= $3)";
    let Since { used_ms, began_ms } = since;
    in_tx!(db, |tx| sqlx::query(SQL).bind(used_ms).bind(began_ms).bind(nobodys_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}

/// When a session began, milliseconds since the epoch: when its user signed in.
///
/// # Errors
/// [`DbError`].
pub async fn began(db: &Db, id_hash: &str) -> Result<Option<i64>, DbError> {
    const SQL: &str = "SELECT began_ms FROM sessions WHERE id_hash = $1";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(id_hash).fetch_optional(c).await)?)
}

/// Ends the sessions of a user whose account ends.
pub(super) const END_ALL: &str = "DELETE FROM sessions WHERE user_id = $1";
/// Ends the sessions of a user but for one.
pub(super) const END_OTHERS: &str = "DELETE FROM sessions WHERE user_id = $1 AND id_hash <> $2";

pub(super) const HOLD_USER: &str = "UPDATE users SET role = role WHERE id = $1";
pub(super) const IS_THEIRS: &str = "SELECT COUNT(*) FROM sessions WHERE user_id = $1 AND id_hash = $2";

/// Whether a session is still its user's, for the rest of the transaction: who ends it at this moment, a reset for one, waits, and finds what was added.
macro_rules! holds {
    ($tx:ident, $user:expr, $id_hash:expr) => {{
        sqlx::query($crate::db::sessions::HOLD_USER).bind($user).execute(&mut *$tx).await?;
        let theirs: i64 = sqlx::query_scalar($crate::db::sessions::IS_THEIRS).bind($user).bind($id_hash).fetch_one(&mut *$tx).await?;
        theirs == 1
    }};
}

pub(super) use holds;

/// A session in the list of its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// SHA-256 of its id.
    pub id_hash: String,
    /// When it began, milliseconds since the epoch.
    pub began_ms: i64,
    /// When it was last used; at most an hour late.
    pub used_ms: i64,
    /// What it holds, as JSON.
    pub data: String,
}

/// The sessions of a user that are still good, the one that was used last first.
///
/// # Errors
/// [`DbError`].
pub async fn of_user(db: &Db, user: UserId, since: Since, most: i64) -> Result<Vec<Listed>, DbError> {
    const SQL: &str = "SELECT id_hash, began_ms, used_ms, data FROM sessions WHERE user_id = $1 AND used_ms > $2 AND began_ms > $3
        ORDER BY used_ms DESC, began_ms DESC LIMIT $4";
    let rows: Vec<(String, i64, i64, String)> =
        on!(db, |c| sqlx::query_as(SQL).bind(user.0).bind(since.used_ms).bind(since.began_ms).bind(most).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id_hash, began_ms, used_ms, data)| Listed { id_hash, began_ms, used_ms, data }).collect())
}

/// Ends one session of a user. `false`: it is not theirs, or has ended.
///
/// # Errors
/// [`DbError`].
pub async fn end_of(db: &Db, user: UserId, id_hash: &str, by: By<'_>) -> Result<bool, DbError> {
    const SQL: &str = "DELETE FROM sessions WHERE user_id = $1 AND id_hash = $2";
    in_tx!(db, |tx| {
        if sqlx::query(SQL).bind(user.0).bind(id_hash).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
        audit::note!(tx, by, "session.end", format!("user:{}", user.0), json!({}));
    });
    Ok(true)
}

/// Ends every session of a user but one; says how many.
///
/// # Errors
/// [`DbError`].
pub async fn end_others(db: &Db, user: UserId, kept: &str, by: By<'_>) -> Result<u64, DbError> {
    Ok(in_tx!(db, |tx| {
        let ended = end_sessions!(tx, user.0, kept);
        if ended > 0 {
            audit::note!(tx, by, "session.end-others", format!("user:{}", user.0), json!({ "sessions_ended": ended }));
        }
        ended
    }))
}
