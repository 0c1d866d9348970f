//! Table `users`.

use std::collections::HashMap;

use serde_json::json;
use vigia_domain::ids::UserId;
use vigia_domain::rights::{Owner, Principal, Rights};
use vigia_domain::user::Role;

use super::audit::{self, By};
use super::ways_in::{end_sessions, end_ways_in, note_password};
use super::{Db, DbError, in_tx, on};

/// A row of `users`.
#[derive(Clone, Debug)]
pub struct User {
    /// Its key.
    pub id: UserId,
    /// Address, in lower case.
    pub email: String,
    /// Name to greet them by.
    pub name: String,
    /// What they are.
    pub role: Role,
    /// argon2id in PHC form.
    pub password_hash: Option<String>,
    /// Whether they may sign in.
    pub enabled: bool,
    /// Whether somebody has shut them out.
    pub disabled: bool,
    /// Their user name, in lower case.
    pub username: Option<String>,
    /// What is missing before they may sign in.
    pub waits: Option<Waits>,
    /// Whether the address was shown to be theirs, or an operator vouched for it.
    pub confirmed: bool,
    /// Language that they chose, `es` or `en`.
    pub lang: Option<String>,
    /// Colours that they chose: `system`, `light` or `dark`.
    pub theme: Option<String>,
    /// Single rights beside those of the role.
    pub granted: Rights,
    /// Single rights of the role that were taken away.
    pub withdrawn: Rights,
    /// IANA name of the time zone that they chose.
    pub zone: Option<String>,
}

impl User {
    /// What they may.
    #[must_use]
    pub fn rights(&self) -> Rights {
        self.role.rights_with(self.granted, self.withdrawn)
    }

    /// Them, as they ask for something.
    #[must_use]
    pub fn principal(&self) -> Principal {
        Principal::User { id: self.id, role: self.role, rights: self.rights() }
    }

    /// Them, as one whose key asks.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner { id: self.id, role: self.role, rights: self.rights() }
    }
}

/// What is missing before somebody may sign in for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Their answer to an invitation.
    Invite,
    /// That they show that the address is theirs.
    Mail,
    /// An operator's word.
    Approval,
}

impl Waits {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Mail => "mail",
            Self::Approval => "approval",
        }
    }

    pub(super) fn read(found: String) -> Result<Self, DbError> {
        let known = [Self::Invite, Self::Mail, Self::Approval].into_iter().find(|waits| waits.as_str() == found);
        known.ok_or(DbError::Unreadable { table: "users", column: "waits", found })
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: i64,
    email: String,
    name: String,
    role: String,
    password_hash: Option<String>,
    disabled_ms: Option<i64>,
    lang: Option<String>,
    theme: Option<String>,
    username: Option<String>,
    waits: Option<String>,
    confirmed_ms: Option<i64>,
    granted: String,
    withdrawn: String,
    zone: Option<String>,
}

/// What a [`Row`] is read from.
macro_rules! columns {
    () => {
        "SELECT id, email, name, role, password_hash, disabled_ms, lang, theme, username, waits, confirmed_ms, granted, withdrawn, zone"
    };
}

pub(super) use columns;

const COLUMNS: &str = concat!(columns!(), " FROM users");

pub(super) fn read(row: Row) -> Result<User, DbError> {
    let role = row.role.parse().map_err(|_| DbError::Unreadable { table: "users", column: "role", found: row.role })?;
    let waits = row.waits.map(Waits::read).transpose()?;
    let disabled = row.disabled_ms.is_some();
    Ok(User {
        id: UserId(row.id),
        email: row.email,
        name: row.name,
        role,
        password_hash: row.password_hash,
        enabled: !disabled && waits.is_none(),
        disabled,
        username: row.username,
        waits,
        confirmed: row.confirmed_ms.is_some(),
        lang: row.lang,
        theme: row.theme,
        granted: rights(row.granted, "granted")?,
        withdrawn: rights(row.withdrawn, "withdrawn")?,
        zone: row.zone,
    })
}

fn rights(found: String, column: &'static str) -> Result<Rights, DbError> {
    let words = found.split(',').filter(|word| !word.is_empty()).map(str::parse);
    words.collect::<Result<_, _>>().map_err(|_| DbError::Unreadable { table: "users", column, found })
}

/// An address as it is stored and compared.
#[must_use]
pub fn normalised(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The user with this address.
///
/// # Errors
/// [`DbError`].
pub async fn by_email(db: &Db, email: &str) -> Result<Option<User>, DbError> {
    let sql = format!("{COLUMNS} WHERE email = $1");
    on!(db, |c| sqlx::query_as::<_, Row>(&sql).bind(normalised(email)).fetch_optional(c).await)?.map(read).transpose()
}

/// The user with this address or user name, whichever it is. Who is not in yet has no name of their own.
///
/// # Errors
/// [`DbError`].
pub async fn by_login(db: &Db, login: &str) -> Result<Option<User>, DbError> {
    if login.contains('@') {
        return by_email(db, login).await;
    }
    let sql = format!("{COLUMNS} WHERE username = $1 AND waits IS NULL");
    on!(db, |c| sqlx::query_as::<_, Row>(&sql).bind(normalised(login)).fetch_optional(c).await)?.map(read).transpose()
}

/// The user with this key.
///
/// # Errors
/// [`DbError`].
pub async fn by_id(db: &Db, id: UserId) -> Result<Option<User>, DbError> {
    let sql = format!("{COLUMNS} WHERE id = $1");
    on!(db, |c| sqlx::query_as::<_, Row>(&sql).bind(id.0).fetch_optional(c).await)?.map(read).transpose()
}

/// All users, oldest first.
///
/// # Errors
/// [`DbError`].
pub async fn all(db: &Db) -> Result<Vec<User>, DbError> {
    let sql = format!("{COLUMNS} ORDER BY id");
    on!(db, |c| sqlx::query_as::<_, Row>(&sql).fetch_all(c).await)?.into_iter().map(read).collect()
}

/// What people are called: by name, by address where there is none.
///
/// # Errors
/// [`DbError`].
pub async fn called(db: &Db, ids: &[UserId]) -> Result<HashMap<UserId, String>, DbError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let listed = ids.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",");
    let sql = format!("SELECT id, CASE WHEN name = '' THEN email ELSE name END FROM users WHERE id IN ({listed})");
    let rows: Vec<(i64, String)> = on!(db, |c| sqlx::query_as(&sql).persistent(false).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id, name)| (UserId(id), name)).collect())
}

/// Shuts somebody out, and ends what they are signed in with; or lets them in again: who is what they were when they were looked at, for of another
/// role they may be somebody else's to shut out. `false`: nothing changed.
///
/// # Errors
/// [`DbError`].
pub async fn set_enabled(db: &Db, id: UserId, was: Role, is_enabled: bool, by: By<'_>) -> Result<bool, DbError> {
    // Two who shut each other out at once: the second looks at what the first has done.
    const HOLD: &str = "UPDATE users SET role = role WHERE role = 'admin'";
    const LET_IN: &str = "UPDATE users SET disabled_ms = NULL WHERE id = $1 AND role = $3 AND disabled_ms IS NOT NULL AND $2 > 0";
    // Somebody has to be left who may let others in.
    const SHUT_OUT: &str = "UPDATE users SET disabled_ms = $2 WHERE id = $1 AND role = $3 AND disabled_ms IS NULL AND (role <> 'admin' OR EXISTS \
        (SELECT 1 FROM users AS other WHERE other.role = 'admin' AND other.disabled_ms IS NULL AND other.waits IS NULL AND other.id <> $1))";
    in_tx!(db, |tx| {
        sqlx::query(HOLD).execute(&mut *tx).await?;
        let sql = if is_enabled { LET_IN } else { SHUT_OUT };
        if sqlx::query(sql).bind(id.0).bind(by.at_ms).bind(was.as_str()).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
        let mut ended = None;
        if !is_enabled {
            ended = Some(end_sessions!(tx, id.0, ""));
            sqlx::query(super::links::END_OF).bind(id.0).bind(by.at_ms).execute(&mut *tx).await?;
        }
        let action = if is_enabled { "user.enable" } else { "user.disable" };
        let (before, after) = (json!({ "enabled": !is_enabled }), json!({ "enabled": is_enabled }));
        let detail = json!({ "before": before, "after": after, "sessions_ended": ended });
        audit::note!(tx, by, action, format!("user:{}", id.0), detail);
    });
    Ok(true)
}

/// Whether there is an administrator who can sign in.
///
/// # Errors
/// [`DbError`].
pub async fn has_admin(db: &Db) -> Result<bool, DbError> {
    const SQL: &str = "SELECT COUNT(*) FROM users AS u WHERE role = 'admin' AND disabled_ms IS NULL AND waits IS NULL AND (password_hash IS NOT NULL \
        OR EXISTS (SELECT 1 FROM identities WHERE user_id = u.id) OR EXISTS (SELECT 1 FROM passkeys WHERE user_id = u.id))";
    let count: i64 = on!(db, |c| sqlx::query_scalar(SQL).fetch_one(c).await)?;
    Ok(count > 0)
}

/// What a new user is made of.
#[derive(Clone, Debug)]
pub struct NewUser<'a> {
    /// Address; stored in lower case.
    pub email: &'a str,
    /// Name; may be empty.
    pub name: &'a str,
    /// What they are.
    pub role: Role,
    /// argon2id in PHC form.
    pub password_hash: Option<&'a str>,
}

/// Adds a user whose address an operator vouches for: address (normalised), name, role, hash, now.
pub(super) const INSERT: &str = "INSERT INTO users (email, name, role, password_hash, created_ms, confirmed_ms) \
                                 VALUES ($1, $2, $3, $4, $5, $5) RETURNING id";

/// Adds a user.
///
/// # Errors
/// [`DbError::is_duplicate`] when the address is taken.
pub async fn insert(db: &Db, new: &NewUser<'_>, by: By<'_>) -> Result<UserId, DbError> {
    let email = normalised(new.email);
    let id: i64 = in_tx!(db, |tx| {
        let user = sqlx::query_scalar(INSERT).bind(&email).bind(new.name).bind(new.role.as_str());
        let id: i64 = user.bind(new.password_hash).bind(by.at_ms).fetch_one(&mut *tx).await?;
        audit::note!(tx, by, "user.add", format!("user:{id}"), json!({ "role": new.role.as_str() }));
        id
    });
    Ok(UserId(id))
}

/// Gives a user a password, and ends every session of theirs: who knew the old one is out.
///
/// # Errors
/// [`DbError::Missing`] when nobody has this address.
pub async fn set_password(db: &Db, email: &str, password_hash: &str, by: By<'_>) -> Result<(), DbError> {
    const SET: &str = "UPDATE users SET password_hash = $2, confirmed_ms = COALESCE(confirmed_ms, $3) WHERE email = $1 RETURNING id";
    const HAD: &str = "SELECT COUNT(password_hash) FROM users WHERE email = $1";
    let email = normalised(email);
    in_tx!(db, |tx| {
        let had: i64 = sqlx::query_scalar(HAD).bind(&email).fetch_one(&mut *tx).await?;
        let id: Option<i64> = sqlx::query_scalar(SET).bind(&email).bind(password_hash).bind(by.at_ms).fetch_optional(&mut *tx).await?;
        let Some(id) = id else { return Err(DbError::Missing("users")) };
        let detail = end_ways_in!(tx, id, by.at_ms);
        if had == 0 {
            // One with which an account begins is no change that somebody has to be told of.
            audit::note!(tx, by, "user.password", format!("user:{id}"), detail);
        } else {
            note_password!(tx, by, "user.password", id, detail);
        }
    });
    Ok(())
}

/// What somebody changes about their own account; what is `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Profile<'a> {
    /// Name to greet them by.
    pub name: Option<&'a str>,
    /// `es` or `en`.
    pub lang: Option<&'a str>,
    /// `system`, `light` or `dark`.
    pub theme: Option<&'a str>,
    /// IANA name of a time zone; empty for none.
    pub zone: Option<&'a str>,
}

/// Changes a profile. A name is noted in the audit log, a language and colours are nobody's business.
///
/// # Errors
/// [`DbError::Missing`] when the user is gone.
pub async fn set_profile(db: &Db, id: UserId, profile: Profile<'_>, by: By<'_>) -> Result<(), DbError> {
    const SET: &str = "UPDATE users SET name = COALESCE($2, name), lang = COALESCE($3, lang), theme = COALESCE($4, theme), \
                       zone = CASE WHEN $5 IS NULL THEN zone WHEN $5 = '' THEN NULL ELSE $5 END WHERE id = $1";
    const KEPT: &str = "SELECT name, lang, theme, zone FROM users WHERE id = $1";
    type Kept = (String, Option<String>, Option<String>, Option<String>);
    in_tx!(db, |tx| {
        let before: Option<Kept> = sqlx::query_as(KEPT).bind(id.0).fetch_optional(&mut *tx).await?;
        let set = sqlx::query(SET).bind(id.0).bind(profile.name).bind(profile.lang).bind(profile.theme).bind(profile.zone);
        if set.execute(&mut *tx).await?.rows_affected() != 1 {
            return Err(DbError::Missing("users"));
        }
        let after: Option<Kept> = sqlx::query_as(KEPT).bind(id.0).fetch_optional(&mut *tx).await?;
        if before != after {
            let told = |kept: Option<Kept>| {
                kept.map(|(name, lang, theme, zone)| json!({ "name": name, "lang": lang, "theme": theme, "zone": zone }))
            };
            audit::note!(tx, by, "user.profile", format!("user:{}", id.0), json!({ "before": told(before), "after": told(after) }));
        }
    });
    Ok(())
}

/// Gives somebody the password that they chose, and ends their other sessions: who knew the old one is out.
///
/// # Errors
/// [`DbError::Missing`] when the user is gone.
pub async fn change_password(db: &Db, id: UserId, password_hash: &str, kept_session: &str, by: By<'_>) -> Result<(), DbError> {
    const SET: &str = "UPDATE users SET password_hash = $2 WHERE id = $1";
    in_tx!(db, |tx| {
        if sqlx::query(SET).bind(id.0).bind(password_hash).execute(&mut *tx).await?.rows_affected() != 1 {
            return Err(DbError::Missing("users"));
        }
        // Keys stay: who chooses another password and knows the old one has lost nothing.
        let ended = end_sessions!(tx, id.0, kept_session);
        sqlx::query(super::links::END_OF).bind(id.0).bind(by.at_ms).execute(&mut *tx).await?;
        note_password!(tx, by, "user.password", id.0, json!({ "sessions_ended": ended }));
    });
    Ok(())
}
