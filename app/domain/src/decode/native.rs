//! Vigía's own topics below `vigia/<id>/`.
//!
//! Readings are the hot path: they are visited as they are parsed, without a tree of values in between.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::skip::Skip;
use super::{Decoded, json};
use crate::event::Event;
use crate::limits::{READINGS_PER_MESSAGE, TEXT_BYTES};
use crate::reading::{Reading, check_name};
use crate::reason::{Kind, Reason};
use crate::time;

pub(super) fn decode(rest: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    match rest {
        // A route of the settings' own names no leaf.
        "telemetry" | "" => readings(payload),
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
pub(super) fn readings(payload: &[u8]) -> Result<Decoded, Reason> {
    visit(payload, true, false)
}

/// `{"online": true, "firmware_version": "1.8.2", "ip": "192.168.1.7"}`; its numbers are metrics like any other.
fn status(payload: &[u8]) -> Result<Decoded, Reason> {
    visit(payload, false, true)
}

fn visit(payload: &[u8], may_be_a_list: bool, is_status: bool) -> Result<Decoded, Reason> {
    if payload.is_empty() {
        return Err(Reason::Empty);
    }
    let mut decoded = Decoded::default();
    let mut parser = serde_json::Deserializer::from_slice(payload);
    let whole = Whole { into: &mut decoded, may_be_a_list, is_status };
    let outcome = whole.deserialize(&mut parser).and_then(|outcome| parser.end().map(|()| outcome));
    outcome.map_err(|error| json::refused(&error))??;
    Ok(decoded)
}

/// What may stand for a reading: the syntax is the parser's, what it means is ours, so there are two layers of errors.
type Outcome = Result<(), Reason>;

/// The payload.
struct Whole<'d> {
    into: &'d mut Decoded,
    may_be_a_list: bool,
    is_status: bool,
}

/// An element of a list.
struct Element<'d>(&'d mut Decoded);

/// A name or a text, borrowed where it has no escapes.
struct Text;

/// A field's value.
struct Field;

enum Found<'de> {
    Number(f64),
    Boolean(bool),
    Text(Cow<'de, str>),
    Nothing,
    Other(Kind),
}

impl Found<'_> {
    const fn kind(&self) -> Kind {
        match self {
            Self::Number(_) => Kind::Number,
            Self::Boolean(_) => Kind::Boolean,
            Self::Text(_) => Kind::Text,
            Self::Nothing => Kind::Nothing,
            Self::Other(kind) => *kind,
        }
    }
}

/// Everything that is no object, as a reason.
macro_rules! no_objects {
    () => {
        fn visit_bool<E>(self, _: bool) -> Result<Outcome, E> {
            Ok(Err(Reason::wrong_type("", Kind::Object, Kind::Boolean)))
        }
        fn visit_i64<E>(self, _: i64) -> Result<Outcome, E> {
            Ok(Err(Reason::wrong_type("", Kind::Object, Kind::Number)))
        }
        fn visit_u64<E>(self, _: u64) -> Result<Outcome, E> {
            Ok(Err(Reason::wrong_type("", Kind::Object, Kind::Number)))
        }
        fn visit_f64<E>(self, _: f64) -> Result<Outcome, E> {
            Ok(Err(Reason::wrong_type("", Kind::Object, Kind::Number)))
        }
        fn visit_str<E>(self, _: &str) -> Result<Outcome, E> {
            Ok(Err(Reason::wrong_type("", Kind::Object, Kind::Text)))
        }
        fn visit_unit<E>(self) -> Result<Outcome, E> {
            Ok(Err(Reason::wrong_type("", Kind::Object, Kind::Nothing)))
        }
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a reading")
        }
    };
}

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = Outcome;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Outcome, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = Outcome;
    no_objects!();

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Outcome, A::Error> {
        object(fields, self.into, self.is_status)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Outcome, A::Error> {
        if !self.may_be_a_list {
            drain(list)?;
            return Ok(Err(Reason::wrong_type("", Kind::Object, Kind::List)));
        }
        for index in 0..READINGS_PER_MESSAGE as u64 {
            match list.next_element_seed(Element(&mut *self.into))? {
                None => return Ok(Ok(())),
                Some(Ok(())) => {}
                Some(Err(reason)) => self.into.refused.push(Reason::Element { index, reason: Box::new(reason) }),
            }
        }
        let more = drain(list)?;
        Ok(if more == 0 { Ok(()) } else { Err(Reason::TooManyReadings { count: READINGS_PER_MESSAGE as u64 + more }) })
    }
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = Outcome;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Outcome, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = Outcome;
    no_objects!();

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Outcome, A::Error> {
        object(fields, self.0, false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Outcome, A::Error> {
        drain(list)?;
        Ok(Err(Reason::wrong_type("", Kind::Object, Kind::List)))
    }
}

/// Reads a list to its end without keeping anything; says how long it was.
fn drain<'de, A: SeqAccess<'de>>(mut list: A) -> Result<u64, A::Error> {
    let mut count = 0;
    while list.next_element::<Skip>()?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// Reads an object's fields into a reading. After the first that is wrong the rest is read for its syntax alone.
fn object<'de, A: MapAccess<'de>>(mut fields: A, into: &mut Decoded, is_status: bool) -> Result<Outcome, A::Error> {
    let mut reading = Reading::at(None);
    reading.values.reserve(fields.size_hint().unwrap_or(12));
    let mut attributes = Vec::new();
    let mut online = into.online;
    while let Some(name) = fields.next_key_seed(Text)? {
        let found = fields.next_value_seed(Field)?;
        let outcome = match &*name {
            "ts" => instant(found).map(|at_ms| reading.at_ms = at_ms),
            "online" if is_status => truth(&found).map(|said| online = said.or(online)),
            _ => value(&name, found, &mut reading, &mut attributes),
        };
        if let Err(reason) = outcome {
            while fields.next_entry::<Skip, Skip>()?.is_some() {}
            return Ok(Err(reason));
        }
    }
    into.online = online;
    if !reading.values.is_empty() {
        into.readings.push(reading);
    }
    into.attributes.extend(attributes);
    Ok(Ok(()))
}

fn value(name: &str, found: Found<'_>, reading: &mut Reading, attributes: &mut Vec<(String, String)>) -> Outcome {
    match found {
        Found::Nothing => {}
        Found::Number(number) => reading.push(name, number)?,
        Found::Boolean(on) => reading.push(name, f64::from(u8::from(on)))?,
        Found::Text(text) => {
            check_name(name)?;
            if text.len() > TEXT_BYTES {
                return Err(Reason::TextTooLong { name: name.to_owned() });
            }
            attributes.push((name.to_owned(), text.into_owned()));
        }
        Found::Other(kind) => return Err(Reason::wrong_type(name, Kind::Value, kind)),
    }
    Ok(())
}

fn instant(found: Found<'_>) -> Result<Option<i64>, Reason> {
    match found {
        Found::Nothing => Ok(None),
        Found::Number(number) => Ok(Some(time::from_number(number)?)),
        Found::Text(text) => Ok(Some(time::from_text(&text)?)),
        other => Err(Reason::wrong_type("ts", Kind::Time, other.kind())),
    }
}

fn truth(found: &Found<'_>) -> Result<Option<bool>, Reason> {
    match found {
        Found::Nothing => Ok(None),
        Found::Boolean(said) => Ok(Some(*said)),
        other => Err(Reason::wrong_type("online", Kind::Boolean, other.kind())),
    }
}

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Cow<'de, str>, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }
    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

impl<'de> DeserializeSeed<'de> for Field {
    type Value = Found<'de>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Found<'de>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Field {
    type Value = Found<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Found<'de>, E> {
        Ok(Found::Boolean(value))
    }
    #[expect(clippy::cast_precision_loss, reason = "values are doubles, as JSON's numbers are for most senders")]
    fn visit_i64<E>(self, value: i64) -> Result<Found<'de>, E> {
        Ok(Found::Number(value as f64))
    }
    #[expect(clippy::cast_precision_loss, reason = "values are doubles, as JSON's numbers are for most senders")]
    fn visit_u64<E>(self, value: u64) -> Result<Found<'de>, E> {
        Ok(Found::Number(value as f64))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Found<'de>, E> {
        Ok(Found::Number(value))
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Found<'de>, E> {
        Ok(Found::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Found<'de>, E> {
        Ok(Found::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_unit<E>(self) -> Result<Found<'de>, E> {
        Ok(Found::Nothing)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Found<'de>, A::Error> {
        drain(list)?;
        Ok(Found::Other(Kind::List))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Found<'de>, A::Error> {
        while fields.next_entry::<Skip, Skip>()?.is_some() {}
        Ok(Found::Other(Kind::Object))
    }
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
    fn a_later_value_of_one_name_wins_and_escapes_are_read() {
        let decoded = telemetry(r#"{"power_w": 1, "p\u006fwer_w": 2, "note": "a\nb"}"#).expect("good");
        assert_eq!(decoded.readings[0].values, [("power_w".to_owned(), 2.0)]);
        assert_eq!(decoded.attributes["note"], "a\nb");
    }

    #[test]
    fn what_follows_a_bad_field_must_still_be_json() {
        assert!(matches!(telemetry(r#"{"a": [1], "b": }"#), Err(Reason::NotJson { .. })));
        assert_eq!(telemetry(r#"{"a": [1], "b": 2}"#), Err(Reason::wrong_type("a", Kind::Value, Kind::List)));
        assert!(matches!(telemetry(r#"{"a": 1} x"#), Err(Reason::NotJson { .. })));
        assert!(matches!(telemetry(r#"[{"a": 1},"#), Err(Reason::NotJson { .. })));
    }

    #[test]
    fn a_list_has_room_for_so_many_readings() {
        let list = |count: usize| format!("[{}]", vec![r#"{"a":1}"#; count].join(","));
        assert_eq!(telemetry(&list(READINGS_PER_MESSAGE)).expect("good").readings.len(), READINGS_PER_MESSAGE);
        assert_eq!(telemetry(&list(READINGS_PER_MESSAGE + 3)), Err(Reason::TooManyReadings { count: READINGS_PER_MESSAGE as u64 + 3 }));
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
