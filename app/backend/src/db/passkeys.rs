//! Table `passkeys`: keys in somebody's device or password manager that sign them in.

use serde_json::json;
use vigia_domain::ids::UserId;

use super::audit::{self, By};
use super::mails::Kind;
use super::{Db, DbError, in_tx, mails, on, sessions};

/// A passkey as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub user: UserId,
    /// What the key says of whose it is: the same random text for all of its owner's.
    pub handle: String,
    /// What it is known by, in base64url.
    pub credential_id: String,
    /// What a signature is checked by, as JSON.
    pub credential: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added, milliseconds since the epoch.
    pub created_ms: i64,
    /// When somebody last came in with it, likewise.
    pub used_ms: Option<i64>,
}

type Row = (i64, i64, String, String, String, String, i64, Option<i64>);

fn read((id, user, handle, credential_id, credential, name, created_ms, used_ms): Row) -> Kept {
    Kept { id, user: UserId(user), handle, credential_id, credential, name, created_ms, used_ms }
}

/// The passkeys of a user, the oldest first.
///
/// # Errors
/// [`DbError`].
pub async fn of_user(db: &Db, user: UserId) -> Result<Vec<Kept>, DbError> {
    const SQL: &str = "SELECT id, user_id, handle, credential_id, credential, name, created_ms, used_ms FROM passkeys
        WHERE user_id = $1 ORDER BY id";
    let rows: Vec<Row> = on!(db, |c| sqlx::query_as(SQL).bind(user.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(read).collect())
}

/// The passkey that is known by this.
///
/// # Errors
/// [`DbError`].
pub async fn by_credential_id(db: &Db, credential_id: &str) -> Result<Option<Kept>, DbError> {
    const SQL: &str = "SELECT id, user_id, handle, credential_id, credential, name, created_ms, used_ms FROM passkeys
        WHERE credential_id = $1";
    let row: Option<Row> = on!(db, |c| sqlx::query_as(SQL).bind(credential_id).fetch_optional(c).await)?;
    Ok(row.map(read))
}

/// What a new passkey is made of.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    /// Whose it is.
    pub user: UserId,
    /// As [`Kept::handle`].
    pub handle: &'a str,
    /// As [`Kept::credential_id`].
    pub credential_id: &'a str,
    /// As [`Kept::credential`].
    pub credential: &'a str,
    /// As [`Kept::name`].
    pub name: &'a str,
    /// The session in which it was made, as `sessions.id_hash` has it.
    pub session: &'a str,
}

/// Adds a passkey, of which its owner is told by mail.
///
/// # Errors
/// [`DbError::is_duplicate`] when it is somebody's already, [`DbError::Missing`] when the session has ended meanwhile.
pub async fn insert(db: &Db, new: New<'_>, by: By<'_>) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO passkeys (user_id, handle, credential_id, credential, name, created_ms) VALUES ($1, $2, $3, $4, $5, $6)";
    in_tx!(db, |tx| {
        if !sessions::holds!(tx, new.user.0, new.session) {
            return Err(DbError::Missing("sessions"));
        }
        let key = sqlx::query(SQL).bind(new.user.0).bind(new.handle).bind(new.credential_id).bind(new.credential);
        key.bind(new.name).bind(by.at_ms).execute(&mut *tx).await?;
        audit::note!(tx, by, "user.passkey.add", format!("user:{}", new.user.0), json!({ "name": new.name }));
        mails::note!(tx, Kind::Passkey, new.user.0, by.at_ms);
    });
    Ok(())
}

/// Writes that somebody has come in with a passkey, and what has become of it. `false`: it was removed, or is another than `was`, because
/// somebody came in with it or with a copy of it at the same moment.
///
/// # Errors
/// [`DbError`].
pub async fn used(db: &Db, id: i64, was: &str, credential: &str, now_ms: i64) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE passkeys SET credential = $3, used_ms = $4 WHERE id = $1 AND credential = $2";
    let rows =
        in_tx!(db, |tx| { sqlx::query(SQL).bind(id).bind(was).bind(credential).bind(now_ms).execute(&mut *tx).await?.rows_affected() });
    Ok(rows == 1)
}

/// Calls a passkey of a user otherwise. `false`: there is none such of theirs.
///
/// # Errors
/// [`DbError`].
pub async fn rename(db: &Db, user: UserId, id: i64, name: &str, by: By<'_>) -> Result<bool, DbError> {
    const WAS: &str = "SELECT name FROM passkeys WHERE id = $1 AND user_id = $2";
    const SQL: &str = "UPDATE passkeys SET name = $2 WHERE id = $1";
    in_tx!(db, |tx| {
        let was: Option<String> = sqlx::query_scalar(WAS).bind(id).bind(user.0).fetch_optional(&mut *tx).await?;
        let Some(was) = was else { return Ok(false) };
        sqlx::query(SQL).bind(id).bind(name).execute(&mut *tx).await?;
        let detail = json!({ "before": { "name": was }, "after": { "name": name } });
        audit::note!(tx, by, "user.passkey.rename", format!("user:{}", user.0), detail);
    });
    Ok(true)
}

/// Removes a passkey of a user. `false`: there is none such of theirs.
///
/// # Errors
/// [`DbError`].
pub async fn remove(db: &Db, user: UserId, id: i64, by: By<'_>) -> Result<bool, DbError> {
    const SQL: &str = "DELETE FROM passkeys WHERE id = $1 AND user_id = $2 RETURNING name";
    in_tx!(db, |tx| {
        let name: Option<String> = sqlx::query_scalar(SQL).bind(id).bind(user.0).fetch_optional(&mut *tx).await?;
        let Some(name) = name else { return Ok(false) };
        audit::note!(tx, by, "user.passkey.remove", format!("user:{}", user.0), json!({ "name": name }));
    });
    Ok(true)
}

/// Removes the passkeys of a user.
pub(super) const END_ALL: &str = "DELETE FROM passkeys WHERE user_id = $1";
