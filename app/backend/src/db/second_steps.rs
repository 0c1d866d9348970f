//! Tables `second_steps` and `recovery_codes`: the second step of signing in. Its secret stands in [`super::sealing_keys`].

use serde_json::json;
use vigia_domain::ids::UserId;
use vigia_domain::user::Role;

use super::audit::{self, By};
use super::mails::Kind;
use super::sealing_keys::Sealed;
use super::{Db, DbError, in_tx, mails, on};

/// A row of `second_steps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its key.
    pub id: i64,
    /// When it was begun, milliseconds since the epoch.
    pub created_ms: i64,
    /// Since when it is asked; `None`: its first code has not come yet.
    pub confirmed_ms: Option<i64>,
    /// How many recovery codes still work.
    pub left: i64,
}

/// The second step of a user, on or begun.
///
/// # Errors
/// [`DbError`].
pub async fn of(db: &Db, user: UserId) -> Result<Option<Step>, DbError> {
    const SQL: &str = "SELECT id, created_ms, confirmed_ms, \
        (SELECT COUNT(*) FROM recovery_codes WHERE step_id = second_steps.id AND used_ms IS NULL) AS codes FROM second_steps WHERE user_id = $1";
    let row: Option<(i64, i64, Option<i64>, i64)> = on!(db, |c| sqlx::query_as(SQL).bind(user.0).fetch_optional(c).await)?;
    Ok(row.map(|(id, created_ms, confirmed_ms, left)| Step { id, created_ms, confirmed_ms, left }))
}

/// Begins one, in the place of one that was begun before. `false`: there is one already that is on.
///
/// # Errors
/// [`DbError`].
pub async fn begin(db: &Db, user: UserId, secret: &[Sealed], now_ms: i64) -> Result<bool, DbError> {
    const AGAIN: &str = "DELETE FROM second_steps WHERE user_id = $1 AND confirmed_ms IS NULL";
    const SQL: &str = "INSERT INTO second_steps (user_id, created_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id";
    const SECRET: &str = "INSERT INTO second_step_secrets (step_id, kid, sealed) VALUES ($1, $2, $3)";
    in_tx!(db, |tx| {
        sqlx::query(AGAIN).bind(user.0).execute(&mut *tx).await?;
        let id: Option<i64> = sqlx::query_scalar(SQL).bind(user.0).bind(now_ms).fetch_optional(&mut *tx).await?;
        let Some(id) = id else { return Ok(false) };
        for Sealed { kid, text } in secret {
            sqlx::query(SECRET).bind(id).bind(kid).bind(text).execute(&mut *tx).await?;
        }
    });
    Ok(true)
}

const ADD_CODE: &str = "INSERT INTO recovery_codes (step_id, code_hash) VALUES ($1, $2)";

/// Switches one on whose first code was that of half minute `step`, with these recovery codes. `false`: it is on already, or gone.
///
/// # Errors
/// [`DbError`].
pub async fn confirm(db: &Db, id: i64, user: UserId, step: i64, hashes: &[String], by: By<'_>) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE second_steps SET confirmed_ms = $2, last_step = $3 WHERE id = $1 AND confirmed_ms IS NULL";
    in_tx!(db, |tx| {
        if sqlx::query(SQL).bind(id).bind(by.at_ms).bind(step).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
        for hash in hashes {
            sqlx::query(ADD_CODE).bind(id).bind(hash).execute(&mut *tx).await?;
        }
        audit::note!(tx, by, "user.second_step.on", format!("user:{}", user.0), json!({}));
    });
    Ok(true)
}

/// How often codes may be wrong, whoever guesses and from where: `tries` at once, and one more each `each_ms`.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// So many at once.
    pub tries: i64,
    /// And one more each time that so many milliseconds have passed.
    pub each_ms: i64,
}

/// Counts a try, as if it were wrong, before it is looked at: so many at once count as many. Else how many milliseconds to wait.
///
/// # Errors
/// [`DbError`].
pub async fn take_try(db: &Db, id: i64, bound: Bound, now_ms: i64) -> Result<Result<(), i64>, DbError> {
    const TAKE: &str =
        "UPDATE second_steps SET whole_ms = CASE WHEN whole_ms > $2 THEN whole_ms ELSE $2 END + $3 WHERE id = $1 AND whole_ms <= $4";
    const WHOLE: &str = "SELECT whole_ms FROM second_steps WHERE id = $1";
    let most_ms = now_ms + bound.each_ms * (bound.tries - 1);
    let take = in_tx!(db, |tx| {
        let take = sqlx::query(TAKE).bind(id).bind(now_ms).bind(bound.each_ms).bind(most_ms);
        take.execute(&mut *tx).await?.rows_affected()
    });
    if take == 1 {
        return Ok(Ok(()));
    }
    let whole_ms: Option<i64> = on!(db, |c| sqlx::query_scalar(WHOLE).bind(id).fetch_optional(c).await)?;
    // Gone since: nothing of it is right any more, and nothing waits.
    Ok(whole_ms.map_or(Ok(()), |whole_ms| Err((whole_ms - most_ms).max(1))))
}

/// Takes back a try that was not its owner's fault.
///
/// # Errors
/// [`DbError`].
pub async fn forgive(db: &Db, id: i64, bound: Bound) -> Result<(), DbError> {
    const SQL: &str = "UPDATE second_steps SET whole_ms = whole_ms - $2 WHERE id = $1";
    in_tx!(db, |tx| sqlx::query(SQL).bind(id).bind(bound.each_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}

/// Takes the code of half minute `step`, which was right, and its try back. `false`: this code or a later one was taken before. Of two who bring one
/// code at once it is one who gets it.
///
/// # Errors
/// [`DbError`].
pub async fn take_code(db: &Db, id: i64, step: i64, bound: Bound) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE second_steps SET last_step = $2, whole_ms = whole_ms - $3 \
                       WHERE id = $1 AND confirmed_ms IS NOT NULL AND last_step < $2";
    let rows = in_tx!(db, |tx| sqlx::query(SQL).bind(id).bind(step).bind(bound.each_ms).execute(&mut *tx).await?.rows_affected());
    Ok(rows == 1)
}

/// Takes a recovery code, of which its owner is told by mail; how many are left. `None`: there is none such, or it was used.
///
/// # Errors
/// [`DbError`].
pub async fn take_recovery(db: &Db, id: i64, user: UserId, hash: &str, by: By<'_>) -> Result<Option<i64>, DbError> {
    const TAKE: &str = "UPDATE recovery_codes SET used_ms = $3 WHERE step_id = $1 AND code_hash = $2 AND used_ms IS NULL";
    const LEFT: &str = "SELECT COUNT(*) FROM recovery_codes WHERE step_id = $1 AND used_ms IS NULL";
    let left: i64 = in_tx!(db, |tx| {
        if sqlx::query(TAKE).bind(id).bind(hash).bind(by.at_ms).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(None);
        }
        let left: i64 = sqlx::query_scalar(LEFT).bind(id).fetch_one(&mut *tx).await?;
        audit::note!(tx, by, "user.second_step.recovery", format!("user:{}", user.0), json!({ "codes_left": left }));
        mails::note!(tx, Kind::Recovery, user.0, by.at_ms);
        left
    });
    Ok(Some(left))
}

/// Puts other recovery codes in the place of those there are. `false`: it is not on any more.
///
/// # Errors
/// [`DbError`].
pub async fn renew_codes(db: &Db, id: i64, user: UserId, hashes: &[String], by: By<'_>) -> Result<bool, DbError> {
    // Two at once: the second waits here for the first, and the codes of one alone stay.
    const HOLD: &str = "UPDATE second_steps SET last_step = last_step WHERE id = $1 AND confirmed_ms IS NOT NULL";
    const FORGET: &str = "DELETE FROM recovery_codes WHERE step_id = $1";
    in_tx!(db, |tx| {
        if sqlx::query(HOLD).bind(id).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
        sqlx::query(FORGET).bind(id).execute(&mut *tx).await?;
        for hash in hashes {
            sqlx::query(ADD_CODE).bind(id).bind(hash).execute(&mut *tx).await?;
        }
        audit::note!(tx, by, "user.second_step.codes", format!("user:{}", user.0), json!({}));
    });
    Ok(true)
}

/// Switches it off, of somebody who is this and is told by mail. `false`: it was not on, or they are something else now.
///
/// # Errors
/// [`DbError`].
pub async fn end(db: &Db, user: UserId, role: Role, by: By<'_>) -> Result<bool, DbError> {
    const SQL: &str = "DELETE FROM second_steps WHERE user_id = $1 AND confirmed_ms IS NOT NULL AND EXISTS \
                       (SELECT 1 FROM users WHERE id = $1 AND role = $2)";
    in_tx!(db, |tx| {
        if sqlx::query(SQL).bind(user.0).bind(role.as_str()).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
        audit::note!(tx, by, "user.second_step.off", format!("user:{}", user.0), json!({}));
        mails::note!(tx, Kind::SecondStepOff, user.0, by.at_ms);
    });
    Ok(true)
}
