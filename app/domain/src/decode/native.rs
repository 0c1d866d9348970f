//! Vigía's own topics below `vigia/<id>/`.

use serde_json::{Map, Value};

use super::{Decoded, json};
use crate::event::Event;
use crate::limits::{READINGS_PER_MESSAGE, TEXT_BYTES};
use crate::reading::{Reading, check_name};
use crate::reason::{Kind, Reason};

pub(super) fn decode(rest: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    match rest {
        "telemetry" => readings(payload),
        "status" => status(payload),
        "event" => event(payload),
        "command/result" => report(payload, "command_result"),
        "config/applied" => report(payload, "config_applied"),
        _ => Err(Reason::UnknownTopic),
    }
}

/// One reading or an array of them: `{"ts": 1736604018, "power_w": 512.3, "firmware_version": "1.8.2"}`.
/// Numbers and booleans are metrics, texts are attributes, `null` is a value that the device does not know.
/// In an array each bad element is refused by itself.
///
/// # Errors
/// [`Reason`] when nothing of the payload can be taken.
pub fn readings(payload: &[u8]) -> Result<Decoded, Reason> {
    let mut decoded = Decoded::default();
    match json::parse(payload)? {
        Value::Array(list) if list.len() > READINGS_PER_MESSAGE => return Err(Reason::TooManyReadings { count: list.len() as u64 }),
        Value::Array(list) => {
            for (index, element) in list.into_iter().enumerate() {
                if let Err(reason) = json::object(element, "").and_then(|map| one(map, &mut decoded)) {
                    decoded.refused.push(Reason::Element { index: index as u64, reason: Box::new(reason) });
                }
            }
        }
        single => one(json::object(single, "")?, &mut decoded)?,
    }
    Ok(decoded)
}

fn one(map: Map<String, Value>, into: &mut Decoded) -> Result<(), Reason> {
    let mut reading = Reading::at(json::instant(map.get("ts"))?);
    let mut attributes = Vec::new();
    for (name, value) in map {
        if name == "ts" {
            continue;
        }
        match value {
            Value::Null => {}
            Value::Number(n) => reading.push(&name, json::number(&name, &n)?)?,
            Value::Bool(b) => reading.push(&name, f64::from(u8::from(b)))?,
            Value::String(text) => attributes.push(attribute(name, text)?),
            other => return Err(Reason::wrong_type(&name, Kind::Value, json::kind(&other))),
        }
    }
    if !reading.values.is_empty() {
        into.readings.push(reading);
    }
    into.attributes.extend(attributes);
    Ok(())
}

fn attribute(name: String, text: String) -> Result<(String, String), Reason> {
    check_name(&name)?;
    if text.len() > TEXT_BYTES {
        return Err(Reason::TextTooLong { name });
    }
    Ok((name, text))
}

/// `{"online": true, "firmware_version": "1.8.2", "ip": "192.168.1.7"}`; its numbers are metrics like any other.
fn status(payload: &[u8]) -> Result<Decoded, Reason> {
    let mut map = json::object(json::parse(payload)?, "")?;
    let online = match map.remove("online") {
        None | Some(Value::Null) => None,
        Some(Value::Bool(online)) => Some(online),
        Some(other) => return Err(Reason::wrong_type("online", Kind::Boolean, json::kind(&other))),
    };
    let mut decoded = Decoded { online, ..Decoded::default() };
    one(map, &mut decoded)?;
    Ok(decoded)
}

/// `{"type": "dose_taken", "ts": 1736604018, "payload": {...}}`.
fn event(payload: &[u8]) -> Result<Decoded, Reason> {
    let mut map = json::object(json::parse(payload)?, "")?;
    let kind = json::text(map.remove("type"), "type")?;
    check_name(&kind)?;
    let at_ms = json::instant(map.get("ts"))?;
    let payload = map.remove("payload").unwrap_or(Value::Null);
    Ok(Decoded { events: vec![Event { at_ms, kind, payload }], ..Decoded::default() })
}

/// A device's answer, kept whole as an event.
fn report(payload: &[u8], kind: &str) -> Result<Decoded, Reason> {
    let payload = json::parse(payload)?;
    let at_ms = json::instant(payload.get("ts"))?;
    Ok(Decoded { events: vec![Event { at_ms, kind: kind.to_owned(), payload }], ..Decoded::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telemetry(payload: &str) -> Result<Decoded, Reason> {
        decode("telemetry", payload.as_bytes())
    }

    #[test]
    fn a_meters_reading_has_its_time_values_and_attributes() {
        let decoded = telemetry(r#"{"ts": 1736604018.5, "power_w": 512.3, "relay": true, "noise": null, "firmware_version": "1.8.2"}"#)
            .expect("good");
        assert_eq!(
            decoded.readings,
            [Reading { at_ms: Some(1_736_604_018_500), values: vec![("power_w".into(), 512.3), ("relay".into(), 1.0)] }]
        );
        assert_eq!(decoded.attributes.get("firmware_version").map(String::as_str), Some("1.8.2"));
    }

    #[test]
    fn a_batch_keeps_the_good_and_names_the_bad() {
        let decoded =
            telemetry(r#"[{"ts":1736604018,"power_w":1},{"ts":"soon","power_w":2},7,{"ts":1736604020,"power_w":3}]"#).expect("good");
        assert_eq!(decoded.readings.len(), 2);
        let reasons: Vec<_> = decoded.refused.iter().map(ToString::to_string).collect();
        assert_eq!(
            reasons,
            [
                "reading 1: the time \"soon\" is neither Unix seconds or milliseconds nor RFC 3339",
                "reading 2: an object is expected, not a number"
            ]
        );
    }

    #[test]
    fn what_is_no_value_is_refused_with_its_name() {
        assert_eq!(
            telemetry(r#"{"a": {"b": 1}}"#).map_err(|e| e.to_string()),
            Err("a: a number, true, false or a text is expected, not an object".into())
        );
        assert!(telemetry(r#"{"a b": 1}"#).is_err());
        assert!(telemetry(r#"{"a": 1e999}"#).is_err());
        assert!(telemetry("power 5").is_err());
        assert!(telemetry("12").is_err());
        assert!(telemetry(&"[".repeat(5000)).is_err());
    }

    #[test]
    fn status_and_events_are_read() {
        let status = decode("status", br#"{"online": false, "ip": "192.168.1.7", "rssi_dbm": -61}"#).expect("good");
        assert_eq!(status.online, Some(false));
        assert_eq!(status.readings[0].values, [("rssi_dbm".to_owned(), -61.0)]);
        let event = decode("event", br#"{"type":"dose_taken","ts":1736604018,"payload":{"slot":3}}"#).expect("good");
        assert_eq!(event.events[0].kind, "dose_taken");
        assert!(decode("event", br#"{"payload":{}}"#).is_err());
        assert_eq!(decode("command/result", br#"{"id":"7","ok":true}"#).expect("good").events[0].kind, "command_result");
        assert_eq!(decode("nonsense", b"{}"), Err(Reason::UnknownTopic));
    }
}
