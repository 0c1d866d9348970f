//! Tables `app_sessions` and `refresh_tokens`: apps in which somebody is signed in.

use serde_json::json;
use vigia_domain::ids::UserId;

use super::audit::{self, Actor, By};
use super::users::User;
use super::{Db, DbError, in_tx, on};
use crate::origin::Origin;

/// Which are still good: used and begun after these times, milliseconds since the epoch.
pub use super::sessions::Since;

/// Ends those of a user.
pub(super) const END_ALL: &str = "DELETE FROM app_sessions WHERE user_id = $1";

const ADD: &str = "INSERT INTO refresh_tokens (token_hash, session_id, used) VALUES ($1, $2, FALSE)";

/// Begins one of somebody whose password was right; its id. `way` is how they came in. `None`: they have another one since, or are shut out.
///
/// # Errors
/// [`DbError`].
pub async fn begin(db: &Db, user: &User, token_hash: &str, (way, from): (&str, &Origin), now_ms: i64) -> Result<Option<i64>, DbError> {
    const SQL: &str = "INSERT INTO app_sessions (user_id, began_ms, used_ms, address, agent) SELECT id, $3, $3, $4, $5 FROM users \
                       WHERE id = $1 AND password_hash = $2 AND disabled_ms IS NULL AND waits IS NULL RETURNING id";
    Ok(in_tx!(db, |tx| {
        let actor = Actor::user(user.id.0, from);
        let begun = sqlx::query_scalar(SQL).bind(user.id.0).bind(user.password_hash.as_deref()).bind(now_ms);
        let begun = begun.bind(actor.origin()).bind(from.agent.as_deref());
        let Some(id) = begun.fetch_optional(&mut *tx).await? else { return Ok(None) };
        let id: i64 = id;
        sqlx::query(ADD).bind(token_hash).bind(id).execute(&mut *tx).await?;
        audit::note!(tx, By { actor: &actor, at_ms: now_ms }, "session.begin", way, json!({}));
        Some(id)
    }))
}

/// What became of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The next one works now, in this session.
    Next(i64, UserId),
    /// It was used before: somebody has a copy. Nobody's works any more.
    Ended(UserId),
    /// There is none, or its session is over.
    Unknown,
}

/// Takes a refresh token and puts the next in its place.
///
/// # Errors
/// [`DbError`].
pub async fn rotate(db: &Db, token_hash: &str, next_hash: &str, since: Since, from: &Origin, now_ms: i64) -> Result<Rotated, DbError> {
    const FIND: &str = "SELECT s.id, s.user_id FROM refresh_tokens t JOIN app_sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id \
                        WHERE t.token_hash = $1 AND s.used_ms > $2 AND s.began_ms > $3 AND u.disabled_ms IS NULL AND u.waits IS NULL";
    const TAKE: &str = "UPDATE refresh_tokens SET used = TRUE WHERE token_hash = $1 AND used = FALSE";
    const TOUCH: &str = "UPDATE app_sessions SET used_ms = $2, address = $3, agent = $4 WHERE id = $1";
    const END: &str = "DELETE FROM app_sessions WHERE id = $1";
    Ok(in_tx!(db, |tx| {
        let found: Option<(i64, i64)> =
            sqlx::query_as(FIND).bind(token_hash).bind(since.used_ms).bind(since.began_ms).fetch_optional(&mut *tx).await?;
        match found {
            None => Rotated::Unknown,
            Some((id, user)) => {
                // The session before its tokens, as whoever ends it does: neither waits for the other. Of two who come at once the second finds it used.
                let actor = Actor::nobody(from);
                let touch = sqlx::query(TOUCH).bind(id).bind(now_ms).bind(actor.origin()).bind(from.agent.as_deref());
                if touch.execute(&mut *tx).await?.rows_affected() != 1 {
                    return Ok(Rotated::Unknown);
                }
                if sqlx::query(TAKE).bind(token_hash).execute(&mut *tx).await?.rows_affected() == 1 {
                    sqlx::query(ADD).bind(next_hash).bind(id).execute(&mut *tx).await?;
                    Rotated::Next(id, UserId(user))
                } else {
                    sqlx::query(END).bind(id).execute(&mut *tx).await?;
                    let target = format!("user:{user}");
                    audit::note!(tx, By { actor: &actor, at_ms: now_ms }, "session.reuse", &target, json!({ "app_session": id }));
                    Rotated::Ended(UserId(user))
                }
            }
        }
    }))
}

/// Ends the session that a refresh token is of. `false`: there is none.
///
/// # Errors
/// [`DbError`].
pub async fn end(db: &Db, token_hash: &str, from: &Origin, now_ms: i64) -> Result<bool, DbError> {
    const SQL: &str =
        "DELETE FROM app_sessions WHERE id = (SELECT session_id FROM refresh_tokens WHERE token_hash = $1) RETURNING id, user_id";
    in_tx!(db, |tx| {
        let ended: Option<(i64, i64)> = sqlx::query_as(SQL).bind(token_hash).fetch_optional(&mut *tx).await?;
        let Some((id, user)) = ended else { return Ok(false) };
        let actor = Actor::user(user, from);
        audit::note!(tx, By { actor: &actor, at_ms: now_ms }, "session.end", actor.name(), json!({ "app_session": id }));
    });
    Ok(true)
}

/// An app in the list of its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub id: i64,
    /// When it began, milliseconds since the epoch.
    pub began_ms: i64,
    /// When its tokens were last renewed.
    pub used_ms: i64,
    /// From which network address.
    pub address: Option<String>,
    /// What the app calls itself.
    pub agent: Option<String>,
}

/// The apps in which a user is signed in, the one that was used last first.
///
/// # Errors
/// [`DbError`].
pub async fn of_user(db: &Db, user: UserId, since: Since, most: i64) -> Result<Vec<Listed>, DbError> {
    const SQL: &str = "SELECT id, began_ms, used_ms, address, agent FROM app_sessions WHERE user_id = $1 AND used_ms > $2 AND began_ms > $3
        ORDER BY used_ms DESC, id DESC LIMIT $4";
    type Row = (i64, i64, i64, Option<String>, Option<String>);
    let rows: Vec<Row> =
        on!(db, |c| sqlx::query_as(SQL).bind(user.0).bind(since.used_ms).bind(since.began_ms).bind(most).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id, began_ms, used_ms, address, agent)| Listed { id, began_ms, used_ms, address, agent }).collect())
}

/// Ends one of a user. `false`: it is not theirs, or has ended.
///
/// # Errors
/// [`DbError`].
pub async fn end_of(db: &Db, user: UserId, id: i64, by: By<'_>) -> Result<bool, DbError> {
    const SQL: &str = "DELETE FROM app_sessions WHERE user_id = $1 AND id = $2";
    in_tx!(db, |tx| {
        if sqlx::query(SQL).bind(user.0).bind(id).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
        audit::note!(tx, by, "session.end", format!("user:{}", user.0), json!({ "app_session": id }));
    });
    Ok(true)
}

/// Whose a session is, while it goes on.
///
/// # Errors
/// [`DbError`].
pub async fn user(db: &Db, id: i64, since: Since) -> Result<Option<UserId>, DbError> {
    const SQL: &str = "SELECT user_id FROM app_sessions WHERE id = $1 AND used_ms > $2 AND began_ms > $3";
    let user: Option<i64> = on!(db, |c| sqlx::query_scalar(SQL).bind(id).bind(since.used_ms).bind(since.began_ms).fetch_optional(c).await)?;
    Ok(user.map(UserId))
}

/// Removes those that are no longer good.
///
/// # Errors
/// [`DbError`].
pub async fn tidy(db: &Db, since: Since) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM app_sessions WHERE used_ms <= $1 OR began_ms <= $2";
    in_tx!(db, |tx| sqlx::query(SQL).bind(since.used_ms).bind(since.began_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}
