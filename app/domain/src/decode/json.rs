//! The few questions that every JSON decoder asks.

use serde_json::{Map, Value};

use super::Refused;
use crate::reading::BadValue;
use crate::time;

/// Parses a payload.
pub(super) fn parse(payload: &[u8]) -> Result<Value, Refused> {
    if payload.is_empty() {
        return Err(Refused::Empty);
    }
    serde_json::from_slice(payload).map_err(|e| Refused::NotJson(e.to_string()))
}

/// The object that a payload must be.
pub(super) fn object(value: Value, what: &str) -> Result<Map<String, Value>, Refused> {
    match value {
        Value::Object(map) => Ok(map),
        other => Err(Refused::Shape(format!("{what} is a JSON object, not {}", kind(&other)))),
    }
}

/// A time field: a number, a text, or absent (`null` counts as absent).
pub(super) fn instant(value: Option<&Value>) -> Result<Option<i64>, Refused> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(n)) => Ok(Some(time::from_number(n.as_f64().unwrap_or(f64::NAN))?)),
        Some(Value::String(s)) => Ok(Some(time::from_text(s)?)),
        Some(other) => Err(Refused::Shape(format!("ts is a number or a text, not {}", kind(other)))),
    }
}

/// A number as it may be stored.
pub(super) fn number(name: &str, n: &serde_json::Number) -> Result<f64, BadValue> {
    n.as_f64().filter(|v| v.is_finite()).ok_or_else(|| BadValue::NotFinite(name.to_owned()))
}

/// What stands there, for a person.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
