//! Table `commands`.

use serde_json::{Map, Value, json};
use vigia_domain::command::{Answer, Command, CommandState, MOST_WAITING};
use vigia_domain::ids::{DeviceId, DeviceNumber};

use super::audit::{self, By};
use super::{Db, DbError, in_tx, on};

/// How many finished commands of a device are kept.
const KEPT: i64 = 1_000;

/// A new command. Who gives it and when stands in [`By`].
#[derive(Clone, Debug)]
pub struct NewCommand<'a> {
    /// For which device.
    pub device: (DeviceNumber, &'a DeviceId),
    /// Its id, unique per device.
    pub id: &'a str,
    /// What to do.
    pub name: &'a str,
    /// With what.
    pub params: &'a Map<String, Value>,
    /// Until when it is good.
    pub expires_ms: i64,
}

/// What became of a new command.
#[derive(Clone, Debug, PartialEq)]
pub enum Inserted {
    /// It is queued.
    New(Command),
    /// There is one of this id already: this.
    Known(Command),
    /// The device has too many that wait.
    Full,
}

/// A device with commands that wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingDevice {
    /// Which one.
    pub device: DeviceNumber,
    /// Its text id.
    pub id: DeviceId,
    /// When the first of them may be sent.
    pub due_ms: i64,
    /// When the first of them expires.
    pub expires_ms: i64,
}

/// A command that waits, and when it may be sent.
pub type WaitingCommand = (Command, i64);

type Row = (String, String, String, String, i64, i64, String, i64, Option<i64>, Option<i64>, Option<String>, Option<String>, i64);

const COLUMNS: &str = "SELECT id, name, params, created_by, created_ms, expires_ms, state, attempts, sent_ms, finished_ms, result, error,
    next_ms FROM commands";

fn read(row: Row) -> Result<WaitingCommand, DbError> {
    let (id, name, params, created_by, created_ms, expires_ms, state, attempts, sent_ms, finished_ms, result, error, next_ms) = row;
    let unreadable = |column, found: &str| DbError::Unreadable { table: "commands", column, found: found.to_owned() };
    let command = Command {
        id,
        name,
        params: serde_json::from_str(&params).map_err(|_| unreadable("params", &params))?,
        state: state.parse().map_err(|_| unreadable("state", &state))?,
        created_by,
        created_ms,
        expires_ms,
        sent_ms,
        attempts,
        finished_ms,
        result: result.map(|text| serde_json::from_str(&text).map_err(|_| unreadable("result", &text))).transpose()?,
        error,
    };
    Ok((command, next_ms))
}

/// Adds a command. One of the same id is left as it is and given back, so that it can be asked for twice.
///
/// # Errors
/// [`DbError::is_duplicate`] when somebody else adds one of this id at the same moment.
pub async fn insert(db: &Db, new: &NewCommand<'_>, by: By<'_>) -> Result<Inserted, DbError> {
    const COUNT: &str = "SELECT COUNT(*) FROM commands WHERE device = $1 AND finished_ms IS NULL AND expires_ms > $2";
    const INSERT: &str = "INSERT INTO commands (device, id, name, params, created_by, created_ms, expires_ms, state, attempts, next_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'queued', 0, $6)";
    const FORGET: &str = "DELETE FROM commands WHERE device = $1 AND finished_ms IS NOT NULL AND number <=
        (SELECT number FROM commands WHERE device = $1 ORDER BY number DESC LIMIT 1 OFFSET $2)";
    let (device, device_id) = new.device;
    if let Some(known) = one(db, device, new.id).await? {
        return Ok(Inserted::Known(known));
    }
    let params = Value::Object(new.params.clone()).to_string();
    in_tx!(db, |tx| {
        let waiting: i64 = sqlx::query_scalar(COUNT).bind(device.0).bind(by.at_ms).fetch_one(&mut *tx).await?;
        if waiting >= MOST_WAITING {
            return Ok(Inserted::Full);
        }
        let row = sqlx::query(INSERT).bind(device.0).bind(new.id).bind(new.name).bind(&params).bind(by.actor.name());
        row.bind(by.at_ms).bind(new.expires_ms).execute(&mut *tx).await?;
        sqlx::query(FORGET).bind(device.0).bind(KEPT).execute(&mut *tx).await?;
        audit::note!(tx, by, "command.give", device_id.as_str(), json!({ "id": new.id, "name": new.name }));
    });
    let known = one(db, device, new.id).await?;
    known.map(Inserted::New).ok_or(DbError::Missing("commands"))
}

/// The device's command of this id.
///
/// # Errors
/// [`DbError`].
pub async fn one(db: &Db, device: DeviceNumber, id: &str) -> Result<Option<Command>, DbError> {
    let sql = format!("{COLUMNS} WHERE device = $1 AND id = $2");
    let row = on!(db, |c| sqlx::query_as::<_, Row>(&sql).bind(device.0).bind(id).fetch_optional(c).await)?;
    Ok(row.map(read).transpose()?.map(|(command, _)| command))
}

/// The device's commands, newest first: those given before the one called `before`.
///
/// # Errors
/// [`DbError`].
pub async fn page(db: &Db, device: DeviceNumber, before: Option<&str>, limit: i64) -> Result<Vec<Command>, DbError> {
    let sql = format!(
        "{COLUMNS} WHERE device = $1 AND ($2 = '' OR number < (SELECT number FROM commands WHERE device = $1 AND id = $2))
         ORDER BY number DESC LIMIT $3"
    );
    let before = before.unwrap_or_default();
    let rows = on!(db, |c| sqlx::query_as::<_, Row>(&sql).bind(device.0).bind(before).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(|row| Ok(read(row)?.0)).collect()
}

/// Every device with commands that wait.
///
/// # Errors
/// [`DbError`].
pub async fn waiting_devices(db: &Db) -> Result<Vec<WaitingDevice>, DbError> {
    const SQL: &str =
        "SELECT c.device, d.device_id, MIN(c.next_ms), MIN(c.expires_ms) FROM commands c JOIN devices d ON d.number = c.device
        WHERE c.finished_ms IS NULL GROUP BY c.device, d.device_id";
    let rows: Vec<(i64, String, i64, i64)> = on!(db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    rows.into_iter()
        .map(|(device, id, due_ms, expires_ms)| {
            let bad = |_| DbError::Unreadable { table: "devices", column: "device_id", found: id.clone() };
            Ok(WaitingDevice { device: DeviceNumber(device), id: DeviceId::new(id.clone()).map_err(bad)?, due_ms, expires_ms })
        })
        .collect()
}

/// The device's commands that wait, in the order in which they were given.
///
/// # Errors
/// [`DbError`].
pub async fn waiting(db: &Db, device: DeviceNumber) -> Result<Vec<WaitingCommand>, DbError> {
    let sql = format!("{COLUMNS} WHERE device = $1 AND finished_ms IS NULL ORDER BY number");
    on!(db, |c| sqlx::query_as::<_, Row>(&sql).bind(device.0).fetch_all(c).await)?.into_iter().map(read).collect()
}

/// Takes one more attempt at a command that waits, good until `next_ms`. `false`: it was answered, has expired, or somebody else took it.
///
/// # Errors
/// [`DbError`].
pub async fn attempt(db: &Db, device: DeviceNumber, command: &Command, now_ms: i64, next_ms: i64) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE commands SET attempts = attempts + 1, next_ms = $5
        WHERE device = $1 AND id = $2 AND attempts = $3 AND finished_ms IS NULL AND expires_ms > $4";
    let taken = in_tx!(db, |tx| {
        let taken = sqlx::query(SQL).bind(device.0).bind(&command.id).bind(command.attempts).bind(now_ms).bind(next_ms);
        taken.execute(&mut *tx).await?.rows_affected()
    });
    Ok(taken == 1)
}

/// Notes that a command was sent for the first time. `false`: it was sent before, or is answered already.
///
/// # Errors
/// [`DbError`].
pub async fn sent(db: &Db, device: DeviceNumber, id: &str, now_ms: i64) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE commands SET state = 'sent', sent_ms = $3 WHERE device = $1 AND id = $2 AND state = 'queued'";
    let changed = in_tx!(db, |tx| sqlx::query(SQL).bind(device.0).bind(id).bind(now_ms).execute(&mut *tx).await?.rows_affected());
    Ok(changed == 1)
}

/// Ends those of the device's commands whose time has passed; gives their ids.
///
/// # Errors
/// [`DbError`].
pub async fn expire(db: &Db, device: DeviceNumber, now_ms: i64) -> Result<Vec<String>, DbError> {
    const SQL: &str = "UPDATE commands SET state = 'expired', finished_ms = $2
        WHERE device = $1 AND finished_ms IS NULL AND expires_ms <= $2 RETURNING id";
    Ok(in_tx!(db, |tx| sqlx::query_scalar(SQL).bind(device.0).bind(now_ms).fetch_all(&mut *tx).await?))
}

/// Closes a command of this device by its answer. `false`: the device has no such command, or it was answered before.
/// One that has expired is closed, too: the device did it all the same.
///
/// # Errors
/// [`DbError`].
pub async fn finish(db: &Db, device: DeviceNumber, answer: &Answer, now_ms: i64) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE commands SET state = $3, finished_ms = $4, result = $5, error = $6
        WHERE device = $1 AND id = $2 AND state IN ('queued', 'sent', 'expired')";
    let result = answer.result.as_ref().map(Value::to_string);
    let state: CommandState = answer.state;
    let changed = in_tx!(db, |tx| {
        let row = sqlx::query(SQL).bind(device.0).bind(&answer.id).bind(state.as_str()).bind(now_ms);
        row.bind(result.as_deref()).bind(answer.error.as_deref()).execute(&mut *tx).await?.rows_affected()
    });
    Ok(changed == 1)
}

/// A command that came to nothing, and of which none of the same name was done since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Whose.
    pub device: DeviceNumber,
    /// What it was to do.
    pub name: String,
    /// Failed or expired.
    pub state: CommandState,
    /// When, milliseconds since the epoch.
    pub finished_ms: i64,
}

/// The commands that came to nothing since then, newest first; at most so many.
///
/// # Errors
/// [`DbError`].
pub async fn lost(db: &Db, since_ms: i64, most: i64) -> Result<Vec<Lost>, DbError> {
    const SQL: &str = "SELECT device, name, state, finished_ms FROM commands c WHERE state IN ('failed', 'expired') AND finished_ms > $1
        AND NOT EXISTS (SELECT 1 FROM commands d WHERE d.device = c.device AND d.number > c.number AND d.name = c.name AND d.state = 'done')
        ORDER BY finished_ms DESC LIMIT $2";
    let rows: Vec<(i64, String, String, i64)> = on!(db, |c| sqlx::query_as(SQL).bind(since_ms).bind(most).fetch_all(c).await)?;
    let read = |(device, name, state, finished_ms): (i64, String, String, i64)| {
        let state = state.parse().map_err(|_| DbError::Unreadable { table: "commands", column: "state", found: state })?;
        Ok(Lost { device: DeviceNumber(device), name, state, finished_ms })
    };
    rows.into_iter().map(read).collect()
}
