//! Orders for a device and its answers, and how it shall be configured.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::decode::json::kind;
use crate::reading::check_name;
use crate::reason::{Kind, Reason};
use crate::time;

/// The most bytes of a command's parameters, and of a result that is kept with it.
pub const PARAMS_BYTES: usize = 16 * 1024;
/// The most bytes of a device's configuration.
pub const CONFIG_BYTES: usize = 16 * 1024;
/// The most characters of a device's error that are kept.
pub const ERROR_CHARACTERS: usize = 1_000;
/// The most commands of one device that wait for an answer.
pub const MOST_WAITING: i64 = 32;
/// How long a command is good for where nobody says it, in seconds.
pub const USUAL_EXPIRY_S: i64 = 60 * 60;
/// And at most.
pub const MOST_EXPIRY_S: i64 = 30 * 24 * 60 * 60;

/// How far a command has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CommandState {
    /// It waits for its device to be there.
    Queued,
    /// It was given to the broker while the device was there; no answer yet.
    Sent,
    /// The device says that it did it.
    Done,
    /// The device says that it could not.
    Failed,
    /// Its time passed without an answer. If it was sent, the device may have done it all the same.
    Expired,
}

impl CommandState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Sent, Self::Done, Self::Failed, Self::Expired];

    /// The word in the database and in the interface.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }
}

impl std::str::FromStr for CommandState {
    type Err = UnknownState;
    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownState)
    }
}

/// The text names no state of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a state is queued, sent, done, failed or expired")]
pub struct UnknownState;

/// An order for a device. Instants are milliseconds since the epoch, RFC 3339 on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct Command {
    /// Its id, unique per device.
    pub id: String,
    /// What to do, as the device names it: `switch.set`.
    pub name: String,
    /// With what.
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
    pub params: Map<String, Value>,
    /// How far it has come.
    pub state: CommandState,
    /// Who gave it: `user:7`, `key:3`.
    pub created_by: String,
    /// When it was given.
    #[serde(rename = "created_at", with = "crate::time::wire")]
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = String, format = DateTime))]
    pub created_ms: i64,
    /// Until when it is good.
    #[serde(rename = "expires_at", with = "crate::time::wire")]
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = String, format = DateTime))]
    pub expires_ms: i64,
    /// When it was first sent.
    #[serde(rename = "sent_at", with = "crate::time::wire::option")]
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<String>, format = DateTime))]
    pub sent_ms: Option<i64>,
    /// How often it was sent.
    pub attempts: i64,
    /// When it was answered, or when its time passed.
    #[serde(rename = "finished_at", with = "crate::time::wire::option")]
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<String>, format = DateTime))]
    pub finished_ms: Option<i64>,
    /// What the device answered.
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Object>))]
    pub result: Option<Value>,
    /// Why it could not, in the device's words; or why its result is not kept here.
    pub error: Option<String>,
}

impl Command {
    /// The message to the device: `{"id", "name", "params", "expires_at"}`.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        json!({ "id": self.id, "name": self.name, "params": self.params, "expires_at": time::to_text(self.expires_ms) })
            .to_string()
            .into_bytes()
    }
}

/// A device's answer to a command: `{"id": "...", "ok": true, "result": ...}` or `{"id": "...", "ok": false, "error": "..."}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Which command.
    pub id: String,
    /// [`CommandState::Done`] or [`CommandState::Failed`].
    pub state: CommandState,
    /// What came of it.
    pub result: Option<Value>,
    /// Why it could not.
    pub error: Option<String>,
}

impl Answer {
    /// Reads an answer. `ok` may be missing where an `error` says it all, and the id may come back as a number.
    ///
    /// # Errors
    /// [`Reason::WrongType`] with the field that is wrong, [`Reason::BadName`] for an id that no command has.
    pub fn of(mut answer: Value) -> Result<Self, Reason> {
        let Value::Object(fields) = &mut answer else { return Err(Reason::wrong_type("", Kind::Object, kind(&answer))) };
        let id = match fields.remove("id") {
            Some(Value::String(id)) => id,
            Some(Value::Number(id)) => id.to_string(),
            other => return Err(Reason::wrong_type("id", Kind::Text, other.as_ref().map_or(Kind::Nothing, kind))),
        };
        // Not only because it is nobody's: PostgreSQL cannot even be asked for a text with a NUL in it.
        check_name(&id)?;
        let error = fields.remove("error").filter(|error| !error.is_null()).map(words);
        let ok = match fields.remove("ok") {
            Some(Value::Bool(ok)) => ok,
            None | Some(Value::Null) if error.is_some() => false,
            other => return Err(Reason::wrong_type("ok", Kind::Boolean, other.as_ref().map_or(Kind::Nothing, kind))),
        };
        let state = if ok { CommandState::Done } else { CommandState::Failed };
        let result = fields.remove("result").filter(|result| !result.is_null());
        let bytes = result.as_ref().map_or(0, |result| result.to_string().len());
        if bytes <= PARAMS_BYTES {
            return Ok(Self { id, state, result, error });
        }
        // The whole of it stands among the device's events.
        let too_large = format!("the result has {bytes} bytes; {PARAMS_BYTES} are kept here");
        Ok(Self { id, state, result: None, error: error.or(Some(too_large)) })
    }
}

/// What a device says of its configuration: the version that it runs, and why not the one that it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The version that it runs.
    pub version: i64,
    /// Why it did not take what it was given.
    pub error: Option<String>,
}

impl Applied {
    /// Reads `3`, `{"version": 3}` or `{"version": 2, "error": "..."}`.
    ///
    /// # Errors
    /// [`Reason::WrongType`] with the field that is wrong.
    pub fn of(said: Value) -> Result<Self, Reason> {
        let (version, error) = match said {
            Value::Object(mut fields) => (fields.remove("version"), fields.remove("error")),
            other => (Some(other), None),
        };
        let number = version.as_ref().and_then(Value::as_i64).filter(|version| *version >= 0);
        let wrong = || Reason::wrong_type("version", Kind::Number, version.as_ref().map_or(Kind::Nothing, kind));
        Ok(Self { version: number.ok_or_else(wrong)?, error: error.filter(|error| !error.is_null()).map(words) })
    }
}

/// A text as it is, anything else as its JSON; as much of it as is kept.
fn words(value: Value) -> String {
    let text = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    // PostgreSQL has no text with a NUL in it.
    text.chars().filter(|c| *c != '\0').take(ERROR_CHARACTERS).collect()
}

/// How a device shall be configured, and what it runs. Instants are milliseconds since the epoch, RFC 3339 on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct DeviceConfig {
    /// Counts the changes, from 1; 0: there is none yet.
    pub version: i64,
    /// What was set.
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Object))]
    pub config: Map<String, Value>,
    /// When it was set.
    #[serde(rename = "changed_at", with = "crate::time::wire::option")]
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<String>, format = DateTime))]
    pub changed_ms: Option<i64>,
    /// The version that the device says it runs.
    pub applied_version: Option<i64>,
    /// When it said so.
    #[serde(rename = "applied_at", with = "crate::time::wire::option")]
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<String>, format = DateTime))]
    pub applied_ms: Option<i64>,
    /// Why it did not take what was set, in its own words.
    pub applied_error: Option<String>,
}

impl DeviceConfig {
    /// The message to the device: `{"version", "config"}`.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        json!({ "version": self.version, "config": self.config }).to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_which_command_and_how_it_went() {
        let of = |answer: Value| Answer::of(answer).map(|a| (a.id, a.state, a.result, a.error));
        let done = CommandState::Done;
        assert_eq!(of(json!({"id": "c1", "ok": true})), Ok(("c1".into(), done, None, None)));
        assert_eq!(of(json!({"id": 7, "ok": true, "result": {"on": true}})), Ok(("7".into(), done, Some(json!({"on": true})), None)));
        let jam = Ok(("c1".into(), CommandState::Failed, None, Some("jam".into())));
        assert_eq!((of(json!({"id": "c1", "ok": false, "error": "jam"})), of(json!({"id": "c1", "error": "jam"}))), (jam.clone(), jam));
        let large = of(json!({"id": "c1", "ok": true, "result": "x".repeat(PARAMS_BYTES)})).expect("taken");
        assert_eq!((large.1, large.2, large.3.is_some()), (done, None, true), "what is not kept is said");
        for (wrong, field) in
            [(json!([]), ""), (json!({"ok": true}), "id"), (json!({"id": "c1"}), "ok"), (json!({"id": "c1", "ok": 1}), "ok")]
        {
            assert!(matches!(of(wrong), Err(Reason::WrongType { field: f, .. }) if f == field), "{field}");
        }
        for id in ["", "c\0", "c 1", &"c".repeat(65)] {
            assert!(matches!(of(json!({"id": id, "ok": true})), Err(Reason::BadName { .. })), "{id:?}");
        }
    }

    #[test]
    fn a_device_says_which_configuration_it_runs() {
        let of = |said: Value| Applied::of(said).map(|a| (a.version, a.error));
        assert_eq!((of(json!(3)), of(json!({"version": 3}))), (Ok((3, None)), Ok((3, None))));
        assert_eq!(of(json!({"version": 2, "error": "no such pin"})), Ok((2, Some("no such pin".into()))));
        for wrong in [json!(null), json!({}), json!({"version": "3"}), json!(-1), json!(1.5), json!([3])] {
            assert!(of(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_message_to_the_device_is_what_the_contract_says() {
        let command = Command {
            id: "c1".into(),
            name: "switch.set".into(),
            params: Map::from_iter([("on".to_owned(), json!(true))]),
            state: CommandState::Queued,
            created_by: "user:1".into(),
            created_ms: 0,
            expires_ms: 60_000,
            sent_ms: None,
            attempts: 0,
            finished_ms: None,
            result: None,
            error: None,
        };
        let payload: Value = serde_json::from_slice(&command.to_payload()).expect("JSON");
        assert_eq!(payload, json!({"id": "c1", "name": "switch.set", "params": {"on": true}, "expires_at": "1970-01-01T00:01:00.000Z"}));
    }
}
