//! Table `api_keys`.

use std::collections::HashMap;

use serde_json::json;
use vigia_domain::ids::{KeyId, UserId};
use vigia_domain::rights::Scope;

use super::audit::{self, By};
use super::mails::Kind;
use super::{Db, DbError, in_tx, mails, on, paging};

/// A key that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which one.
    pub id: KeyId,
    /// What it was given.
    pub scopes: Vec<Scope>,
    /// Whose it is; nobody's that was made on the command line.
    pub owner: Option<UserId>,
    /// When it was last used, milliseconds since the epoch; at most an hour late.
    pub used_ms: Option<i64>,
}

/// The key with this hash, if it is neither revoked nor past its time.
///
/// # Errors
/// [`DbError`].
pub async fn by_hash(db: &Db, hash: &str, now_ms: i64) -> Result<Option<Known>, DbError> {
    const SQL: &str = "SELECT id, scopes, owner_id, used_ms FROM api_keys
        WHERE key_hash = $1 AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > $2)";
    let row: Option<(i64, String, Option<i64>, Option<i64>)> =
        on!(db, |c| sqlx::query_as(SQL).bind(hash).bind(now_ms).fetch_optional(c).await)?;
    let Some((id, text, owner, used_ms)) = row else { return Ok(None) };
    Ok(Some(Known { id: KeyId(id), scopes: scopes(text)?, owner: owner.map(UserId), used_ms }))
}

fn scopes(text: String) -> Result<Vec<Scope>, DbError> {
    let words = text.split(',').filter(|word| !word.is_empty()).map(str::parse);
    words.collect::<Result<_, _>>().map_err(|_| DbError::Unreadable { table: "api_keys", column: "scopes", found: text })
}

/// Notes that a key is in use.
///
/// # Errors
/// [`DbError`].
pub async fn touch(db: &Db, id: KeyId, now_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "UPDATE api_keys SET used_ms = $2 WHERE id = $1";
    in_tx!(db, |tx| sqlx::query(SQL).bind(id.0).bind(now_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}

/// What a new key is made of.
#[derive(Clone, Copy, Debug)]
pub struct NewKey<'a> {
    /// What it is for.
    pub name: &'a str,
    /// SHA-256 of it, hexadecimal.
    pub hash: &'a str,
    /// What it is given.
    pub scopes: &'a [Scope],
    /// Whose it is.
    pub owner: Option<UserId>,
    /// Until when, milliseconds since the epoch.
    pub expires_ms: Option<i64>,
}

/// Adds a key, of which its owner is told by mail.
///
/// # Errors
/// [`DbError::is_duplicate`] when its owner has one of this name that is good.
pub async fn insert(db: &Db, new: NewKey<'_>, by: By<'_>) -> Result<KeyId, DbError> {
    const SQL: &str =
        "INSERT INTO api_keys (name, key_hash, scopes, owner_id, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
    let scopes: Vec<_> = new.scopes.iter().map(|s| s.as_str()).collect();
    let id: i64 = in_tx!(db, |tx| {
        let key = sqlx::query_scalar(SQL).bind(new.name).bind(new.hash).bind(scopes.join(",")).bind(new.owner.map(|owner| owner.0));
        let id: i64 = key.bind(by.at_ms).bind(new.expires_ms).fetch_one(&mut *tx).await?;
        let detail = json!({ "name": new.name, "scopes": scopes, "expires_ms": new.expires_ms });
        audit::note!(tx, by, "api-key.add", format!("key:{id}"), detail);
        if let Some(owner) = new.owner {
            mails::note!(tx, Kind::ApiKey, owner.0, by.at_ms);
        }
        id
    });
    Ok(KeyId(id))
}

/// A key in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which one.
    pub id: KeyId,
    /// What it is for.
    pub name: String,
    /// What it was given.
    pub scopes: Vec<Scope>,
    /// Whose it is, and their address.
    pub owner: Option<(UserId, String)>,
    /// When it was made, milliseconds since the epoch.
    pub created_ms: i64,
    /// Until when.
    pub expires_ms: Option<i64>,
    /// When it was last used; at most an hour late.
    pub used_ms: Option<i64>,
}

/// Keys that are not revoked, of one person or of everybody, the newest first, those made before `below`; at most `most`, and where the next page
/// begins while there is one.
///
/// # Errors
/// [`DbError`].
pub async fn list(db: &Db, owner: Option<UserId>, below: Option<KeyId>, most: usize) -> Result<(Vec<Listed>, Option<KeyId>), DbError> {
    const SQL: &str = "SELECT k.id, k.name, k.scopes, k.owner_id, u.email, k.created_ms, k.expires_ms, k.used_ms
        FROM api_keys k LEFT JOIN users u ON u.id = k.owner_id
        WHERE k.revoked_ms IS NULL AND ($1 < 0 OR k.owner_id = $1) AND k.id < $2 ORDER BY k.id DESC LIMIT $3";
    type Row = (i64, String, String, Option<i64>, Option<String>, i64, Option<i64>, Option<i64>);
    let limit = paging::one_more(most);
    let mut rows: Vec<Row> = on!(db, |c| {
        let rows = sqlx::query_as(SQL).bind(owner.map_or(-1, |owner| owner.0)).bind(below.map_or(i64::MAX, |below| below.0));
        rows.bind(limit).fetch_all(c).await
    })?;
    let next = paging::next(&mut rows, most, |last| KeyId(last.0));
    let read = |(id, name, text, owner, email, created_ms, expires_ms, used_ms): Row| {
        let owner = owner.map(|owner| (UserId(owner), email.unwrap_or_default()));
        Ok(Listed { id: KeyId(id), name, scopes: scopes(text)?, owner, created_ms, expires_ms, used_ms })
    };
    Ok((rows.into_iter().map(read).collect::<Result<_, DbError>>()?, next))
}

/// What keys are called, revoked ones too.
///
/// # Errors
/// [`DbError`].
pub async fn called(db: &Db, ids: &[KeyId]) -> Result<HashMap<KeyId, String>, DbError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let listed = ids.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",");
    let sql = format!("SELECT id, name FROM api_keys WHERE id IN ({listed})");
    let rows: Vec<(i64, String)> = on!(db, |c| sqlx::query_as(&sql).persistent(false).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id, name)| (KeyId(id), name)).collect())
}

/// How many keys of a person are not revoked.
///
/// # Errors
/// [`DbError`].
pub async fn count(db: &Db, owner: UserId) -> Result<i64, DbError> {
    const SQL: &str = "SELECT COUNT(*) FROM api_keys WHERE owner_id = $1 AND revoked_ms IS NULL";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(owner.0).fetch_one(c).await)?)
}

/// Ends a key: of this person, or whosever it is. `false`: there is no such key that is not revoked.
///
/// # Errors
/// [`DbError`].
pub async fn revoke(db: &Db, id: KeyId, owner: Option<UserId>, by: By<'_>) -> Result<bool, DbError> {
    const SQL: &str =
        "UPDATE api_keys SET revoked_ms = $3 WHERE id = $1 AND revoked_ms IS NULL AND ($2 < 0 OR owner_id = $2) RETURNING name";
    in_tx!(db, |tx| {
        let key = sqlx::query_scalar(SQL).bind(id.0).bind(owner.map_or(-1, |owner| owner.0)).bind(by.at_ms);
        let name: Option<String> = key.fetch_optional(&mut *tx).await?;
        let Some(name) = name else { return Ok(false) };
        audit::note!(tx, by, "api-key.revoke", format!("key:{}", id.0), json!({ "name": name }));
    });
    Ok(true)
}

/// Ends the keys of a person: their id, now.
pub(super) const END_ALL: &str = "UPDATE api_keys SET revoked_ms = $2 WHERE owner_id = $1 AND revoked_ms IS NULL";
