//! Shelly Gen2, Gen3 and Gen4 over MQTT, below the device's topic prefix, which is its id.
//!
//! Source: Shelly's API documentation (MQTT, Notifications, and each component's status). A `NotifyStatus` is a delta:
//! only what it names has changed, so a frame without a switch says nothing about the switch. Energies are in Wh.

use serde_json::{Map, Value};

use super::{Decoded, json};
use crate::event::Event;
use crate::reading::{Reading, check_name};
use crate::reason::{Kind, Reason};

/// A component's field, the standard name before and after the channel: `apower` of `switch:1` is `power_1_w`.
type Field = (&'static str, &'static str, &'static str);

const METERED: &[Field] = &[
    ("apower", "power", "_w"),
    ("act_power", "power", "_w"),
    ("aprt_power", "apparent_power", "_va"),
    ("voltage", "voltage", "_v"),
    ("current", "current", "_a"),
    ("pf", "power_factor", ""),
    ("freq", "frequency", "_hz"),
    ("total_act_energy", "energy", "_wh"),
    ("total_act_ret_energy", "energy_returned", "_wh"),
    ("output", "output", ""),
    ("state", "input", ""),
    ("rh", "humidity", "_percent"),
    ("tC", "temperature", "_c"),
    ("rssi", "rssi", "_dbm"),
    // Three phases: each has its letter in the name, the totals have none.
    ("total_act_power", "power", "_w"),
    ("total_aprt_power", "apparent_power", "_va"),
    ("total_current", "current", "_a"),
    ("n_current", "current_n", "_a"),
    ("total_act", "energy", "_wh"),
    ("total_act_ret", "energy_returned", "_wh"),
];

/// Fields of one phase, after its letter: `a_act_power` is `power_a_w`.
const PHASE: &[Field] = &[
    ("act_power", "power", "_w"),
    ("aprt_power", "apparent_power", "_va"),
    ("voltage", "voltage", "_v"),
    ("current", "current", "_a"),
    ("pf", "power_factor", ""),
    ("freq", "frequency", "_hz"),
    ("total_act_energy", "energy", "_wh"),
    ("total_act_ret_energy", "energy_returned", "_wh"),
];

/// Components whose fields are readings. `sys`, `cloud`, `ble`, `ws`, `script:N` and the like say nothing about electricity.
const COMPONENTS: [&str; 10] = ["switch", "pm1", "em", "emdata", "em1", "em1data", "input", "temperature", "humidity", "wifi"];

pub(super) fn decode(rest: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    match rest {
        "online" => online(payload),
        "events/rpc" => notification(payload),
        "announce" => Ok(Decoded::default()),
        _ => match rest.strip_prefix("status/") {
            Some(component) if !component.contains('/') => {
                let mut decoded = Decoded::default();
                let map = json::object(json::parse(payload)?, "")?;
                let mut reading = Reading::at(None);
                component_into(component, map, &mut reading, &mut decoded)?;
                finish(reading, decoded)
            }
            _ => Err(Reason::UnknownTopic),
        },
    }
}

fn online(payload: &[u8]) -> Result<Decoded, Reason> {
    let online = match payload {
        b"true" => true,
        b"false" => false,
        b"" => return Err(Reason::Empty),
        _ => return Err(Reason::wrong_type("", Kind::Boolean, Kind::Text)),
    };
    Ok(Decoded { online: Some(online), ..Decoded::default() })
}

/// `{"src":..., "method":"NotifyStatus", "params":{"ts":..., "switch:0":{...}}}`.
fn notification(payload: &[u8]) -> Result<Decoded, Reason> {
    let mut frame = json::object(json::parse(payload)?, "")?;
    let method = json::text(frame.remove("method"), "method")?;
    let mut params = json::object(frame.remove("params").unwrap_or(Value::Null), "params")?;
    let at_ms = json::instant(params.remove("ts").as_ref())?;
    match method.as_str() {
        "NotifyStatus" | "NotifyFullStatus" => {
            let mut decoded = Decoded::default();
            let mut reading = Reading::at(at_ms);
            for (component, fields) in params {
                if let Value::Object(fields) = fields {
                    component_into(&component, fields, &mut reading, &mut decoded)?;
                }
            }
            finish(reading, decoded)
        }
        "NotifyEvent" => events(at_ms, params),
        _ => Err(Reason::UnknownMethod { method }),
    }
}

fn finish(reading: Reading, mut decoded: Decoded) -> Result<Decoded, Reason> {
    if !reading.values.is_empty() {
        decoded.readings.push(reading);
    }
    Ok(decoded)
}

fn component_into(component: &str, fields: Map<String, Value>, reading: &mut Reading, decoded: &mut Decoded) -> Result<(), Reason> {
    let (name, channel) = component.split_once(':').unwrap_or((component, "0"));
    if !COMPONENTS.contains(&name) {
        return Ok(());
    }
    let channel = match channel {
        // A built-in sensor numbers its probes from 100; the first probe of a kind is the plain name too.
        "0" | "100" => String::new(),
        n if n.len() <= 3 && n.bytes().all(|b| b.is_ascii_digit()) => format!("_{n}"),
        _ => return Err(Reason::UnknownComponent { component: component.to_owned() }),
    };
    for (field, value) in fields {
        match (field.as_str(), value) {
            (_, Value::Number(n)) => {
                if let Some(metric) = metric(&field, &channel) {
                    reading.push(&metric, json::number(&metric, &n)?)?;
                }
            }
            ("output" | "state", Value::Bool(on)) => {
                if let Some(metric) = metric(&field, &channel) {
                    reading.push(&metric, f64::from(u8::from(on)))?;
                }
            }
            ("aenergy", Value::Object(energy)) => total(&energy, "energy", &channel, reading)?,
            ("ret_aenergy", Value::Object(energy)) => total(&energy, "energy_returned", &channel, reading)?,
            ("temperature", Value::Object(t)) => {
                if let Some(Value::Number(celsius)) = t.get("tC") {
                    reading.push(&format!("temperature{channel}_c"), json::number("tC", celsius)?)?;
                }
            }
            ("errors", Value::Array(errors)) if !errors.is_empty() => decoded.events.push(Event {
                at_ms: reading.at_ms,
                kind: "device_errors".to_owned(),
                payload: serde_json::json!({ "component": component, "errors": errors }),
            }),
            ("sta_ip", Value::String(ip)) if ip.len() <= 45 => {
                decoded.attributes.insert("ip".to_owned(), ip);
            }
            _ => {}
        }
    }
    Ok(())
}

fn total(energy: &Map<String, Value>, stem: &str, channel: &str, reading: &mut Reading) -> Result<(), Reason> {
    if let Some(Value::Number(total)) = energy.get("total") {
        reading.push(&format!("{stem}{channel}_wh"), json::number("total", total)?)?;
    }
    Ok(())
}

fn metric(field: &str, channel: &str) -> Option<String> {
    if let Some((_, stem, unit)) = METERED.iter().find(|(f, ..)| *f == field) {
        return Some(format!("{stem}{channel}{unit}"));
    }
    let (phase, rest) = field.split_at_checked(2)?;
    if !matches!(phase, "a_" | "b_" | "c_") {
        return None;
    }
    let (_, stem, unit) = PHASE.iter().find(|(f, ..)| *f == rest)?;
    Some(format!("{stem}_{}{channel}{unit}", &phase[..1]))
}

/// `{"events":[{"component":"input:0","event":"single_push","ts":...}]}`.
fn events(at_ms: Option<i64>, mut params: Map<String, Value>) -> Result<Decoded, Reason> {
    let list = match params.remove("events") {
        Some(Value::Array(list)) => list,
        other => return Err(Reason::wrong_type("events", Kind::List, other.as_ref().map_or(Kind::Nothing, json::kind))),
    };
    let mut decoded = Decoded::default();
    for event in list {
        let map = json::object(event, "events")?;
        let kind = json::text(map.get("event").cloned(), "event")?;
        check_name(&kind)?;
        let at_ms = json::instant(map.get("ts"))?.or(at_ms);
        decoded.events.push(Event { at_ms, kind, payload: Value::Object(map) });
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(decoded: &Decoded) -> Vec<(&str, f64)> {
        decoded.readings.iter().flat_map(|r| &r.values).map(|(n, v)| (n.as_str(), *v)).collect()
    }

    /// Shape of a Plus 1PM's `status/switch:0`, 120 V.
    #[test]
    fn a_plus_1pm_tells_power_energy_and_temperature() {
        let payload = br#"{"id":0,"source":"init","output":true,"apower":142.7,"voltage":120.3,"current":1.19,"pf":0.99,"freq":60.0,
            "aenergy":{"total":1587.234,"by_minute":[2381.109,2374.87,2389.451],"minute_ts":1706745600},"temperature":{"tC":38.2,"tF":100.8}}"#;
        let decoded = decode("status/switch:0", payload).expect("good");
        let mut found = values(&decoded);
        found.sort_by(|a, b| a.0.cmp(b.0));
        assert_eq!(
            found,
            [
                ("current_a", 1.19),
                ("energy_wh", 1587.234),
                ("frequency_hz", 60.0),
                ("output", 1.0),
                ("power_factor", 0.99),
                ("power_w", 142.7),
                ("temperature_c", 38.2),
                ("voltage_v", 120.3)
            ]
        );
    }

    /// A captured frame of a 1 Mini Gen3.
    #[test]
    fn a_delta_with_sys_alone_does_not_switch_off() {
        let payload = br#"{"src":"shelly1minig3-54320464a1d0","dst":"shelly1minig3-54320464a1d0/events","method":"NotifyStatus","params":{"ts":1736605194.11,"sys":{"cfg_rev":35}}}"#;
        assert_eq!(decode("events/rpc", payload), Ok(Decoded::default()));
        let switched = br#"{"src":"x","dst":"x/events","method":"NotifyStatus","params":{"ts":1736603810.49,"switch:0":{"id":0,"output":false,"source":"HTTP_in"}}}"#;
        let decoded = decode("events/rpc", switched).expect("good");
        assert_eq!(values(&decoded), [("output", 0.0)]);
        assert_eq!(decoded.readings[0].at_ms, Some(1_736_603_810_490));
    }

    /// A captured frame of a Pro 3EM: export is negative, an unwired neutral is null.
    #[test]
    fn three_phases_keep_their_letters_and_signs() {
        let payload = br#"{"method":"NotifyStatus","params":{"ts":1757059829.08,"em:0":{"id":0,"a_act_power":0,"a_voltage":0,"c_act_power":-18,"c_aprt_power":108.7,"c_current":0.476,"c_pf":0.55,"n_current":null,"total_act_power":-18.017}}}"#;
        let decoded = decode("events/rpc", payload).expect("good");
        let found = values(&decoded);
        assert!(found.contains(&("power_c_w", -18.0)));
        assert!(found.contains(&("apparent_power_c_va", 108.7)));
        assert!(found.contains(&("power_factor_c", 0.55)));
        assert!(found.contains(&("power_w", -18.017)));
        assert!(!found.iter().any(|(n, _)| n.starts_with("current_n")));
    }

    #[test]
    fn the_second_relay_has_its_number() {
        let decoded = decode("status/switch:1", br#"{"apower":5,"output":false,"aenergy":{"total":7}}"#).expect("good");
        assert_eq!(values(&decoded), [("energy_1_wh", 7.0), ("power_1_w", 5.0), ("output_1", 0.0)]);
    }

    #[test]
    fn online_is_true_or_false_and_pushes_are_events() {
        assert_eq!(decode("online", b"false").expect("good").online, Some(false));
        assert!(decode("online", b"maybe").is_err());
        let push = decode("events/rpc", br#"{"method":"NotifyEvent","params":{"ts":1736603810,"events":[{"component":"input:0","id":0,"event":"single_push","ts":1736603810.49}]}}"#).expect("good");
        assert_eq!(push.events[0].kind, "single_push");
        assert!(decode("events/rpc", br#"{"method":"Switch.Set","params":{}}"#).is_err());
        assert_eq!(decode("command/switch:0", b"on"), Err(Reason::UnknownTopic));
    }
}
