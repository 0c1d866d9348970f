//! Tables `provisioning_keys` and `unclaimed`.

use serde_json::json;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::{DeviceId, DeviceNumber};

use super::audit::{self, By};
use super::devices::NewDevice;
use super::{Db, DbError, in_tx, on, paging};

/// Adds a key that is good until `expires_ms`.
///
/// # Errors
/// [`DbError::is_duplicate`] when the name is taken.
pub async fn insert_key(
    db: &Db,
    name: &str,
    hash: &str,
    kind: Option<DeviceKind>,
    expires_ms: Option<i64>,
    by: By<'_>,
) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO provisioning_keys (name, key_hash, kind, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5)";
    let kind = kind.map(DeviceKind::as_str);
    in_tx!(db, |tx| {
        sqlx::query(SQL).bind(name).bind(hash).bind(kind).bind(by.at_ms).bind(expires_ms).execute(&mut *tx).await?;
        audit::note!(tx, by, "provisioning-key.add", name, json!({ "kind": kind }));
    });
    Ok(())
}

/// Ends a key, and forgets the devices that came with it and were not claimed; gives their numbers. Claimed ones get their token still.
///
/// # Errors
/// [`DbError::Missing`] when there is no such key.
pub async fn revoke_key(db: &Db, name: &str, by: By<'_>) -> Result<Vec<i64>, DbError> {
    const SQL: &str = "UPDATE provisioning_keys SET revoked_ms = $2 WHERE name = $1 AND revoked_ms IS NULL";
    const FORGET: &str = "DELETE FROM unclaimed WHERE claimed_ms IS NULL
        AND key_id IN (SELECT id FROM provisioning_keys WHERE name = $1) RETURNING id";
    Ok(in_tx!(db, |tx| {
        if sqlx::query(SQL).bind(name).bind(by.at_ms).execute(&mut *tx).await?.rows_affected() != 1 {
            return Err(DbError::Missing("provisioning_keys"));
        }
        let forgotten: Vec<i64> = sqlx::query_scalar(FORGET).bind(name).fetch_all(&mut *tx).await?;
        audit::note!(tx, by, "provisioning-key.revoke", name, json!({ "unclaimed": forgotten.len() }));
        forgotten
    }))
}

/// What a key is called that is not revoked.
///
/// # Errors
/// [`DbError`].
pub async fn key_name(db: &Db, id: i64) -> Result<Option<String>, DbError> {
    const SQL: &str = "SELECT name FROM provisioning_keys WHERE id = $1 AND revoked_ms IS NULL";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(id).fetch_optional(c).await)?)
}

/// A key in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// What its devices are.
    pub kind: Option<DeviceKind>,
    /// When it was made, milliseconds since the epoch.
    pub created_ms: i64,
    /// Until when.
    pub expires_ms: Option<i64>,
    /// How many devices came with it and wait.
    pub waiting: i64,
}

/// The keys that are not revoked, the newest first, those made before `below`; at most `most`, and where the next page begins while there is one.
///
/// # Errors
/// [`DbError`].
pub async fn keys(db: &Db, below: Option<i64>, most: usize) -> Result<(Vec<ListedKey>, Option<i64>), DbError> {
    const SQL: &str = "SELECT k.id, k.name, k.kind, k.created_ms, k.expires_ms,
        (SELECT COUNT(*) FROM unclaimed u WHERE u.key_id = k.id AND u.claimed_ms IS NULL)
        FROM provisioning_keys k WHERE k.revoked_ms IS NULL AND k.id < $1 ORDER BY k.id DESC LIMIT $2";
    type Row = (i64, String, Option<String>, i64, Option<i64>, i64);
    let limit = paging::one_more(most);
    let mut rows: Vec<Row> = on!(db, |c| sqlx::query_as(SQL).bind(below.unwrap_or(i64::MAX)).bind(limit).fetch_all(c).await)?;
    let next = paging::next(&mut rows, most, |last| last.0);
    let read = |(id, name, kind, created_ms, expires_ms, waiting): Row| {
        let kind =
            kind.map(|kind| kind.parse().map_err(|_| DbError::Unreadable { table: "provisioning_keys", column: "kind", found: kind }));
        Ok::<_, DbError>(ListedKey { id, name, kind: kind.transpose()?, created_ms, expires_ms, waiting })
    };
    Ok((rows.into_iter().map(read).collect::<Result<_, _>>()?, next))
}

/// Id and name of the key with this hash, if it is good now.
///
/// # Errors
/// [`DbError`].
pub async fn key(db: &Db, hash: &str, now_ms: i64) -> Result<Option<(i64, String)>, DbError> {
    const SQL: &str = "SELECT id, name FROM provisioning_keys
        WHERE key_hash = $1 AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > $2)";
    Ok(on!(db, |c| sqlx::query_as(SQL).bind(hash).bind(now_ms).fetch_optional(c).await)?)
}

/// A row of `unclaimed`, with its key.
#[derive(Clone, Debug)]
pub struct Unclaimed {
    /// Its number; the device itself has the negative of it while it has no other.
    pub number: i64,
    /// The id that it wants.
    pub id: DeviceId,
    /// The name of its key.
    pub key: String,
    /// What the key says that it is.
    pub kind: Option<DeviceKind>,
    /// SHA-256 of what it shows as its password, hexadecimal.
    pub password_hash: String,
    /// When it first came.
    pub created_ms: i64,
    /// When it last connected.
    pub seen_ms: i64,
    /// When it was claimed.
    pub claimed_ms: Option<i64>,
}

type Row = (i64, String, String, Option<String>, String, i64, i64, Option<i64>);

const COLUMNS: &str = "SELECT u.id, u.device_id, k.name, k.kind, u.password_hash, u.created_ms, u.seen_ms, u.claimed_ms
    FROM unclaimed u JOIN provisioning_keys k ON k.id = u.key_id";

fn read((number, id, key, kind, password_hash, created_ms, seen_ms, claimed_ms): Row) -> Result<Unclaimed, DbError> {
    let unreadable = |column, found: &str| DbError::Unreadable { table: "unclaimed", column, found: found.to_owned() };
    Ok(Unclaimed {
        number,
        id: DeviceId::new(id.clone()).map_err(|_| unreadable("device_id", &id))?,
        key,
        kind: kind.map(|kind| kind.parse().map_err(|_| unreadable("kind", &kind))).transpose()?,
        password_hash,
        created_ms,
        seen_ms,
        claimed_ms,
    })
}

/// Everything that waits, newest first.
///
/// # Errors
/// [`DbError`].
pub async fn all(db: &Db) -> Result<Vec<Unclaimed>, DbError> {
    let sql = format!("{COLUMNS} ORDER BY u.id DESC");
    on!(db, |c| sqlx::query_as::<_, Row>(&sql).fetch_all(c).await)?.into_iter().map(read).collect()
}

/// How many wait to be claimed.
///
/// # Errors
/// [`DbError`].
pub async fn count(db: &Db) -> Result<u64, DbError> {
    const SQL: &str = "SELECT COUNT(*) FROM unclaimed WHERE claimed_ms IS NULL";
    let count: i64 = on!(db, |c| sqlx::query_scalar(SQL).fetch_one(c).await)?;
    Ok(count.unsigned_abs())
}

/// The one that wants this id.
///
/// # Errors
/// [`DbError`].
pub async fn by_id(db: &Db, id: &DeviceId) -> Result<Option<Unclaimed>, DbError> {
    let sql = format!("{COLUMNS} WHERE u.device_id = $1");
    on!(db, |c| sqlx::query_as::<_, Row>(&sql).bind(id.as_str()).fetch_optional(c).await)?.map(read).transpose()
}

/// Adds a device that nobody knows, unless `most` wait already or its key has ended (`None`).
///
/// # Errors
/// [`DbError::is_duplicate`] when the id is taken.
pub async fn insert(db: &Db, id: &DeviceId, key: i64, password_hash: &str, most: i64, by: By<'_>) -> Result<Option<i64>, DbError> {
    const COUNT: &str = "SELECT COUNT(*) FROM unclaimed";
    const HOLD: &str = "UPDATE provisioning_keys SET name = name WHERE id = $1 AND revoked_ms IS NULL";
    const SQL: &str =
        "INSERT INTO unclaimed (device_id, key_id, password_hash, created_ms, seen_ms) VALUES ($1, $2, $3, $4, $4) RETURNING id";
    Ok(in_tx!(db, |tx| {
        let count: i64 = sqlx::query_scalar(COUNT).fetch_one(&mut *tx).await?;
        // Held until the row is there: who ends the key in the meantime forgets it, too.
        if count >= most || sqlx::query(HOLD).bind(key).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(None);
        }
        let row = sqlx::query_scalar(SQL).bind(id.as_str()).bind(key).bind(password_hash).bind(by.at_ms);
        let number: i64 = row.fetch_one(&mut *tx).await?;
        audit::note!(tx, by, "unclaimed.add", id.as_str(), json!({}));
        Some(number)
    }))
}

/// Notes that it connected.
///
/// # Errors
/// [`DbError`].
pub async fn touch(db: &Db, number: i64, now_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "UPDATE unclaimed SET seen_ms = $2 WHERE id = $1";
    in_tx!(db, |tx| sqlx::query(SQL).bind(number).bind(now_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}

/// Makes it a device, with a token that nobody has.
///
/// # Errors
/// [`DbError::Missing`] when it does not wait any more, [`DbError::is_duplicate`] when a device has the id.
pub async fn claim(db: &Db, number: i64, new: &NewDevice<'_>, by: By<'_>) -> Result<DeviceNumber, DbError> {
    const SQL: &str = "UPDATE unclaimed SET claimed_ms = $2 WHERE id = $1 AND claimed_ms IS NULL";
    let device: i64 = in_tx!(db, |tx| {
        if sqlx::query(SQL).bind(number).bind(by.at_ms).execute(&mut *tx).await?.rows_affected() != 1 {
            return Err(DbError::Missing("unclaimed"));
        }
        let device = sqlx::query_scalar(super::devices::INSERT).bind(new.id.as_str()).bind(new.kind.as_str()).bind(new.name);
        let device: i64 = device.bind(new.owner.map(|o| o.0)).bind(new.token_hash).bind(by.at_ms).fetch_one(&mut *tx).await?;
        audit::note!(tx, by, "device.claim", new.id.as_str(), new.detail());
        device
    });
    Ok(DeviceNumber(device))
}

/// Forgets one that has signed in with its own token.
///
/// # Errors
/// [`DbError`].
pub async fn remove(db: &Db, id: &DeviceId) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM unclaimed WHERE device_id = $1";
    in_tx!(db, |tx| sqlx::query(SQL).bind(id.as_str()).execute(&mut *tx).await?.rows_affected());
    Ok(())
}

/// Forgets those that were not seen, and those that did not take their token, since `before_ms`, and those whose id was given to a
/// device by hand. Gives number and id of each.
///
/// # Errors
/// [`DbError`].
pub async fn tidy(db: &Db, before_ms: i64) -> Result<Vec<(i64, String)>, DbError> {
    const SQL: &str = "DELETE FROM unclaimed WHERE (seen_ms < $1 AND claimed_ms IS NULL) OR claimed_ms < $1
        OR (claimed_ms IS NULL AND device_id IN (SELECT device_id FROM devices)) RETURNING id, device_id";
    Ok(in_tx!(db, |tx| sqlx::query_as(SQL).bind(before_ms).fetch_all(&mut *tx).await?))
}
