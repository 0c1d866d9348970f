//! Table `links`: links that work once.

use serde_json::json;
use vigia_domain::ids::UserId;

use super::audit::{self, Actor, By};
use super::users::{self, NewUser};
use super::ways_in::{END_STRANGERS_STEP, end_ways_in, note_password};
use super::{Db, DbError, in_tx, on};
use crate::origin::Origin;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Makes the first administrator.
    Setup,
    /// Signs its user in.
    Enter,
    /// Lets its user choose another password.
    Reset,
    /// Lets who was invited or registered come in for the first time.
    Join,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Enter => "enter",
            Self::Reset => "reset",
            Self::Join => "join",
        }
    }
}

/// Ends every set-up link that still works.
const END_SETUP: &str = "UPDATE links SET used_ms = $1 WHERE purpose = 'setup' AND used_ms IS NULL";

/// Ends every link of a user that still works.
pub(super) const END_OF: &str = "UPDATE links SET used_ms = $2 WHERE user_id = $1 AND used_ms IS NULL";

/// Adds a link. A new set-up link ends those before it: only the last one printed works.
///
/// # Errors
/// [`DbError`].
pub async fn insert(db: &Db, hash: &str, purpose: Purpose, user: Option<UserId>, now_ms: i64, expires_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO links (code_hash, purpose, user_id, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5)";
    in_tx!(db, |tx| {
        if purpose == Purpose::Setup {
            sqlx::query(END_SETUP).bind(now_ms).execute(&mut *tx).await?;
        }
        let link = sqlx::query(SQL).bind(hash).bind(purpose.as_str()).bind(user.map(|u| u.0)).bind(now_ms).bind(expires_ms);
        link.execute(&mut *tx).await?;
    });
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

/// How many links to come in with were made for a user since then, used or not.
///
/// # Errors
/// [`DbError`].
pub async fn count_of(db: &Db, user: UserId, since_ms: i64) -> Result<i64, DbError> {
    const SQL: &str = "SELECT COUNT(*) FROM links WHERE purpose IN ('enter', 'reset', 'join') AND user_id = $1 AND created_ms > $2";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(user.0).bind(since_ms).fetch_one(c).await)?)
}

/// Whose link it is, if it could be taken now: the outer `None` as with [`take`].
///
/// # Errors
/// [`DbError`].
pub async fn look(db: &Db, hash: &str, purpose: Purpose, now_ms: i64) -> Result<Option<Option<UserId>>, DbError> {
    const SQL: &str = "SELECT user_id FROM links WHERE code_hash = $1 AND purpose = $2 AND used_ms IS NULL AND expires_ms > $3";
    let row: Option<Option<i64>> =
        on!(db, |c| sqlx::query_scalar(SQL).bind(hash).bind(purpose.as_str()).bind(now_ms).fetch_optional(c).await)?;
    Ok(row.map(|user| user.map(UserId)))
}

/// Takes a set-up link and makes its administrator, both or neither; every other set-up link ends with it. `None`: no such link any more.
///
/// # Errors
/// [`DbError::is_duplicate`] when the address is taken; the link still stands then.
pub async fn take_setup(db: &Db, hash: &str, new: &NewUser<'_>, from: &Origin, now_ms: i64) -> Result<Option<UserId>, DbError> {
    const TAKE: &str = "UPDATE links SET used_ms = $2 WHERE code_hash = $1 AND purpose = 'setup' AND used_ms IS NULL AND expires_ms > $2";
    let email = users::normalised(new.email);
    let id: i64 = in_tx!(db, |tx| {
        if sqlx::query(TAKE).bind(hash).bind(now_ms).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(None);
        }
        sqlx::query(END_SETUP).bind(now_ms).execute(&mut *tx).await?;
        let user = sqlx::query_scalar(users::INSERT).bind(&email).bind(new.name).bind(new.role.as_str());
        let id: i64 = user.bind(new.password_hash).bind(now_ms).fetch_one(&mut *tx).await?;
        let actor = Actor::user(id, from);
        audit::note!(tx, By { actor: &actor, at_ms: now_ms }, "user.setup", actor.name(), json!({}));
        id
    });
    Ok(Some(UserId(id)))
}

/// Takes a link and gives its user another password, both or neither. Every session of theirs ends, and every other link that was mailed to them.
/// `None`: no such link any more, or its user is not let in.
///
/// # Errors
/// [`DbError`].
pub async fn take_reset(db: &Db, hash: &str, password_hash: &str, from: &Origin, now_ms: i64) -> Result<Option<UserId>, DbError> {
    const TAKE: &str = "UPDATE links SET used_ms = $2 WHERE code_hash = $1 AND purpose = 'reset' AND used_ms IS NULL AND expires_ms > $2 \
                        RETURNING user_id";
    const SET: &str =
        "UPDATE users SET password_hash = $2, confirmed_ms = COALESCE(confirmed_ms, $3) WHERE id = $1 AND disabled_ms IS NULL";
    let id: i64 = in_tx!(db, |tx| {
        let taken: Option<Option<i64>> = sqlx::query_scalar(TAKE).bind(hash).bind(now_ms).fetch_optional(&mut *tx).await?;
        let Some(id) = taken.flatten() else { return Ok(None) };
        sqlx::query(END_STRANGERS_STEP).bind(id).execute(&mut *tx).await?;
        if sqlx::query(SET).bind(id).bind(password_hash).bind(now_ms).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(None);
        }
        let detail = end_ways_in!(tx, id, now_ms);
        let actor = Actor::user(id, from);
        note_password!(tx, By { actor: &actor, at_ms: now_ms }, "user.reset", id, detail);
        id
    });
    Ok(Some(UserId(id)))
}

/// Removes links that ended long ago.
///
/// # Errors
/// [`DbError`].
pub async fn tidy(db: &Db, before_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM links WHERE expires_ms < $1";
    in_tx!(db, |tx| sqlx::query(SQL).bind(before_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}
