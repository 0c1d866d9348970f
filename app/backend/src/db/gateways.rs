//! Tables `gateways` and `gateway_devices`.

use serde_json::json;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::{DeviceId, DeviceNumber};

use super::audit::{self, By};
use super::{Db, DbError, in_tx, on};

/// A row of `gateways`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Its user name.
    pub name: DeviceId,
    /// The topic that all below is its own.
    pub base: Option<String>,
    /// SHA-256 of its token, hexadecimal.
    pub token_hash: String,
}

/// A device that a gateway speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: DeviceId,
    /// Its number.
    pub number: DeviceNumber,
    /// What it is.
    pub kind: DeviceKind,
    /// What it is called in topics, where that is not its id.
    pub topic: Option<String>,
}

type Row = (String, Option<String>, String);

fn read((name, base, token_hash): Row) -> Result<Gateway, DbError> {
    let name = DeviceId::new(name.clone()).map_err(|_| DbError::Unreadable { table: "gateways", column: "name", found: name })?;
    Ok(Gateway { name, base, token_hash })
}

/// The gateway with this name.
///
/// # Errors
/// [`DbError`].
pub async fn by_name(db: &Db, name: &DeviceId) -> Result<Option<Gateway>, DbError> {
    const SQL: &str = "SELECT name, base, token_hash FROM gateways WHERE name = $1";
    on!(db, |c| sqlx::query_as::<_, Row>(SQL).bind(name.as_str()).fetch_optional(c).await)?.map(read).transpose()
}

/// Every gateway, by name.
///
/// # Errors
/// [`DbError`].
pub async fn list(db: &Db) -> Result<Vec<Gateway>, DbError> {
    const SQL: &str = "SELECT name, base, token_hash FROM gateways ORDER BY name";
    on!(db, |c| sqlx::query_as::<_, Row>(SQL).fetch_all(c).await)?.into_iter().map(read).collect()
}

/// The devices that a gateway speaks for, by id.
///
/// # Errors
/// [`DbError`].
pub async fn members(db: &Db, name: &DeviceId) -> Result<Vec<Member>, DbError> {
    const SQL: &str = "SELECT d.device_id, d.number, d.kind, d.topic FROM gateway_devices m
        JOIN gateways g ON g.id = m.gateway_id JOIN devices d ON d.number = m.device WHERE g.name = $1 ORDER BY d.device_id";
    let rows: Vec<MemberRow> = on!(db, |c| sqlx::query_as(SQL).bind(name.as_str()).fetch_all(c).await)?;
    rows.into_iter().map(member).collect()
}

/// The devices that are called otherwise in topics than by their id.
///
/// # Errors
/// [`DbError`].
pub async fn named(db: &Db) -> Result<Vec<Member>, DbError> {
    const SQL: &str = "SELECT device_id, number, kind, topic FROM devices WHERE topic IS NOT NULL ORDER BY device_id";
    let rows: Vec<MemberRow> = on!(db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    rows.into_iter().map(member).collect()
}

type MemberRow = (String, i64, String, Option<String>);

fn member((id, number, kind, topic): MemberRow) -> Result<Member, DbError> {
    let id = DeviceId::new(id.clone()).map_err(|_| DbError::Unreadable { table: "devices", column: "device_id", found: id })?;
    let kind = kind.parse().map_err(|_| DbError::Unreadable { table: "devices", column: "kind", found: kind })?;
    Ok(Member { id, number: DeviceNumber(number), kind, topic })
}

/// To be run in the same transaction as a change of a token or of a name in topics.
pub(super) const CHANGED: &str = "UPDATE rights_version SET version = version + 1";

/// Sums over the gateways and over the changes of devices: another answer means that a gateway was added, changed or removed, or a device
/// was given another token or name in topics.
///
/// # Errors
/// [`DbError`].
pub async fn version(db: &Db) -> Result<(i64, i64, i64), DbError> {
    const SQL: &str =
        "SELECT COUNT(*), CAST(COALESCE(SUM(changed_ms), 0) AS BIGINT), (SELECT MAX(version) FROM rights_version) FROM gateways";
    Ok(on!(db, |c| sqlx::query_as(SQL).fetch_one(c).await)?)
}

/// The same, and how many devices there are: another answer may also mean that one was registered.
///
/// # Errors
/// [`DbError`].
pub async fn version_with_devices(db: &Db) -> Result<Registered, DbError> {
    const SQL: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(changed_ms), 0) AS BIGINT), (SELECT MAX(version) FROM rights_version),
        (SELECT COUNT(*) FROM devices) FROM gateways";
    let (gateways, changed, rights, devices) = on!(db, |c| sqlx::query_as::<_, (i64, i64, i64, i64)>(SQL).fetch_one(c).await)?;
    Ok(Registered { version: (gateways, changed, rights), devices })
}

/// What [`version_with_devices`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered {
    /// As [`version`] says it.
    pub version: (i64, i64, i64),
    /// How many devices there are.
    pub devices: i64,
}

/// The number of the last time that somebody's token was withdrawn; 0: never.
///
/// # Errors
/// [`DbError`].
pub async fn last_withdrawal(db: &Db) -> Result<i64, DbError> {
    const SQL: &str = "SELECT COALESCE(MAX(id), 0) FROM audit WHERE action IN ('device.token', 'gateway.remove')";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).fetch_one(c).await)?)
}

/// Whose token was withdrawn since, with the number of each time; not those to whom the server itself gives their first.
///
/// # Errors
/// [`DbError`].
pub async fn withdrawn_since(db: &Db, number: i64) -> Result<Vec<(i64, String)>, DbError> {
    const SQL: &str = "SELECT id, target FROM audit WHERE id > $1 AND action IN ('device.token', 'gateway.remove') AND actor <> 'system'
        ORDER BY id";
    Ok(on!(db, |c| sqlx::query_as(SQL).bind(number).fetch_all(c).await)?)
}

/// Adds a gateway that speaks for these devices.
///
/// # Errors
/// [`DbError::is_duplicate`] when the name or the base is taken.
pub async fn insert(db: &Db, new: &Gateway, devices: &[DeviceNumber], by: By<'_>) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO gateways (name, base, token_hash, created_ms, changed_ms) VALUES ($1, $2, $3, $4, $4) RETURNING id";
    in_tx!(db, |tx| {
        let row = sqlx::query_scalar(SQL).bind(new.name.as_str()).bind(new.base.as_deref()).bind(new.token_hash.as_str());
        let id: i64 = row.bind(by.at_ms).fetch_one(&mut *tx).await?;
        for device in devices {
            sqlx::query(ADD).bind(id).bind(device.0).execute(&mut *tx).await?;
        }
        audit::note!(tx, by, "gateway.add", new.name.as_str(), json!({ "base": new.base, "devices": numbers(devices) }));
    });
    Ok(())
}

const ADD: &str = "INSERT INTO gateway_devices (gateway_id, device) VALUES ($1, $2)";

/// Lets a gateway speak for these devices and no others.
///
/// # Errors
/// [`DbError::Missing`] when there is no such gateway.
pub async fn replace_members(db: &Db, name: &DeviceId, devices: &[DeviceNumber], by: By<'_>) -> Result<(), DbError> {
    // A change within the same millisecond is a change, too.
    const SQL: &str =
        "UPDATE gateways SET changed_ms = CASE WHEN changed_ms >= $2 THEN changed_ms + 1 ELSE $2 END WHERE name = $1 RETURNING id";
    const FORMER: &str = "DELETE FROM gateway_devices WHERE gateway_id = $1 RETURNING device";
    in_tx!(db, |tx| {
        let id: Option<i64> = sqlx::query_scalar(SQL).bind(name.as_str()).bind(by.at_ms).fetch_optional(&mut *tx).await?;
        let Some(id) = id else { return Err(DbError::Missing("gateways")) };
        let before: Vec<i64> = sqlx::query_scalar(FORMER).bind(id).fetch_all(&mut *tx).await?;
        for device in devices {
            sqlx::query(ADD).bind(id).bind(device.0).execute(&mut *tx).await?;
        }
        let detail = json!({ "before": { "devices": before }, "after": { "devices": numbers(devices) } });
        audit::note!(tx, by, "gateway.set", name.as_str(), detail);
    });
    Ok(())
}

/// Removes a gateway; its token is worthless from then on.
///
/// # Errors
/// [`DbError::Missing`] when there is no such gateway.
pub async fn remove(db: &Db, name: &DeviceId, by: By<'_>) -> Result<(), DbError> {
    in_tx!(db, |tx| {
        let members = "DELETE FROM gateway_devices WHERE gateway_id IN (SELECT id FROM gateways WHERE name = $1)";
        sqlx::query(members).bind(name.as_str()).execute(&mut *tx).await?;
        let gone = sqlx::query("DELETE FROM gateways WHERE name = $1").bind(name.as_str()).execute(&mut *tx).await?;
        if gone.rows_affected() != 1 {
            return Err(DbError::Missing("gateways"));
        }
        sqlx::query(CHANGED).execute(&mut *tx).await?;
        audit::note!(tx, by, "gateway.remove", name.as_str(), json!({}));
    });
    Ok(())
}

fn numbers(devices: &[DeviceNumber]) -> Vec<i64> {
    devices.iter().map(|device| device.0).collect()
}
