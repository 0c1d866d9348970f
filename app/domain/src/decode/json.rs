//! The few questions that every JSON decoder asks.

use serde_json::{Map, Value};

use crate::reading::BadValue;
use crate::reason::{Kind, Reason};
use crate::time;

/// Parses a payload.
pub(super) fn parse(payload: &[u8]) -> Result<Value, Reason> {
    if payload.is_empty() {
        return Err(Reason::Empty);
    }
    serde_json::from_slice(payload).map_err(|error| refused(&error))
}

/// Why the parser did not go on.
pub(super) fn refused(error: &serde_json::Error) -> Reason {
    Reason::NotJson { parser: error.to_string(), line: error.line() as u64, column: error.column() as u64 }
}

/// The object that `field` must be, or the payload itself when that is empty.
pub(super) fn object(value: Value, field: &str) -> Result<Map<String, Value>, Reason> {
    match value {
        Value::Object(map) => Ok(map),
        other => Err(Reason::wrong_type(field, Kind::Object, kind(&other))),
    }
}

/// A time field: a number, a text, or absent (`null` counts as absent).
pub(super) fn instant(value: Option<&Value>) -> Result<Option<i64>, Reason> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(n)) => Ok(Some(time::from_number(n.as_f64().unwrap_or(f64::NAN))?)),
        Some(Value::String(s)) => Ok(Some(time::from_text(s)?)),
        Some(other) => Err(Reason::wrong_type("ts", Kind::Time, kind(other))),
    }
}

/// A number as it may be stored.
pub(super) fn number(name: &str, n: &serde_json::Number) -> Result<f64, BadValue> {
    n.as_f64().filter(|v| v.is_finite()).ok_or_else(|| BadValue::NotFinite(name.to_owned()))
}

/// The text in `field`.
pub(super) fn text(value: Option<Value>, field: &str) -> Result<String, Reason> {
    match value {
        Some(Value::String(text)) => Ok(text),
        other => Err(Reason::wrong_type(field, Kind::Text, other.as_ref().map_or(Kind::Nothing, kind))),
    }
}

/// What stands there.
pub(crate) const fn kind(value: &Value) -> Kind {
    match value {
        Value::Null => Kind::Nothing,
        Value::Bool(_) => Kind::Boolean,
        Value::Number(_) => Kind::Number,
        Value::String(_) => Kind::Text,
        Value::Array(_) => Kind::List,
        Value::Object(_) => Kind::Object,
    }
}
