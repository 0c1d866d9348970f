//! Zigbee2MQTT: a device's state as JSON on `zigbee2mqtt/<friendly name>`, and whether it can be reached below it.
//!
//! Source: Zigbee2MQTT's documentation (MQTT topics, exposes). Energy is in kWh and becomes Wh. A device on batteries tells the
//! battery's voltage in mV under the name that others use for the mains in V.

use serde_json::{Map, Value};

use super::{Decoded, fields, json};
use crate::event::Event;
use crate::reading::Reading;
use crate::reason::{Kind, Reason};

/// A field, the standard name before and after its part, and the factor of its unit.
type Field = (&'static str, &'static str, &'static str, f64);

/// Fields that a device may have for each of its phases or outlets: `power_phase_b`, `energy_l2`.
const OF_PARTS: [Field; 7] = [
    ("power", "power", "_w", 1.0),
    ("voltage", "voltage", "_v", 1.0),
    ("current", "current", "_a", 1.0),
    ("energy", "energy", "_wh", 1000.0),
    ("produced_energy", "energy_returned", "_wh", 1000.0),
    ("power_factor", "power_factor", "", 1.0),
    ("temperature", "temperature", "_c", 1.0),
];

const WHOLE: [Field; 9] = [
    ("ac_frequency", "frequency", "_hz", 1.0),
    ("power_apparent", "apparent_power", "_va", 1.0),
    ("power_reactive", "reactive_power", "_var", 1.0),
    ("humidity", "humidity", "_percent", 1.0),
    ("soil_moisture", "soil_moisture", "_percent", 1.0),
    ("pressure", "pressure", "_hpa", 1.0),
    ("battery", "battery", "_percent", 1.0),
    ("device_temperature", "device_temperature", "_c", 1.0),
    ("co2", "co2", "_ppm", 1.0),
];

/// What names a part of a device. Phase a has no name: it is the plain field.
const PARTS: [(&str, &str); 14] = [
    ("phase_b", "_b"),
    ("phase_c", "_c"),
    ("l1", "_l1"),
    ("l2", "_l2"),
    ("l3", "_l3"),
    ("l4", "_l4"),
    ("left", "_left"),
    ("right", "_right"),
    ("center", "_center"),
    ("1", "_1"),
    ("2", "_2"),
    ("3", "_3"),
    ("4", "_4"),
    ("neutral", "_n"),
];

pub(super) fn decode(rest: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    if rest == "availability" { availability(payload) } else { state(&json::object(json::parse(payload)?, "")?) }
}

/// `online`, or `{"state":"online"}` since version 1.29.
fn availability(payload: &[u8]) -> Result<Decoded, Reason> {
    let online = match payload.first() {
        Some(b'{') => fields::availability(&json::text(json::object(json::parse(payload)?, "")?.remove("state"), "state")?)?,
        _ => fields::availability(fields::text(payload)?)?,
    };
    Ok(Decoded { online: Some(online), ..Decoded::default() })
}

fn state(map: &Map<String, Value>) -> Result<Decoded, Reason> {
    let (mut reading, mut decoded) = (Reading::at(None), Decoded::default());
    let has_battery = map.contains_key("battery");
    for (field, value) in map {
        match (field.as_str(), value) {
            // When the radio heard it, and whether there is new firmware for it.
            ("last_seen" | "elapsed" | "update" | "update_available" | "color" | "color_mode" | "device", _) | (_, Value::Null) => {}
            ("action", Value::String(action)) => act(action, &mut decoded),
            ("voltage", value) if has_battery => fields::number(&mut reading, &mut decoded, field, "battery_mv", value, 1.0),
            (name, value) if part_of("state", name).is_some() && matches!(value, Value::String(_) | Value::Bool(_)) => {
                relay(name, value, &mut reading, &mut decoded);
            }
            (name, value) => match metric(name) {
                Some((metric, factor)) => fields::number(&mut reading, &mut decoded, field, &metric, value, factor),
                None => as_sent(name, value, &mut reading, &mut decoded),
            },
        }
    }
    Ok(fields::with(reading, decoded))
}

/// `ON`, `OFF`; a cover's state and a lock's are words of their own.
fn relay(field: &str, value: &Value, reading: &mut Reading, decoded: &mut Decoded) {
    match value {
        Value::String(word) if !matches!(word.as_str(), "ON" | "OFF") => fields::attribute(decoded, field, word),
        _ => {
            let metric = format!("output{}", part_of("state", field).unwrap_or_default());
            fields::switch(reading, decoded, field, &metric, value);
        }
    }
}

/// A button's or a remote's.
fn act(action: &str, decoded: &mut Decoded) {
    if !action.is_empty() {
        let payload = serde_json::json!({ "action": action.chars().take(64).collect::<String>() });
        decoded.events.push(Event { at_ms: None, kind: "action".to_owned(), payload });
    }
}

/// The part of the device that a field is of: nothing for the field itself, `None` for another field.
fn part_of(field: &str, name: &str) -> Option<&'static str> {
    let rest = name.strip_prefix(field)?;
    if rest.is_empty() {
        return Some("");
    }
    let part = rest.strip_prefix('_')?;
    PARTS.iter().find(|(word, _)| *word == part).map(|(_, ending)| *ending)
}

fn metric(name: &str) -> Option<(String, f64)> {
    if let Some((_, stem, unit, factor)) = WHOLE.iter().find(|(field, ..)| *field == name) {
        return Some((format!("{stem}{unit}"), *factor));
    }
    OF_PARTS.iter().find_map(|(field, stem, unit, factor)| Some((format!("{stem}{}{unit}", part_of(field, name)?), *factor)))
}

/// A field that is not known here, under its own name, without a unit.
fn as_sent(name: &str, value: &Value, reading: &mut Reading, decoded: &mut Decoded) {
    match value {
        Value::Number(_) => fields::number(reading, decoded, name, name, value, 1.0),
        Value::Bool(_) => fields::switch(reading, decoded, name, name, value),
        Value::String(text) => fields::attribute(decoded, name, text),
        // Settings and groups of values, of which each device has others.
        Value::Object(_) | Value::Null => {}
        Value::Array(_) => fields::refuse(decoded, Err(Reason::wrong_type(name, Kind::Value, Kind::List))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(payload: &str) -> Vec<(String, f64)> {
        let mut found: Vec<_> = decode("", payload.as_bytes()).expect("good").readings.into_iter().flat_map(|r| r.values).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    fn named(list: &[(&str, f64)]) -> Vec<(String, f64)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
    }

    #[test]
    fn a_plug_tells_kilowatt_hours() {
        assert_eq!(
            values(r#"{"state":"ON","power":85.3,"voltage":121.5,"current":0.71,"energy":12.45,"linkquality":156}"#),
            named(&[
                ("current_a", 0.71),
                ("energy_wh", 12_450.0),
                ("linkquality", 156.0),
                ("output", 1.0),
                ("power_w", 85.3),
                ("voltage_v", 121.5)
            ])
        );
    }

    #[test]
    fn three_phases_and_two_outlets_keep_apart() {
        assert_eq!(
            values(
                r#"{"power":1,"power_phase_b":2,"power_phase_c":3,"voltage_phase_b":230,"power_outage_count":7,"state_l2":"OFF","energy_l1":0.5}"#
            ),
            named(&[
                ("energy_l1_wh", 500.0),
                ("output_l2", 0.0),
                ("power_b_w", 2.0),
                ("power_c_w", 3.0),
                ("power_outage_count", 7.0),
                ("power_w", 1.0),
                ("voltage_b_v", 230.0)
            ])
        );
    }

    #[test]
    fn a_batterys_voltage_is_in_millivolts() {
        assert_eq!(
            values(r#"{"battery":97,"voltage":3005,"temperature":21.3,"humidity":48.2,"contact":false}"#),
            named(&[
                ("battery_mv", 3005.0),
                ("battery_percent", 97.0),
                ("contact", 0.0),
                ("humidity_percent", 48.2),
                ("temperature_c", 21.3)
            ])
        );
    }

    #[test]
    fn both_forms_of_availability_are_read_and_a_button_is_an_event() {
        for (payload, online) in [("online", true), ("offline", false), (r#"{"state":"online"}"#, true), (r#"{"state":"offline"}"#, false)]
        {
            assert_eq!(decode("availability", payload.as_bytes()).expect("good").online, Some(online));
        }
        assert!(decode("availability", b"{}").is_err() && decode("availability", b"perhaps").is_err());
        let pressed = decode("", br#"{"action":"single","battery":100,"update":{"state":"idle"}}"#).expect("good");
        assert_eq!((pressed.events[0].kind.as_str(), &pressed.events[0].payload["action"]), ("action", &Value::from("single")));
    }

    #[test]
    fn what_is_no_number_is_refused_by_itself() {
        let decoded = decode("", br#"{"power":"85","energy":[1],"current":0.5,"n\u00f1":1}"#).expect("good");
        assert_eq!(decoded.readings[0].values, named(&[("current_a", 0.5)]));
        assert_eq!(decoded.refused.len(), 3);
        assert!(decode("", b"[1]").is_err() && decode("", b"ON").is_err());
    }
}
