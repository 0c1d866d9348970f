//! Table `users`: who comes in for the first time, by an invitation or by registering.

use serde_json::json;
use vigia_domain::ids::UserId;
use vigia_domain::user::Role;

use super::audit::{self, Actor, By};
use super::users::{Waits, normalised};
use super::ways_in::{END_STRANGERS_STEP, end_ways_in};
use super::{Db, DbError, in_tx, on};
use crate::origin::Origin;

/// So many who registered may wait at once: nobody fills the registry with addresses.
pub const MOST_WAITING: i64 = 2_000;
/// So long a registration is kept that nobody showed to be theirs, in milliseconds: twice as long as its link works, which may be sent once more.
const KEPT_MS: i64 = 14 * 24 * 60 * 60 * 1000;

/// The user name of a row of `users` that comes in: what somebody else has got meanwhile is theirs, and this one signs in by address.
macro_rules! name_if_free {
    () => {
        "CASE WHEN EXISTS (SELECT 1 FROM users AS o WHERE o.username = users.username AND o.waits IS NULL) THEN NULL ELSE username END"
    };
}

/// Who is to be.
#[derive(Clone, Copy, Debug)]
pub struct Newcomer<'a> {
    /// Address; stored in lower case.
    pub email: &'a str,
    /// User name; stored in lower case.
    pub username: Option<&'a str>,
    /// Name; may be empty.
    pub name: &'a str,
    /// What they will be.
    pub role: Role,
    /// argon2id in PHC form.
    pub password_hash: Option<&'a str>,
    /// Language that they came in, `es` or `en`.
    pub lang: Option<&'a str>,
    /// What is missing before they are in.
    pub waits: Waits,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// They wait now.
    New(UserId),
    /// The address has an account, which stays as it is.
    Known(UserId),
    /// The user name is somebody else's.
    NameTaken,
    /// Too many wait.
    Full,
}

/// Adds who registers or is invited, unless the address has an account.
///
/// # Errors
/// [`DbError`].
pub async fn register(db: &Db, new: Newcomer<'_>, by: By<'_>) -> Result<Registered, DbError> {
    const KNOWN: &str = "SELECT id FROM users WHERE email = $1";
    // Whatever the address: else it would say which address a name belongs to. Who is not in yet reserves none: else it would say which address is new.
    const NAME: &str = "SELECT COUNT(*) FROM users WHERE username = $1 AND waits IS NULL";
    const WAITING: &str = "SELECT COUNT(*) FROM users WHERE waits IN ('mail', 'approval')";
    const INSERT: &str = "INSERT INTO users (email, username, name, role, password_hash, lang, waits, created_ms) \
                          VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id";
    let (email, username) = (normalised(new.email), new.username.map(normalised));
    let id: Option<i64> = in_tx!(db, |tx| {
        let taken: i64 = sqlx::query_scalar(NAME).bind(&username).fetch_one(&mut *tx).await?;
        if taken > 0 {
            return Ok(Registered::NameTaken);
        }
        // Before it is known whether the address is: else the answer would say it.
        let waiting: i64 = sqlx::query_scalar(WAITING).fetch_one(&mut *tx).await?;
        if new.waits != Waits::Invite && waiting >= MOST_WAITING {
            return Ok(Registered::Full);
        }
        let known: Option<i64> = sqlx::query_scalar(KNOWN).bind(&email).fetch_optional(&mut *tx).await?;
        if let Some(known) = known {
            return Ok(Registered::Known(UserId(known)));
        }
        let row = sqlx::query_scalar(INSERT).bind(&email).bind(&username).bind(new.name).bind(new.role.as_str());
        let row = row.bind(new.password_hash).bind(new.lang).bind(new.waits.as_str()).bind(by.at_ms);
        let id: Option<i64> = row.fetch_optional(&mut *tx).await?;
        if let Some(id) = id {
            let action = if new.waits == Waits::Invite { "user.invite" } else { "user.register" };
            audit::note!(tx, by, action, format!("user:{id}"), json!({ "role": new.role.as_str() }));
        }
        id
    });
    match id {
        Some(id) => Ok(Registered::New(UserId(id))),
        // Somebody was quicker, from another process.
        None => super::users::by_email(db, &email).await?.map(|user| Registered::Known(user.id)).ok_or(DbError::Missing("users")),
    }
}

/// Takes a link and lets its user choose a password. Who was invited is in then, who registered where `approval` is asked for waits for it.
/// The outer `None`: no such link any more.
///
/// # Errors
/// [`DbError`].
pub async fn join(
    db: &Db,
    hash: &str,
    name: &str,
    password_hash: &str,
    approval: bool,
    from: &Origin,
    now_ms: i64,
) -> Result<Option<(UserId, Option<Waits>)>, DbError> {
    const TAKE: &str = "UPDATE links SET used_ms = $2 WHERE code_hash = $1 AND purpose = 'join' AND used_ms IS NULL AND expires_ms > $2 \
                        RETURNING user_id";
    const SET: &str = concat!(
        "UPDATE users SET password_hash = $2, confirmed_ms = $3, name = CASE WHEN $4 = '' THEN name ELSE $4 END, username = ",
        name_if_free!(),
        ", waits = CASE WHEN waits = 'mail' AND $5 THEN 'approval' ELSE NULL END \
         WHERE id = $1 AND disabled_ms IS NULL AND waits IN ('mail', 'invite') RETURNING waits"
    );
    let (id, waits): (i64, Option<String>) = in_tx!(db, |tx| {
        let taken: Option<Option<i64>> = sqlx::query_scalar(TAKE).bind(hash).bind(now_ms).fetch_optional(&mut *tx).await?;
        let Some(id) = taken.flatten() else { return Ok(None) };
        let set = sqlx::query_scalar(SET).bind(id).bind(password_hash).bind(now_ms).bind(name).bind(approval);
        let set: Option<Option<String>> = set.fetch_optional(&mut *tx).await?;
        let Some(waits) = set else { return Ok(None) };
        sqlx::query(super::links::END_OF).bind(id).bind(now_ms).execute(&mut *tx).await?;
        let actor = Actor::user(id, from);
        audit::note!(tx, By { actor: &actor, at_ms: now_ms }, "user.join", actor.name(), json!({}));
        (id, waits)
    });
    Ok(Some((UserId(id), waits.map(Waits::read).transpose()?)))
}

/// Lets somebody in who waits for an operator's word, and is what they were when they were looked at: of another role they may be somebody else's
/// to let in. `false`: nobody waits there for that any more.
///
/// # Errors
/// [`DbError`].
pub async fn approve(db: &Db, id: UserId, was: Role, by: By<'_>) -> Result<bool, DbError> {
    const SET: &str =
        concat!("UPDATE users SET waits = NULL, username = ", name_if_free!(), " WHERE id = $1 AND role = $2 AND waits = 'approval'");
    in_tx!(db, |tx| {
        if sqlx::query(SET).bind(id.0).bind(was.as_str()).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
        audit::note!(tx, by, "user.approve", format!("user:{}", id.0), json!({}));
    });
    Ok(true)
}

/// Changes what somebody will be whose invitation is sent once more, and who was to be `was` when it was looked at. `false`: they are not invited
/// any more, or not as that.
///
/// # Errors
/// [`DbError`].
pub async fn invite_again(db: &Db, id: UserId, name: &str, was: Role, role: Role, by: By<'_>) -> Result<bool, DbError> {
    const SET: &str = "UPDATE users SET role = $2, name = CASE WHEN $3 = '' THEN name ELSE $3 END \
                       WHERE id = $1 AND role = $4 AND waits = 'invite' AND disabled_ms IS NULL";
    in_tx!(db, |tx| {
        let set = sqlx::query(SET).bind(id.0).bind(role.as_str()).bind(name).bind(was.as_str());
        if set.execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
        audit::note!(
            tx,
            by,
            "user.invite",
            format!("user:{}", id.0),
            json!({ "before": { "role": was.as_str() }, "after": { "role": role.as_str() } })
        );
    });
    Ok(true)
}

/// Forgets somebody who never was in, and is what they were when they were looked at; devices that were meant for them are nobody's. `false`: nobody
/// waits there as that any more.
///
/// # Errors
/// [`DbError`].
pub async fn refuse(db: &Db, id: UserId, was: Role, by: By<'_>) -> Result<bool, DbError> {
    const WAITS: &str = "UPDATE users SET waits = waits WHERE id = $1 AND role = $2 AND waits IS NOT NULL";
    forget(db, id, WAITS, was, by).await
}

/// Forgets somebody whom `hold`, given their id and role, still finds; whether it did.
async fn forget(db: &Db, id: UserId, hold: &'static str, was: Role, by: By<'_>) -> Result<bool, DbError> {
    const FORGET: [&str; 5] = [
        super::identities::END_ALL,
        "DELETE FROM links WHERE user_id = $1",
        "DELETE FROM mails WHERE user_id = $1",
        "UPDATE devices SET owner_id = NULL WHERE owner_id = $1",
        "DELETE FROM users WHERE id = $1",
    ];
    in_tx!(db, |tx| {
        if sqlx::query(hold).bind(id.0).bind(was.as_str()).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
        for sql in FORGET {
            sqlx::query(sql).bind(id.0).execute(&mut *tx).await?;
        }
        audit::note!(tx, by, "user.refuse", format!("user:{}", id.0), json!({}));
    });
    Ok(true)
}

/// That the address of somebody is theirs, who came by a link that was mailed. A password that somebody else may have chosen before is over;
/// whether there was one.
///
/// # Errors
/// [`DbError`].
pub async fn confirm(db: &Db, id: UserId, from: &Origin, now_ms: i64) -> Result<bool, DbError> {
    const SET: &str =
        "UPDATE users SET confirmed_ms = $2, password_hash = NULL WHERE id = $1 AND confirmed_ms IS NULL AND password_hash IS NOT NULL";
    const CONFIRM: &str = "UPDATE users SET confirmed_ms = $2 WHERE id = $1 AND confirmed_ms IS NULL";
    Ok(in_tx!(db, |tx| {
        sqlx::query(END_STRANGERS_STEP).bind(id.0).execute(&mut *tx).await?;
        let is_over = sqlx::query(SET).bind(id.0).bind(now_ms).execute(&mut *tx).await?.rows_affected() == 1;
        sqlx::query(CONFIRM).bind(id.0).bind(now_ms).execute(&mut *tx).await?;
        if is_over {
            let detail = end_ways_in!(tx, id.0, now_ms);
            let actor = Actor::user(id.0, from);
            audit::note!(tx, By { actor: &actor, at_ms: now_ms }, "user.confirm", actor.name(), detail);
        }
        is_over
    }))
}

/// Forgets registrations that nobody showed to be theirs within two weeks.
///
/// # Errors
/// [`DbError`].
pub async fn tidy(db: &Db, now_ms: i64) -> Result<(), DbError> {
    const OLD: &str = "SELECT id, role FROM users WHERE waits IN ('mail', 'approval') AND confirmed_ms IS NULL AND created_ms < $1";
    // Whoever shows it in the meantime stays.
    const HOLD: &str =
        "UPDATE users SET waits = waits WHERE id = $1 AND role = $2 AND waits IN ('mail', 'approval') AND confirmed_ms IS NULL";
    let old: Vec<(i64, String)> = on!(db, |c| sqlx::query_as(OLD).bind(now_ms - KEPT_MS).fetch_all(c).await)?;
    for (id, role) in old {
        let role = role.parse().map_err(|_| DbError::Unreadable { table: "users", column: "role", found: role })?;
        forget(db, UserId(id), HOLD, role, By { actor: &Actor::SYSTEM, at_ms: now_ms }).await?;
    }
    Ok(())
}
