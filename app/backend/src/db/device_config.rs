//! Table `device_config`.

use serde_json::{Map, Value, json};
use vigia_domain::command::{Applied, DeviceConfig};
use vigia_domain::ids::{DeviceId, DeviceNumber};

use super::audit::{self, By};
use super::{Db, DbError, in_tx, on};

type Row = (i64, i64, String, i64, Option<i64>, Option<i64>, Option<String>, String);

const COLUMNS: &str = "SELECT c.device, c.version, c.config, c.changed_ms, c.applied_version, c.applied_ms, c.applied_error, d.device_id
    FROM device_config c JOIN devices d ON d.number = c.device";

fn read(row: Row) -> Result<(DeviceNumber, DeviceId, DeviceConfig), DbError> {
    let (device, version, config, changed_ms, applied_version, applied_ms, applied_error, id) = row;
    let unreadable = |column, found: &str| DbError::Unreadable { table: "device_config", column, found: found.to_owned() };
    let config = serde_json::from_str(&config).map_err(|_| unreadable("config", &config))?;
    let id = DeviceId::new(id.clone()).map_err(|_| unreadable("device_id", &id))?;
    // Version 0 stands for a device that said what it runs before anybody had set anything.
    let changed_ms = (version > 0).then_some(changed_ms);
    Ok((DeviceNumber(device), id, DeviceConfig { version, config, changed_ms, applied_version, applied_ms, applied_error }))
}

/// The configuration of each of these devices that have one.
///
/// # Errors
/// [`DbError`].
pub async fn of(db: &Db, devices: &[DeviceNumber]) -> Result<Vec<(DeviceNumber, DeviceId, DeviceConfig)>, DbError> {
    if devices.is_empty() {
        return Ok(Vec::new());
    }
    let listed = devices.iter().map(|device| device.0.to_string()).collect::<Vec<_>>().join(",");
    let sql = format!("{COLUMNS} WHERE c.device IN ({listed})");
    on!(db, |c| sqlx::query_as::<_, Row>(&sql).persistent(false).fetch_all(c).await)?.into_iter().map(read).collect()
}

/// Every device that somebody configured.
///
/// # Errors
/// [`DbError`].
pub async fn configured(db: &Db) -> Result<Vec<DeviceNumber>, DbError> {
    const SQL: &str = "SELECT device FROM device_config WHERE version > 0";
    let devices: Vec<i64> = on!(db, |c| sqlx::query_scalar(SQL).fetch_all(c).await)?;
    Ok(devices.into_iter().map(DeviceNumber).collect())
}

/// Sets a device's configuration. The same again changes nothing.
///
/// # Errors
/// [`DbError`].
pub async fn set(db: &Db, device: (DeviceNumber, &DeviceId), config: &Map<String, Value>, by: By<'_>) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO device_config (device, version, config, changed_ms) VALUES ($1, 1, $2, $3)
        ON CONFLICT (device) DO UPDATE SET version = device_config.version + 1, config = excluded.config, changed_ms = excluded.changed_ms
        WHERE device_config.config <> excluded.config OR device_config.version = 0 RETURNING version";
    let (number, id) = device;
    let text = Value::Object(config.clone()).to_string();
    const BEFORE: &str = "SELECT config FROM device_config WHERE device = $1";
    in_tx!(db, |tx| {
        let before: Option<String> = sqlx::query_scalar(BEFORE).bind(number.0).fetch_optional(&mut *tx).await?;
        let version: Option<i64> = sqlx::query_scalar(SQL).bind(number.0).bind(&text).bind(by.at_ms).fetch_optional(&mut *tx).await?;
        if let Some(version) = version {
            let (before, after) = difference(before.as_deref().unwrap_or("{}"), config);
            let detail = json!({ "version": version, "before": before, "after": after });
            audit::note!(tx, by, "config.set", id.as_str(), detail);
        }
    });
    Ok(())
}

/// What the audit log keeps of a configuration that has become another: the fields that differ. Of texts and of what lies deeper only that they do:
/// any of them may hold a password, and a row is kept for ever.
fn difference(before: &str, after: &Map<String, Value>) -> (Map<String, Value>, Map<String, Value>) {
    // Only what is told depends on it: what cannot be read is told as nothing.
    let before: Map<String, Value> = serde_json::from_str(before).unwrap_or_default();
    let told = |value: &Value| match value {
        Value::Number(_) | Value::Bool(_) | Value::Null => value.clone(),
        _ => json!("…"),
    };
    let differs = |one: &Map<String, Value>, other: &Map<String, Value>| {
        one.iter().filter(|(name, value)| other.get(*name) != Some(*value)).map(|(name, value)| (name.clone(), told(value))).collect()
    };
    (differs(&before, after), differs(after, &before))
}

/// Notes which version a device runs.
///
/// # Errors
/// [`DbError`].
pub async fn applied(db: &Db, device: DeviceNumber, said: &Applied, now_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO device_config (device, version, config, changed_ms, applied_version, applied_ms, applied_error)
        VALUES ($1, 0, '{}', $3, $2, $3, $4)
        ON CONFLICT (device) DO UPDATE SET applied_version = excluded.applied_version, applied_ms = excluded.applied_ms,
        applied_error = excluded.applied_error";
    in_tx!(db, |tx| {
        sqlx::query(SQL).bind(device.0).bind(said.version).bind(now_ms).bind(said.error.as_deref()).execute(&mut *tx).await?;
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_what_changed_and_no_secret() {
        let told = |before: &str, after: Value| {
            let (before, after) = difference(before, after.as_object().expect("an object"));
            json!([before, after]).to_string()
        };
        assert_eq!(
            told(r#"{"interval_s":10,"tariff":"01","gone":1}"#, json!({ "interval_s": 60, "tariff": "01" })),
            r#"[{"gone":1,"interval_s":10},{"interval_s":60}]"#
        );
        assert_eq!(told(r#"{"wifi_pw":"a"}"#, json!({ "wifi_pw": "b" })), r#"[{"wifi_pw":"…"},{"wifi_pw":"…"}]"#);
        assert_eq!(told("{}", json!({ "mqtt": { "password": "b" }, "url": "mqtt://m1:s3cret@host" })), r#"[{},{"mqtt":"…","url":"…"}]"#);
    }
}
