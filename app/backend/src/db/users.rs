//! Table `users`.

use serde_json::json;
use vigia_domain::ids::UserId;
use vigia_domain::user::Role;

use super::audit::{self, By};
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
    /// Language that they chose, `es` or `en`.
    pub lang: Option<String>,
    /// Colours that they chose: `system`, `light` or `dark`.
    pub theme: Option<String>,
}

type Row = (i64, String, String, String, Option<String>, Option<i64>, Option<String>, Option<String>);

const COLUMNS: &str = "SELECT id, email, name, role, password_hash, disabled_ms, lang, theme FROM users";

fn read((id, email, name, role, password_hash, disabled_ms, lang, theme): Row) -> Result<User, DbError> {
    let role = role.parse().map_err(|_| DbError::Unreadable { table: "users", column: "role", found: role })?;
    Ok(User { id: UserId(id), email, name, role, password_hash, enabled: disabled_ms.is_none(), lang, theme })
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

/// Whether there is an administrator who can sign in.
///
/// # Errors
/// [`DbError`].
pub async fn has_admin(db: &Db) -> Result<bool, DbError> {
    const SQL: &str = "SELECT COUNT(*) FROM users WHERE role = 'admin' AND password_hash IS NOT NULL AND disabled_ms IS NULL";
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

/// Adds a user: address (normalised), name, role, hash, now.
pub(super) const INSERT: &str = "INSERT INTO users (email, name, role, password_hash, created_ms) VALUES ($1, $2, $3, $4, $5) RETURNING id";

/// Adds a user.
///
/// # Errors
/// [`DbError::is_duplicate`] when the address is taken.
pub async fn insert(db: &Db, new: &NewUser<'_>, by: By<'_>) -> Result<UserId, DbError> {
    let email = normalised(new.email);
    let id: i64 = in_tx!(db, |tx| {
        let user = sqlx::query_scalar(INSERT).bind(&email).bind(new.name).bind(new.role.as_str());
        let id = user.bind(new.password_hash).bind(by.at_ms).fetch_one(&mut *tx).await?;
        audit::note!(tx, by, "user.add", &email, json!({ "role": new.role.as_str() }));
        id
    });
    Ok(UserId(id))
}

/// Gives a user a password, and ends every session of theirs: who knew the old one is out.
///
/// # Errors
/// [`DbError::Missing`] when nobody has this address.
pub async fn set_password(db: &Db, email: &str, password_hash: &str, by: By<'_>) -> Result<(), DbError> {
    const SET: &str = "UPDATE users SET password_hash = $2 WHERE email = $1 RETURNING id";
    let email = normalised(email);
    in_tx!(db, |tx| {
        let id: Option<i64> = sqlx::query_scalar(SET).bind(&email).bind(password_hash).fetch_optional(&mut *tx).await?;
        let Some(id) = id else { return Err(DbError::Missing("users")) };
        let ended = sqlx::query(super::sessions::END_ALL).bind(id).execute(&mut *tx).await?.rows_affected();
        audit::note!(tx, by, "user.password", &email, json!({ "sessions_ended": ended }));
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
}

/// Changes a profile. A name is noted in the audit log, a language and colours are nobody's business.
///
/// # Errors
/// [`DbError::Missing`] when the user is gone.
pub async fn set_profile(db: &Db, id: UserId, profile: Profile<'_>, by: By<'_>) -> Result<(), DbError> {
    const SET: &str = "UPDATE users SET name = COALESCE($2, name), lang = COALESCE($3, lang), theme = COALESCE($4, theme) WHERE id = $1";
    in_tx!(db, |tx| {
        let set = sqlx::query(SET).bind(id.0).bind(profile.name).bind(profile.lang).bind(profile.theme);
        if set.execute(&mut *tx).await?.rows_affected() != 1 {
            return Err(DbError::Missing("users"));
        }
        if profile.name.is_some() {
            audit::note!(tx, by, "user.profile", format!("user:{}", id.0), json!({}));
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
        let ended = sqlx::query(super::sessions::END_OTHERS).bind(id.0).bind(kept_session).execute(&mut *tx).await?.rows_affected();
        audit::note!(tx, by, "user.password", format!("user:{}", id.0), json!({ "sessions_ended": ended }));
    });
    Ok(())
}
