//! Shelly's first generation, below `shellies/<id>/`: one plain value per topic, without a time.
//!
//! Source: Shelly's documentation of Gen1. `relay/N/energy` counts watt-minutes and starts again at every restart, as
//! `emeter/N/energy` does; an energy meter's register is `emeter/N/total`, in Wh.

use serde_json::Value;

use super::{Decoded, fields, json};
use crate::event::Event;
use crate::reading::Reading;
use crate::reason::{Kind, Reason};

/// Watt-minutes to watt-hours.
const WATT_MINUTE: f64 = 1.0 / 60.0;
/// No Gen1 device has more channels.
const CHANNELS: usize = 16;

pub(super) fn decode(rest: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    let levels: Vec<&str> = rest.splitn(4, '/').collect();
    match levels.as_slice() {
        ["online"] => Ok(Decoded { online: Some(fields::availability(fields::text(payload)?)?), ..Decoded::default() }),
        ["announce" | "info"] => info(payload),
        ["temperature"] => value("temperature_c", payload),
        ["voltage"] => value("voltage_v", payload),
        ["overtemperature"] => switch("overtemperature", payload),
        ["temperature_f" | "temperature_status" | "ext_temperatures" | "ext_humidities" | "ext_switches"] => Ok(Decoded::default()),
        ["relay", n] => relay(&channel(n)?, payload),
        ["light" | "white" | "color", n] => switch(&format!("output{}", channel(n)?), payload),
        ["light" | "white" | "color", n, "status"] => light(&channel(n)?, payload),
        ["relay" | "light" | "white" | "color" | "roller", n, "power"] => value(&format!("power{}_w", channel(n)?), payload),
        ["relay" | "light" | "white" | "color" | "roller", n, "energy"] => {
            scaled(&format!("energy{}_wh", channel(n)?), payload, WATT_MINUTE)
        }
        ["relay", n, "overpower_value"] => value(&format!("overpower{}_w", channel(n)?), payload),
        ["roller", n] => attribute(&format!("roller{}_state", channel(n)?), payload),
        ["roller", n, "pos"] => value(&format!("position{}_percent", channel(n)?), payload),
        ["roller", n, "stop_reason"] => attribute(&format!("roller{}_stop_reason", channel(n)?), payload),
        ["emeter", n, field] => emeter(&channel(n)?, field, payload),
        ["input", n] => switch(&format!("input{}", channel(n)?), payload),
        ["longpush", n] => push(&channel(n)?, payload),
        ["input_event", n] => input_event(&channel(n)?, payload),
        ["ext_temperature", n] => value(&format!("ext_temperature{}_c", channel(n)?), payload),
        ["ext_humidity", n] => value(&format!("ext_humidity{}_percent", channel(n)?), payload),
        ["sensor", name] => sensor(name, payload),
        _ => Err(Reason::UnknownTopic),
    }
}

fn channel(level: &str) -> Result<String, Reason> {
    level.parse().ok().filter(|n| *n < CHANNELS).map(fields::channel).ok_or(Reason::UnknownTopic)
}

fn scaled(metric: &str, payload: &[u8], factor: f64) -> Result<Decoded, Reason> {
    let mut reading = Reading::at(None);
    reading.push(metric, fields::scaled(fields::plain_number(payload)?, factor))?;
    Ok(fields::with(reading, Decoded::default()))
}

fn value(metric: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    scaled(metric, payload, 1.0)
}

fn switch(metric: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    let mut reading = Reading::at(None);
    reading.push(metric, f64::from(u8::from(fields::plain_switch(payload)?)))?;
    Ok(fields::with(reading, Decoded::default()))
}

fn attribute(name: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    let mut decoded = Decoded::default();
    fields::attribute(&mut decoded, name, fields::text(payload)?);
    Ok(decoded)
}

fn event(kind: &str, payload: Value) -> Decoded {
    Decoded { events: vec![Event { at_ms: None, kind: kind.to_owned(), payload }], ..Decoded::default() }
}

/// `on`, `off`, or `overpower`: it switched itself off.
fn relay(channel: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    let metric = format!("output{channel}");
    if payload != b"overpower" {
        return switch(&metric, payload);
    }
    let mut off = switch(&metric, b"off")?;
    off.events = event("overpower", Value::Null).events;
    Ok(off)
}

fn emeter(channel: &str, field: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    let (stem, unit) = match field {
        "power" => ("power", "_w"),
        "reactive_power" => ("reactive_power", "_var"),
        "pf" => ("power_factor", ""),
        "current" => ("current", "_a"),
        "voltage" => ("voltage", "_v"),
        "total" => ("energy", "_wh"),
        "total_returned" => ("energy_returned", "_wh"),
        // What `total` counts, in watt-minutes since the last restart.
        "energy" | "returned_energy" => return fields::plain_number(payload).map(|_| Decoded::default()),
        _ => return Err(Reason::UnknownTopic),
    };
    value(&format!("{stem}{channel}{unit}"), payload)
}

/// `{"ison":true,"brightness":50,...}`.
fn light(channel: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    let map = json::object(json::parse(payload)?, "")?;
    let (mut reading, mut decoded) = (Reading::at(None), Decoded::default());
    if let Some(on) = map.get("ison") {
        fields::switch(&mut reading, &mut decoded, "ison", &format!("output{channel}"), on);
    }
    for (field, stem, unit) in [("brightness", "brightness", "_percent"), ("power", "power", "_w")] {
        if let Some(value) = map.get(field) {
            fields::number(&mut reading, &mut decoded, field, &format!("{stem}{channel}{unit}"), value, 1.0);
        }
    }
    Ok(fields::with(reading, decoded))
}

/// `1` after a long push, `0` after a short one.
fn push(channel: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    let kind = if fields::plain_switch(payload)? { "long_push" } else { "short_push" };
    Ok(event(&format!("{kind}{channel}"), Value::Null))
}

/// `{"event":"S","event_cnt":2}`; without an event it only says that there was none yet.
fn input_event(channel: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    let map = json::object(json::parse(payload)?, "")?;
    match map.get("event") {
        None | Some(Value::Null) => Ok(Decoded::default()),
        Some(Value::String(text)) if text.is_empty() => Ok(Decoded::default()),
        Some(Value::String(_)) => Ok(event(&format!("input{channel}_event"), Value::Object(map))),
        Some(other) => Err(Reason::wrong_type("event", Kind::Text, json::kind(other))),
    }
}

/// Sensors on batteries. A temperature is in the unit that its owner chose on the device, which it does not tell: it keeps the
/// name without a unit.
fn sensor(name: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    match name {
        "humidity" => value("humidity_percent", payload),
        "battery" => value("battery_percent", payload),
        "lux" => value("illuminance_lux", payload),
        "state" => {
            let open = match fields::text(payload)? {
                "open" => "1",
                "close" => "0",
                other => other,
            };
            switch("open", open.as_bytes())
        }
        "flood" | "motion" | "smoke" | "vibration" | "charger" | "ext_power" => switch(name, payload),
        "temperature" | "tilt" | "concentration" => value(name, payload),
        _ => attribute(name, payload),
    }
}

/// `{"id":...,"mac":...,"ip":...,"fw_ver":...}` at the start; from time to time all that the device knows of itself.
fn info(payload: &[u8]) -> Result<Decoded, Reason> {
    let map = json::object(json::parse(payload)?, "")?;
    let (mut reading, mut decoded) = (Reading::at(None), Decoded::default());
    let at = |path: &[&str]| {
        path.iter().try_fold(None, |above: Option<&Value>, level| above.map_or(map.get(*level), |v| v.get(level)).map(Some)).flatten()
    };
    for (path, name) in [
        (&["mac"][..], "mac"),
        (&["model"], "model"),
        (&["ip"], "ip"),
        (&["wifi_sta", "ip"], "ip"),
        (&["fw_ver"], "firmware_version"),
        (&["update", "old_version"], "firmware_version"),
    ] {
        if let Some(Value::String(text)) = at(path) {
            fields::attribute(&mut decoded, name, text);
        }
    }
    for (path, metric) in [(&["wifi_sta", "rssi"][..], "rssi_dbm"), (&["uptime"], "uptime_s"), (&["bat", "value"], "battery_percent")] {
        if let Some(value) = at(path) {
            fields::number(&mut reading, &mut decoded, path[path.len() - 1], metric, value, 1.0);
        }
    }
    Ok(fields::with(reading, decoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(rest: &str, payload: &str) -> (String, f64) {
        let decoded = decode(rest, payload.as_bytes()).expect("good");
        assert_eq!((decoded.readings.len(), decoded.readings[0].at_ms), (1, None), "{rest}");
        decoded.readings[0].values[0].clone()
    }

    #[test]
    fn each_topic_is_one_value_with_its_unit() {
        for (rest, payload, metric, value) in [
            ("relay/0", "on", "output", 1.0),
            ("relay/1", "off", "output_1", 0.0),
            ("relay/0/power", "12.50", "power_w", 12.5),
            ("relay/0/energy", "60", "energy_wh", 1.0),
            ("relay/1/energy", "4500", "energy_1_wh", 75.0),
            ("emeter/0/power", "-340.31", "power_w", -340.31),
            ("emeter/2/total", "3003.4", "energy_2_wh", 3003.4),
            ("emeter/1/total_returned", "5273.6", "energy_returned_1_wh", 5273.6),
            ("emeter/0/pf", "0.71", "power_factor", 0.71),
            ("emeter/0/voltage", "228.44", "voltage_v", 228.44),
            ("temperature", "41.02", "temperature_c", 41.02),
            ("input/0", "1", "input", 1.0),
            ("roller/0/pos", "55", "position_percent", 55.0),
            ("sensor/temperature", "71.6", "temperature", 71.6),
            ("sensor/humidity", "48.5", "humidity_percent", 48.5),
            ("sensor/state", "open", "open", 1.0),
        ] {
            assert_eq!(one(rest, payload), (metric.to_owned(), value), "{rest}");
        }
        assert_eq!(decode("emeter/0/energy", b"4321"), Ok(Decoded::default()), "a counter since the last restart");
    }

    #[test]
    fn what_it_tells_of_itself_and_what_happens_to_it_is_kept() {
        let hello = decode("announce", br#"{"id":"shelly1pm-A4CF12F45E6D","model":"SHSW-PM","mac":"A4CF12F45E6D","ip":"192.168.1.21","new_fw":false,"fw_ver":"20230913-112003/v1.14.0"}"#).expect("good");
        assert_eq!(hello.attributes["firmware_version"], "20230913-112003/v1.14.0");
        let info = decode("info", br#"{"wifi_sta":{"connected":true,"ip":"192.168.1.22","rssi":-61},"mac":"A4CF12F45E6D","uptime":7421}"#)
            .expect("good");
        assert_eq!(info.attributes["ip"], "192.168.1.22");
        assert_eq!(info.readings[0].values, [("rssi_dbm".to_owned(), -61.0), ("uptime_s".to_owned(), 7421.0)]);
        assert_eq!(decode("online", b"false").expect("good").online, Some(false));
        let over = decode("relay/0", b"overpower").expect("good");
        assert_eq!((over.readings[0].values[0].1, over.events[0].kind.as_str()), (0.0, "overpower"));
        assert_eq!(decode("input_event/0", br#"{"event":"S","event_cnt":2}"#).expect("good").events[0].kind, "input_event");
        assert_eq!(decode("input_event/0", br#"{"event":"","event_cnt":0}"#), Ok(Decoded::default()));
        assert_eq!(decode("longpush/0", b"1").expect("good").events[0].kind, "long_push");
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for (rest, payload) in [
            ("relay/0/power", &b"much"[..]),
            ("relay/0", b"maybe"),
            ("relay/0/power", b"nan"),
            ("relay/0/power", b"\xff"),
            ("online", b"1"),
        ] {
            assert!(matches!(decode(rest, payload), Err(Reason::WrongType { .. } | Reason::NotFinite { .. })), "{rest}");
        }
        for rest in ["relay/x", "relay/99/power", "emeter/0/other", "nothing", "", "relay/0/a/b/c"] {
            assert_eq!(decode(rest, b"1"), Err(Reason::UnknownTopic), "{rest}");
        }
    }
}
