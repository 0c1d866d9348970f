//! Table `devices`.

use std::collections::HashMap;

use serde_json::json;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::{DeviceId, DeviceNumber, UserId};

use super::audit::{self, By};
use super::{Db, DbError, in_tx, on};

/// A row of `devices`, with its owner's address.
#[derive(Clone, Debug)]
pub struct Device {
    /// Key of its readings.
    pub number: DeviceNumber,
    /// Text id.
    pub id: DeviceId,
    /// What it is.
    pub kind: DeviceKind,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: Option<UserId>,
    /// Their address.
    pub owner_email: Option<String>,
    /// SHA-256 of its token, hexadecimal.
    pub token_hash: String,
    /// What it is called in the topics of its maker's firmware, where that is not its id.
    pub topic: Option<String>,
    /// The token before, while both are good.
    pub old_token: Option<OldToken>,
}

/// A token that another one has followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldToken {
    /// SHA-256 of it, hexadecimal.
    pub hash: String,
    /// Until when it is good, milliseconds since the epoch; `None`: until the new one was used.
    pub until_ms: Option<i64>,
}

type Row = (i64, String, String, String, Option<i64>, Option<String>, String, Option<String>, Option<String>, Option<i64>);

const COLUMNS: &str =
    "SELECT d.number, d.device_id, d.kind, d.name, d.owner_id, u.email, d.token_hash, d.topic, d.old_token_hash, d.old_until_ms
    FROM devices d LEFT JOIN users u ON u.id = d.owner_id";

fn read((number, id, kind, name, owner, owner_email, token_hash, topic, old_hash, until_ms): Row) -> Result<Device, DbError> {
    let unreadable = |column, found: &str| DbError::Unreadable { table: "devices", column, found: found.to_owned() };
    Ok(Device {
        number: DeviceNumber(number),
        kind: kind.parse().map_err(|_| unreadable("kind", &kind))?,
        id: DeviceId::new(id.clone()).map_err(|_| unreadable("device_id", &id))?,
        name,
        owner: owner.map(UserId),
        owner_email,
        token_hash,
        topic,
        old_token: old_hash.map(|hash| OldToken { hash, until_ms }),
    })
}

/// Notes that what a device sent is deleted, or of it what lies in `[from, to)`, ms since the epoch.
///
/// # Errors
/// [`DbError`].
pub async fn note_erasure(db: &Db, id: &DeviceId, range: Option<(i64, i64)>, by: By<'_>) -> Result<(), DbError> {
    let detail = match range {
        None => json!({}),
        Some((from_ms, to_ms)) => json!({ "from_ms": from_ms, "to_ms": to_ms }),
    };
    in_tx!(db, |tx| audit::note!(tx, by, "device.telemetry.delete", id.as_str(), detail).rows_affected());
    Ok(())
}

/// The device with this id.
///
/// # Errors
/// [`DbError`].
pub async fn by_id(db: &Db, id: &DeviceId) -> Result<Option<Device>, DbError> {
    let sql = format!("{COLUMNS} WHERE d.device_id = $1");
    on!(db, |c| sqlx::query_as::<_, Row>(&sql).bind(id.as_str()).fetch_optional(c).await)?.map(read).transpose()
}

/// The device one of whose tokens has this hash; whether it is good now says `auth/device_token.rs`.
///
/// # Errors
/// [`DbError`].
pub async fn by_token_hash(db: &Db, hash: &str) -> Result<Option<Device>, DbError> {
    let sql = format!("{COLUMNS} WHERE d.token_hash = $1 OR d.old_token_hash = $1");
    on!(db, |c| sqlx::query_as::<_, Row>(&sql).bind(hash).fetch_optional(c).await)?.map(read).transpose()
}

/// A page of devices, newest first.
///
/// # Errors
/// [`DbError`].
pub async fn page(db: &Db, owner: Option<UserId>, below: Option<DeviceNumber>, limit: i64) -> Result<Vec<Device>, DbError> {
    let sql = format!("{COLUMNS} WHERE ($1 < 0 OR d.owner_id = $1) AND d.number < $2 ORDER BY d.number DESC LIMIT $3");
    let (owner, below) = (owner.map_or(-1, |o| o.0), below.map_or(i64::MAX, |b| b.0));
    on!(db, |c| sqlx::query_as::<_, Row>(&sql).bind(owner).bind(below).bind(limit).fetch_all(c).await)?.into_iter().map(read).collect()
}

/// What the list shows of a device, sorts it by and finds it by.
#[derive(Clone, Debug)]
pub struct Indexed {
    /// Key of its readings.
    pub number: DeviceNumber,
    /// Text id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
    /// Whose it is.
    pub owner: Option<UserId>,
    /// Their address.
    pub owner_email: Option<String>,
}

type IndexRow = (i64, String, String, String, Option<i64>, Option<String>);

/// Every device, newest first.
///
/// # Errors
/// [`DbError`].
pub async fn index(db: &Db) -> Result<Vec<Indexed>, DbError> {
    const SQL: &str = "SELECT d.number, d.device_id, d.name, d.kind, d.owner_id, u.email
        FROM devices d LEFT JOIN users u ON u.id = d.owner_id ORDER BY d.number DESC";
    let rows: Vec<IndexRow> = on!(db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    let read = |(number, id, name, kind, owner, owner_email): IndexRow| {
        let kind = kind.parse().map_err(|_| DbError::Unreadable { table: "devices", column: "kind", found: kind })?;
        Ok(Indexed { number: DeviceNumber(number), id, name, kind, owner: owner.map(UserId), owner_email })
    };
    rows.into_iter().map(read).collect()
}

/// What happened in the registry since a row of the audit log.
#[derive(Clone, Copy, Debug)]
pub struct News {
    /// The newest row.
    pub newest: i64,
    /// Whether any of them may be of something that the index tells.
    pub matters: bool,
}

/// What happened since the row `seen` of the audit log. What is not known by its name is taken to matter.
///
/// # Errors
/// [`DbError`].
pub async fn news(db: &Db, seen: i64) -> Result<News, DbError> {
    const SQL: &str =
        "SELECT MAX(id), MAX(CASE WHEN action IN ('command.give', 'config.set', 'device.token', 'device.token.add', 'device.topic',
        'device.telemetry.delete', 'unclaimed.add', 'api-key.add', 'api-key.revoke',
        'session.begin', 'session.reuse', 'session.end', 'session.end-others',
        'user.profile', 'user.password', 'user.reset', 'user.register', 'user.invite', 'user.join', 'user.approve', 'user.confirm',
        'user.disable', 'user.enable', 'user.rights', 'user.identity.add', 'user.identity.remove',
        'user.passkey.add', 'user.passkey.rename', 'user.passkey.remove',
        'user.second_step.on', 'user.second_step.off', 'user.second_step.codes', 'user.second_step.recovery')
        THEN NULL ELSE id END) FROM audit WHERE id > $1";
    let (newest, matters): (Option<i64>, Option<i64>) = on!(db, |c| sqlx::query_as(SQL).bind(seen).fetch_one(c).await)?;
    Ok(News { newest: newest.unwrap_or(seen), matters: matters.is_some() })
}

/// The two names of the devices and whose they are, or of those of an owner; at most so many, the oldest ones.
///
/// # Errors
/// [`DbError`].
pub async fn names(db: &Db, owner: Option<UserId>, most: usize) -> Result<Vec<(DeviceId, Owned)>, DbError> {
    const SQL: &str = "SELECT device_id, number, owner_id FROM devices WHERE $1 < 0 OR owner_id = $1 ORDER BY number LIMIT $2";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows: Vec<(String, i64, Option<i64>)> =
        on!(db, |c| sqlx::query_as(SQL).bind(owner.map_or(-1, |o| o.0)).bind(most).fetch_all(c).await)?;
    let unreadable = |found: String| DbError::Unreadable { table: "devices", column: "device_id", found };
    let read = |(id, number, owner): (String, i64, Option<i64>)| {
        Ok((DeviceId::new(id.clone()).map_err(|_| unreadable(id))?, (DeviceNumber(number), owner.map(UserId))))
    };
    rows.into_iter().map(read).collect()
}

/// A device's number, and whose it is.
pub type Owned = (DeviceNumber, Option<UserId>);

/// The devices with these numbers, newest first.
///
/// # Errors
/// [`DbError`].
pub async fn by_numbers(db: &Db, numbers: &[DeviceNumber]) -> Result<Vec<Device>, DbError> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("{COLUMNS} WHERE d.number IN ({}) ORDER BY d.number DESC", listed(numbers));
    on!(db, |c| sqlx::query_as::<_, Row>(&sql).persistent(false).fetch_all(c).await)?.into_iter().map(read).collect()
}

/// For a text that both databases take as one list. Numbers only, made by us: they may stand in it.
fn listed(devices: &[DeviceNumber]) -> String {
    devices.iter().map(|device| device.0.to_string()).collect::<Vec<_>>().join(",")
}

/// What a new device is made of.
#[derive(Clone, Debug)]
pub struct NewDevice<'a> {
    /// Text id.
    pub id: &'a DeviceId,
    /// What it is.
    pub kind: DeviceKind,
    /// Its name; the id when people gave none.
    pub name: &'a str,
    /// Whose it is.
    pub owner: Option<UserId>,
    /// SHA-256 of its token, hexadecimal.
    pub token_hash: &'a str,
}

impl NewDevice<'_> {
    /// What the audit log keeps of it.
    pub(super) fn detail(&self) -> serde_json::Value {
        json!({ "kind": self.kind.as_str(), "name": self.name, "owner": self.owner.map(|owner| format!("user:{}", owner.0)) })
    }
}

pub(super) const INSERT: &str =
    "INSERT INTO devices (device_id, kind, name, owner_id, token_hash, created_ms) VALUES ($1, $2, $3, $4, $5, $6) RETURNING number";

/// Adds a device.
///
/// # Errors
/// [`DbError::is_duplicate`] when the id is taken.
pub async fn insert(db: &Db, new: &NewDevice<'_>, by: By<'_>) -> Result<DeviceNumber, DbError> {
    let number: i64 = in_tx!(db, |tx| {
        let device = sqlx::query_scalar(INSERT).bind(new.id.as_str()).bind(new.kind.as_str()).bind(new.name);
        let number = device.bind(new.owner.map(|o| o.0)).bind(new.token_hash).bind(by.at_ms).fetch_one(&mut *tx).await?;
        audit::note!(tx, by, "device.add", new.id.as_str(), new.detail());
        number
    });
    Ok(DeviceNumber(number))
}

/// Calls a device otherwise in topics, or by its id again.
///
/// # Errors
/// [`DbError::Missing`] when there is no such device, [`DbError::is_duplicate`] when another is called so.
pub async fn set_topic(db: &Db, id: &DeviceId, topic: Option<&str>, by: By<'_>) -> Result<(), DbError> {
    const BEFORE: &str = "SELECT topic FROM devices WHERE device_id = $1";
    const SQL: &str = "UPDATE devices SET topic = $2 WHERE device_id = $1";
    const GATEWAYS: &str = "UPDATE gateways SET changed_ms = changed_ms + 1 WHERE id IN
        (SELECT m.gateway_id FROM gateway_devices m JOIN devices d ON d.number = m.device WHERE d.device_id = $1)";
    in_tx!(db, |tx| {
        let before: Option<Option<String>> = sqlx::query_scalar(BEFORE).bind(id.as_str()).fetch_optional(&mut *tx).await?;
        if sqlx::query(SQL).bind(id.as_str()).bind(topic).execute(&mut *tx).await?.rows_affected() != 1 {
            return Err(DbError::Missing("devices"));
        }
        sqlx::query(super::gateways::CHANGED).execute(&mut *tx).await?;
        // Gateways that speak for it read it again.
        sqlx::query(GATEWAYS).bind(id.as_str()).execute(&mut *tx).await?;
        let detail = json!({ "before": { "topic": before.flatten() }, "after": { "topic": topic } });
        audit::note!(tx, by, "device.topic", id.as_str(), detail);
    });
    Ok(())
}

/// Another device than `id` whose topics `name` would share: called the same, or the one's name above the other's.
///
/// # Errors
/// [`DbError`].
pub async fn shares_topics(db: &Db, id: &str, name: &str) -> Result<Option<String>, DbError> {
    const SQL: &str = "SELECT device_id FROM devices WHERE device_id <> $1 AND (device_id = $2 OR topic = $2
        OR substr($2, 1, length(device_id) + 1) = device_id || '/'
        OR substr($2, 1, length(topic) + 1) = topic || '/'
        OR substr(topic, 1, length($2) + 1) = $2 || '/') ORDER BY device_id LIMIT 1";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(id).bind(name).fetch_optional(c).await)?)
}

/// Whose these devices are; one that is not there any more is left out.
///
/// # Errors
/// [`DbError`].
pub async fn owners(db: &Db, devices: &[DeviceNumber]) -> Result<HashMap<DeviceNumber, Option<UserId>>, DbError> {
    if devices.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!("SELECT number, owner_id FROM devices WHERE number IN ({})", listed(devices));
    let rows: Vec<(i64, Option<i64>)> = on!(db, |c| sqlx::query_as(&sql).persistent(false).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(number, owner)| (DeviceNumber(number), owner.map(UserId))).collect())
}
