//! Table `links`: links that work once.

use vigia_domain::ids::UserId;

use super::{Db, DbError, in_tx};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Makes the first administrator.
    Setup,
    /// Signs its user in.
    Enter,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Enter => "enter",
        }
    }
}

/// Adds a link.
///
/// # Errors
/// [`DbError`].
pub async fn insert(db: &Db, hash: &str, purpose: Purpose, user: Option<UserId>, now_ms: i64, expires_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO links (code_hash, purpose, user_id, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5)";
    in_tx!(db, |tx| sqlx::query(SQL)
        .bind(hash)
        .bind(purpose.as_str())
        .bind(user.map(|u| u.0))
        .bind(now_ms)
        .bind(expires_ms)
        .execute(&mut *tx)
        .await?
        .rows_affected());
    Ok(())
}

/// Takes a link: the outer `None` means that there is no such link, or that it was used, or that its time is over.
/// Two who come at once do not both get it.
///
/// # Errors
/// [`DbError`].
pub async fn take(db: &Db, hash: &str, purpose: Purpose, now_ms: i64) -> Result<Option<Option<UserId>>, DbError> {
    const SQL: &str =
        "UPDATE links SET used_ms = $3 WHERE code_hash = $1 AND purpose = $2 AND used_ms IS NULL AND expires_ms > $3 RETURNING user_id";
    let row: Option<Option<i64>> =
        in_tx!(db, |tx| sqlx::query_scalar(SQL).bind(hash).bind(purpose.as_str()).bind(now_ms).fetch_optional(&mut *tx).await?);
    Ok(row.map(|user| user.map(UserId)))
}

/// Gives a link back that was taken in vain.
///
/// # Errors
/// [`DbError`].
pub async fn give_back(db: &Db, hash: &str) -> Result<(), DbError> {
    const SQL: &str = "UPDATE links SET used_ms = NULL WHERE code_hash = $1";
    in_tx!(db, |tx| sqlx::query(SQL).bind(hash).execute(&mut *tx).await?.rows_affected());
    Ok(())
}
