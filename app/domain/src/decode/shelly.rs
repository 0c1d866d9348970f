//! Shelly Gen2, Gen3 and Gen4 over MQTT, below the device's topic prefix, which is its id.
//!
//! Source: Shelly's API documentation (MQTT, Notifications, and each component's status). A `NotifyStatus` is a delta:
//! only what it names has changed, so a frame without a switch says nothing about the switch. Energies are in Wh.

use serde_json::{Map, Value};

use super::{Decoded, fields, json};
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
    ("current_pos", "position", "_percent"),
    ("brightness", "brightness", "_percent"),
    ("percent", "input", "_percent"),
    ("lux", "illuminance", "_lux"),
    ("uptime", "uptime", "_s"),
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

/// Components whose fields are readings. `cloud`, `ble`, `ws`, `script:N` and the like say nothing about the world.
const COMPONENTS: [&str; 19] = [
    "switch",
    "pm1",
    "em",
    "emdata",
    "em1",
    "em1data",
    "input",
    "temperature",
    "humidity",
    "wifi",
    "cover",
    "light",
    "rgb",
    "rgbw",
    "cct",
    "devicepower",
    "voltmeter",
    "illuminance",
    "sys",
];

/// How much of a complaint is kept, in characters.
const WORDS: usize = 200;

pub(super) fn decode(rest: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    match rest {
        "online" => online(payload),
        "events/rpc" => notification(payload),
        "announce" => announce(payload),
        // A route of the settings' own names no leaf: the frame says what it is, and a bare status is one, too.
        "" => bare(payload),
        _ if rest.ends_with("/rpc") => reply(payload),
        _ if rest.starts_with("error/") => complaint(&rest["error/".len()..], payload),
        _ => match rest.strip_prefix("status/") {
            Some(component) if !component.contains('/') => {
                let mut decoded = Decoded::default();
                let map = json::object(json::parse(payload)?, "")?;
                let mut reading = Reading::at(None);
                component_into(component, map, &mut reading, &mut decoded)?;
                Ok(fields::with(reading, decoded))
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

/// `{"id":"shellyplus1pm-...","mac":"...","fw_id":"...","ver":"1.0.3","app":"Plus1PM"}`: the answer of `Shelly.GetDeviceInfo`.
fn announce(payload: &[u8]) -> Result<Decoded, Reason> {
    let map = json::object(json::parse(payload)?, "")?;
    let mut decoded = Decoded::default();
    for (field, name) in [("ver", "firmware_version"), ("mac", "mac"), ("model", "model")] {
        if let Some(Value::String(text)) = map.get(field) {
            fields::attribute(&mut decoded, name, text);
        }
    }
    Ok(decoded)
}

/// The answer to a call: `{"id":7,"src":...,"result":{...}}`, kept whole as an event.
fn reply(payload: &[u8]) -> Result<Decoded, Reason> {
    let frame = json::object(json::parse(payload)?, "")?;
    let event = Event { at_ms: None, kind: "rpc_result".to_owned(), payload: Value::Object(frame) };
    Ok(Decoded { events: vec![event], ..Decoded::default() })
}

/// An order on `<id>/command/<component>` that it did not take: why, in words.
fn complaint(component: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    let why: String = fields::text(payload)?.chars().take(WORDS).collect();
    let component: String = component.chars().take(WORDS).collect();
    let payload = serde_json::json!({ "component": component, "error": why });
    Ok(Decoded { events: vec![Event { at_ms: None, kind: "command_error".to_owned(), payload }], ..Decoded::default() })
}

/// A notification, or the components of `Shelly.GetStatus` as they stand.
fn bare(payload: &[u8]) -> Result<Decoded, Reason> {
    let mut frame = json::object(json::parse(payload)?, "")?;
    if frame.contains_key("method") {
        return notified(frame);
    }
    let at_ms = json::instant(frame.remove("ts").as_ref())?;
    components(at_ms, frame)
}

fn notification(payload: &[u8]) -> Result<Decoded, Reason> {
    notified(json::object(json::parse(payload)?, "")?)
}

/// `{"src":..., "method":"NotifyStatus", "params":{"ts":..., "switch:0":{...}}}`.
fn notified(mut frame: Map<String, Value>) -> Result<Decoded, Reason> {
    let method = json::text(frame.remove("method"), "method")?;
    let mut params = json::object(frame.remove("params").unwrap_or(Value::Null), "params")?;
    let at_ms = json::instant(params.remove("ts").as_ref())?;
    match method.as_str() {
        "NotifyStatus" | "NotifyFullStatus" => components(at_ms, params),
        "NotifyEvent" => events(at_ms, params),
        _ => Err(Reason::UnknownMethod { method }),
    }
}

fn components(at_ms: Option<i64>, list: Map<String, Value>) -> Result<Decoded, Reason> {
    let mut decoded = Decoded::default();
    let mut reading = Reading::at(at_ms);
    for (component, fields) in list {
        if let Value::Object(fields) = fields {
            component_into(&component, fields, &mut reading, &mut decoded)?;
        }
    }
    Ok(fields::with(reading, decoded))
}

fn component_into(component: &str, fields: Map<String, Value>, reading: &mut Reading, decoded: &mut Decoded) -> Result<(), Reason> {
    let (name, channel) = component.split_once(':').unwrap_or((component, "0"));
    if !COMPONENTS.contains(&name) {
        return Ok(());
    }
    let channel = match channel {
        "0" => String::new(),
        // The add-on numbers its probes from 100, beside what the device measures itself as 0.
        n if n.len() <= 3 && n.bytes().all(|b| b.is_ascii_digit()) => format!("_{n}"),
        _ => return Err(Reason::UnknownComponent { component: component.to_owned() }),
    };
    for (field, value) in fields {
        field_into(component, &channel, &field, value, reading, decoded);
    }
    Ok(())
}

/// A field that is known has its kind; what is not known is left alone.
fn field_into(component: &str, channel: &str, field: &str, value: Value, reading: &mut Reading, decoded: &mut Decoded) {
    let is_sys = component == "sys";
    match (field, value) {
        ("output" | "state", Value::Bool(on)) => {
            if let Some(metric) = metric(field, channel) {
                fields::switch(reading, decoded, field, &metric, &Value::Bool(on));
            }
        }
        // A cover's: open, closed, opening, closing, stopped, calibrating.
        ("state", Value::String(state)) => fields::attribute(decoded, &format!("cover{channel}_state"), &state),
        ("aenergy", Value::Object(energy)) => total(&energy, "energy", channel, reading, decoded),
        ("ret_aenergy", Value::Object(energy)) => total(&energy, "energy_returned", channel, reading, decoded),
        ("temperature", Value::Object(t)) => {
            if let Some(celsius) = t.get("tC") {
                fields::number(reading, decoded, "tC", &format!("temperature{channel}_c"), celsius, 1.0);
            }
        }
        ("battery", Value::Object(battery)) => {
            for (field, unit) in [("V", "v"), ("percent", "percent")] {
                if let Some(value) = battery.get(field) {
                    fields::number(reading, decoded, field, &format!("battery{channel}_{unit}"), value, 1.0);
                }
            }
        }
        ("errors", Value::Array(errors)) if !errors.is_empty() => decoded.events.push(Event {
            at_ms: reading.at_ms,
            kind: "device_errors".to_owned(),
            payload: serde_json::json!({ "component": component, "errors": errors }),
        }),
        ("sta_ip", Value::String(ip)) if ip.len() <= 45 => fields::attribute(decoded, "ip", &ip),
        ("mac", Value::String(mac)) if is_sys => fields::attribute(decoded, "mac", &mac),
        (_, value) if !is_sys || field == "uptime" => {
            if let Some(metric) = metric(field, channel) {
                fields::number(reading, decoded, field, &metric, &value, 1.0);
            }
        }
        _ => {}
    }
}

fn total(energy: &Map<String, Value>, stem: &str, channel: &str, reading: &mut Reading, decoded: &mut Decoded) {
    if let Some(total) = energy.get("total") {
        fields::number(reading, decoded, "total", &format!("{stem}{channel}_wh"), total, 1.0);
    }
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

    /// `POST /api/v1/ingest/shelly` of the EcoWatt document carries the same: a part of `Shelly.GetStatus`.
    #[test]
    fn a_bare_status_is_read_and_a_wrong_field_does_not_cost_the_others() {
        let decoded = decode("", br#"{"switch:0":{"id":0,"apower":1234.5,"voltage":220.3,"current":5.6},"sys":{"mac":"A8032412C3D4"}}"#)
            .expect("good");
        assert_eq!(values(&decoded), [("power_w", 1234.5), ("current_a", 5.6), ("voltage_v", 220.3)]);
        assert_eq!(decoded.attributes["mac"], "A8032412C3D4");
        let decoded = decode("status/switch:0", br#"{"apower":"12","voltage":[230],"current":0.5,"freq":null}"#).expect("good");
        assert_eq!(values(&decoded), [("current_a", 0.5)]);
        let reasons: Vec<_> = decoded.refused.iter().map(ToString::to_string).collect();
        assert_eq!(reasons, ["apower: a number is expected, not a text", "voltage: a number is expected, not a list"]);
    }

    /// Shapes of a Pro EM's components and of a Plus 2PM as a cover, after Shelly's documentation of EM1, EM1Data and Cover.
    #[test]
    fn single_phase_meters_and_covers_are_read() {
        let em1 = decode(
            "status/em1:1",
            br#"{"id":1,"current":4.029,"voltage":236.1,"act_power":951.2,"aprt_power":951.9,"pf":1,"freq":50,"calibration":"factory"}"#,
        )
        .expect("good");
        assert!(values(&em1).contains(&("power_1_w", 951.2)) && values(&em1).contains(&("apparent_power_1_va", 951.9)));
        let data = decode("status/em1data:0", br#"{"id":0,"total_act_energy":5333.5,"total_act_ret_energy":12.25}"#).expect("good");
        assert_eq!(values(&data), [("energy_wh", 5333.5), ("energy_returned_wh", 12.25)]);
        let data =
            decode("status/emdata:0", br#"{"id":0,"a_total_act_energy":1.5,"a_total_act_ret_energy":0.5,"total_act":7,"total_act_ret":2}"#)
                .expect("good");
        assert_eq!(values(&data), [("energy_a_wh", 1.5), ("energy_returned_a_wh", 0.5), ("energy_wh", 7.0), ("energy_returned_wh", 2.0)]);
        let cover = decode("status/cover:0", br#"{"id":0,"state":"open","apower":0.0,"current_pos":100,"pf":0}"#).expect("good");
        assert!(values(&cover).contains(&("position_percent", 100.0)));
        assert_eq!(cover.attributes["cover_state"], "open");
    }

    /// A Plus 1PM with the add-on: the relay's own warmth and mains beside what hangs on the probes.
    #[test]
    fn the_add_ons_probes_are_others_than_the_devices_own_sensors() {
        let decoded = decode(
            "events/rpc",
            br#"{"src":"m1","method":"NotifyStatus","params":{"ts":1736603810.0,"switch:0":{"id":0,"voltage":230.5,"temperature":{"tC":51.2}},
                "temperature:100":{"id":100,"tC":21.5},"voltmeter:100":{"id":100,"voltage":3.3},"input:0":{"id":0,"state":true},
                "input:100":{"id":100,"state":false}}}"#,
        )
        .expect("good");
        let mut values = values(&decoded);
        values.sort_by_key(|(name, _)| *name);
        assert_eq!(
            values,
            [
                ("input", 1.0),
                ("input_100", 0.0),
                ("temperature_100_c", 21.5),
                ("temperature_c", 51.2),
                ("voltage_100_v", 3.3),
                ("voltage_v", 230.5)
            ]
        );
    }

    #[test]
    fn an_answer_to_a_call_is_kept_as_an_event() {
        let decoded = decode("vigia-7/rpc", br#"{"id":7,"src":"m1","dst":"m1/vigia-7","result":{"was_on":true}}"#).expect("good");
        assert_eq!((decoded.events[0].kind.as_str(), &decoded.events[0].payload["result"]["was_on"]), ("rpc_result", &Value::Bool(true)));
        let decoded = decode("error/switch:0", b"Invalid command").expect("good");
        assert_eq!(
            (decoded.events[0].kind.as_str(), &decoded.events[0].payload["error"]),
            ("command_error", &Value::from("Invalid command"))
        );
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
