//! Table `identities`: who somebody is to a provider of OpenID Connect. Who comes in by one for the first time: [`super::strangers`].

use serde_json::json;
use vigia_domain::ids::UserId;

use super::audit::{self, By};
use super::mails::Kind;
use super::{Db, DbError, in_tx, mails, on, sessions};

/// Who somebody is, as their provider says and as it was checked.
#[derive(Clone, Copy, Debug)]
pub struct Claimed<'a> {
    /// The provider's address.
    pub issuer: &'a str,
    /// What it calls them.
    pub subject: &'a str,
    /// The address that it says is theirs.
    pub email: Option<&'a str>,
}

/// An identity of somebody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its key.
    pub id: i64,
    /// The provider's address.
    pub issuer: String,
    /// What the provider calls them.
    pub subject: String,
    /// The address that it last said is theirs.
    pub email: Option<String>,
    /// Since when, milliseconds since the epoch.
    pub created_ms: i64,
    /// When they last came in by it.
    pub used_ms: i64,
}

/// What became of an identity that somebody wants to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is theirs.
    Done,
    /// It is another's.
    Taken,
}

/// What became of an identity that somebody does not want any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is nobody's.
    Done,
    /// They have none of this key.
    Missing,
    /// They would have no way in that is their own: no password, no passkey, and no other identity.
    LastWay,
}

pub(super) const INSERT: &str = "INSERT INTO identities (issuer, subject, user_id, email, created_ms, used_ms) \
                                 VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT DO NOTHING";
/// Forgets those of a user.
pub(super) const END_ALL: &str = "DELETE FROM identities WHERE user_id = $1";

/// The identities of a user, oldest first.
///
/// # Errors
/// [`DbError`].
pub async fn of_user(db: &Db, user: UserId) -> Result<Vec<Identity>, DbError> {
    const SQL: &str = "SELECT id, issuer, subject, email, created_ms, used_ms FROM identities WHERE user_id = $1 ORDER BY id";
    type Row = (i64, String, String, Option<String>, i64, i64);
    let rows: Vec<Row> = on!(db, |c| sqlx::query_as(SQL).bind(user.0).fetch_all(c).await)?;
    let read = |(id, issuer, subject, email, created_ms, used_ms)| Identity { id, issuer, subject, email, created_ms, used_ms };
    Ok(rows.into_iter().map(read).collect())
}

/// Gives an identity to who is signed in in this session (as `sessions.id_hash` has it) and has shown that it is theirs; a mail tells them. One that
/// they have already stays.
///
/// # Errors
/// [`DbError::Missing`] when the session has ended meanwhile.
pub async fn add(db: &Db, claimed: Claimed<'_>, user: UserId, session: &str, by: By<'_>) -> Result<Added, DbError> {
    const WHOSE: &str = "SELECT user_id FROM identities WHERE issuer = $1 AND subject = $2";
    let Claimed { issuer, subject, email } = claimed;
    in_tx!(db, |tx| {
        if !sessions::holds!(tx, user.0, session) {
            return Err(DbError::Missing("sessions"));
        }
        let row = sqlx::query(INSERT).bind(issuer).bind(subject).bind(user.0).bind(email).bind(by.at_ms);
        if row.execute(&mut *tx).await?.rows_affected() != 1 {
            let whose: Option<i64> = sqlx::query_scalar(WHOSE).bind(issuer).bind(subject).fetch_optional(&mut *tx).await?;
            return Ok(if whose == Some(user.0) { Added::Done } else { Added::Taken });
        }
        audit::note!(tx, by, "user.identity.add", format!("user:{}", user.0), json!({ "issuer": issuer, "subject": subject }));
        mails::note!(tx, Kind::Identity, user.0, by.at_ms);
    });
    Ok(Added::Done)
}

/// Takes an identity from its user, who keeps a way in of their own.
///
/// # Errors
/// [`DbError`].
pub async fn remove(db: &Db, user: UserId, id: i64, by: By<'_>) -> Result<Removed, DbError> {
    // Two that are taken at once: the second looks at what the first has left.
    const HOLD: &str = "UPDATE users SET role = role WHERE id = $1";
    const FIND: &str = "SELECT issuer, subject FROM identities WHERE user_id = $1 AND id = $2";
    const LEFT: &str = "SELECT COUNT(*) FROM users WHERE id = $1 AND (password_hash IS NOT NULL \
                        OR EXISTS (SELECT 1 FROM passkeys WHERE user_id = $1) OR EXISTS (SELECT 1 FROM identities AS other WHERE other.user_id = $1 AND other.id <> $2))";
    const REMOVE: &str = "DELETE FROM identities WHERE user_id = $1 AND id = $2";
    in_tx!(db, |tx| {
        sqlx::query(HOLD).bind(user.0).execute(&mut *tx).await?;
        let found: Option<(String, String)> = sqlx::query_as(FIND).bind(user.0).bind(id).fetch_optional(&mut *tx).await?;
        let Some((issuer, subject)) = found else { return Ok(Removed::Missing) };
        let left: i64 = sqlx::query_scalar(LEFT).bind(user.0).bind(id).fetch_one(&mut *tx).await?;
        if left == 0 {
            return Ok(Removed::LastWay);
        }
        sqlx::query(REMOVE).bind(user.0).bind(id).execute(&mut *tx).await?;
        audit::note!(tx, by, "user.identity.remove", format!("user:{}", user.0), json!({ "issuer": issuer, "subject": subject }));
    });
    Ok(Removed::Done)
}
