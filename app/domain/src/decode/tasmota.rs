//! Tasmota: `tele/<topic>/SENSOR`, `STATE`, `LWT`, `INFO1` to `INFO3`, and the answers below `stat/<topic>/`.
//!
//! Source: Tasmota's documentation (MQTT, energy monitoring). `Time` is local time without a zone, so it is taken only where a
//! zone stands in it, else the server's time is. Energies are kWh and become Wh. A meter with several channels makes arrays of
//! its scalars.

use serde_json::{Map, Value};

use super::{Decoded, fields, json};
use crate::event::Event;
use crate::reading::Reading;
use crate::reason::{Kind, Reason};
use crate::time;

/// A field of `ENERGY`: the standard name before and after the channel, and the factor of its unit.
type Field = (&'static str, &'static str, &'static str, f64);

const ENERGY: [Field; 12] = [
    ("Total", "energy", "_wh", 1000.0),
    ("Today", "energy_today", "_wh", 1000.0),
    ("Yesterday", "energy_yesterday", "_wh", 1000.0),
    ("Period", "energy_period", "_wh", 1.0),
    ("ExportActive", "energy_returned", "_wh", 1000.0),
    ("Power", "power", "_w", 1.0),
    ("ApparentPower", "apparent_power", "_va", 1.0),
    ("ReactivePower", "reactive_power", "_var", 1.0),
    ("Factor", "power_factor", "", 1.0),
    ("Voltage", "voltage", "_v", 1.0),
    ("Current", "current", "_a", 1.0),
    ("Frequency", "frequency", "_hz", 1.0),
];

/// As many channels as a Tasmota meter has at most.
const CHANNELS: usize = 8;

pub(super) fn decode(rest: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    match rest {
        "LWT" => Ok(Decoded { online: Some(fields::availability(fields::text(payload)?)?), ..Decoded::default() }),
        "SENSOR" | "" => sensor(json::object(json::parse(payload)?, "")?),
        "STATE" | "RESULT" => state(&json::object(json::parse(payload)?, "")?),
        "INFO1" | "INFO2" | "INFO3" => info(&json::object(json::parse(payload)?, "")?),
        // Its log, in words.
        "LOGGING" => fields::text(payload).map(|_| Decoded::default()),
        _ if rest.starts_with("STATUS") => status(json::object(json::parse(payload)?, "")?),
        _ if rest.starts_with("POWER") => power(rest, payload),
        _ => Err(Reason::UnknownTopic),
    }
}

/// The instant of a message, where it has a zone.
fn instant(map: &Map<String, Value>) -> Result<Option<i64>, Reason> {
    match map.get("Time") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(time::from_text(text).ok()),
        Some(Value::Number(_)) => json::instant(map.get("Time")),
        Some(other) => Err(Reason::wrong_type("Time", Kind::Time, json::kind(other))),
    }
}

/// `POWER`, `POWER1`, `POWER2`, ...: the metric of a relay.
fn relay(field: &str) -> Option<String> {
    let number = field.strip_prefix("POWER")?;
    let index = if number.is_empty() { 0 } else { number.parse::<usize>().ok()?.checked_sub(1)? };
    (index < 32).then(|| format!("output{}", fields::channel(index)))
}

fn power(rest: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    let metric = relay(rest).ok_or(Reason::UnknownTopic)?;
    let mut reading = Reading::at(None);
    reading.push(&metric, f64::from(u8::from(fields::plain_switch(payload)?)))?;
    Ok(fields::with(reading, Decoded::default()))
}

/// `STATE`, and the answer to a command: relays, dimmer, network.
fn state(map: &Map<String, Value>) -> Result<Decoded, Reason> {
    let (mut reading, mut decoded) = (Reading::at(instant(map)?), Decoded::default());
    for (field, value) in map {
        if let Some(metric) = relay(field) {
            fields::switch(&mut reading, &mut decoded, field, &metric, value);
        }
    }
    for (field, metric) in [("Dimmer", "brightness_percent"), ("UptimeSec", "uptime_s")] {
        if let Some(value) = map.get(field) {
            fields::number(&mut reading, &mut decoded, field, metric, value, 1.0);
        }
    }
    if let Some(Value::Object(wifi)) = map.get("Wifi") {
        // `RSSI` is a percentage there, and `Signal` the figure in dBm.
        for (field, metric) in [("RSSI", "wifi_percent"), ("Signal", "rssi_dbm")] {
            if let Some(value) = wifi.get(field) {
                fields::number(&mut reading, &mut decoded, field, metric, value, 1.0);
            }
        }
    }
    Ok(fields::with(reading, decoded))
}

/// What it tells of itself when it starts, under `Info1` and so on in newer versions.
fn info(map: &Map<String, Value>) -> Result<Decoded, Reason> {
    let mut decoded = Decoded::default();
    let inner = ["Info1", "Info2", "Info3"].iter().find_map(|name| map.get(*name)).and_then(Value::as_object).unwrap_or(map);
    for (field, name) in [("Version", "firmware_version"), ("Module", "model"), ("IPAddress", "ip"), ("Hostname", "hostname")] {
        if let Some(Value::String(text)) = inner.get(field) {
            fields::attribute(&mut decoded, name, text);
        }
    }
    if let Some(reason) = inner.get("RestartReason") {
        decoded.events.push(Event { at_ms: None, kind: "restart".to_owned(), payload: reason.clone() });
    }
    Ok(decoded)
}

/// `STATUS10` and its elder `STATUS8` wrap what `SENSOR` says; the other statuses are about the program.
fn status(mut map: Map<String, Value>) -> Result<Decoded, Reason> {
    match map.remove("StatusSNS") {
        Some(inner) => sensor(json::object(inner, "StatusSNS")?),
        None => Ok(Decoded::default()),
    }
}

fn sensor(map: Map<String, Value>) -> Result<Decoded, Reason> {
    let (mut reading, mut decoded) = (Reading::at(instant(&map)?), Decoded::default());
    let unit = |name: &str| map.get(name).and_then(Value::as_str).unwrap_or_default();
    let units = Units { temperature: unit("TempUnit"), pressure: unit("PressureUnit") };
    for (name, value) in &map {
        match (name.as_str(), value) {
            ("Time" | "TempUnit" | "PressureUnit" | "SpeedUnit", _) | (_, Value::Null) => {}
            ("ENERGY", Value::Object(energy)) => meter(energy, &mut reading, &mut decoded),
            ("ENERGY", other) => fields::refuse(&mut decoded, Err(Reason::wrong_type(name, Kind::Object, json::kind(other)))),
            (_, Value::Object(probe)) => probe_into(name, probe, &units, &mut reading, &mut decoded),
            (_, Value::String(_)) if name.starts_with("Switch") => {
                let metric = format!("switch_{}", &name["Switch".len()..]);
                fields::switch(&mut reading, &mut decoded, name, &metric, value);
            }
            (_, Value::String(text)) => fields::attribute(&mut decoded, name, text),
            (_, other) => fields::number(&mut reading, &mut decoded, name, &plain(name), other, 1.0),
        }
    }
    Ok(fields::with(reading, decoded))
}

/// A scalar is the first channel's value; of an array each element is its channel's.
fn meter(energy: &Map<String, Value>, reading: &mut Reading, decoded: &mut Decoded) {
    for (field, value) in energy {
        let Some((_, stem, unit, factor)) = ENERGY.iter().find(|(name, ..)| name == field) else { continue };
        match value {
            Value::Array(channels) if channels.len() <= CHANNELS => {
                for (index, value) in channels.iter().enumerate() {
                    fields::number(reading, decoded, field, &format!("{stem}{}{unit}", fields::channel(index)), value, *factor);
                }
            }
            value => fields::number(reading, decoded, field, &format!("{stem}{unit}"), value, *factor),
        }
    }
}

struct Units<'a> {
    temperature: &'a str,
    pressure: &'a str,
}

/// A sensor such as `{"AM2301":{"Temperature":20.8,"Humidity":45.3}}`. Its name stands in the metric's, for several of them tell
/// a temperature, and which of them answers may change from message to message. A unit that it does not name stays out.
fn probe_into(probe: &str, map: &Map<String, Value>, units: &Units<'_>, reading: &mut Reading, decoded: &mut Decoded) {
    let probe = plain(probe);
    for (field, value) in map {
        let (stem, ending) = match field.as_str() {
            "Temperature" => ("temperature", celsius(units.temperature)),
            "DewPoint" => ("dew_point", celsius(units.temperature)),
            "Humidity" => ("humidity", "_percent"),
            "Pressure" => ("pressure", if units.pressure == "hPa" { "_hpa" } else { "" }),
            "CarbonDioxide" => ("co2", "_ppm"),
            _ => {
                if let Value::String(text) = value {
                    fields::attribute(decoded, &format!("{probe}_{}", plain(field)), text);
                } else if matches!(value, Value::Number(_)) {
                    fields::number(reading, decoded, field, &format!("{probe}_{}", plain(field)), value, 1.0);
                }
                continue;
            }
        };
        let metric = format!("{stem}_{probe}{ending}");
        let fahrenheit = units.temperature == "F" && ending == "_c";
        match value.as_f64() {
            Some(degrees) if fahrenheit => {
                let celsius = fields::scaled(degrees - 32.0, 5.0 / 9.0);
                let pushed = reading.push(&metric, celsius).map_err(Reason::from);
                fields::refuse(decoded, pushed);
            }
            _ => fields::number(reading, decoded, field, &metric, value, 1.0),
        }
    }
}

fn celsius(unit: &str) -> &'static str {
    if matches!(unit, "C" | "F") { "_c" } else { "" }
}

/// A name of Tasmota's as part of one of ours: `DS18B20-1` is `ds18b20_1`.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(rest: &str, payload: &str) -> Vec<(String, f64)> {
        let mut found: Vec<_> =
            decode(rest, payload.as_bytes()).expect("good").readings.into_iter().flat_map(|reading| reading.values).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    fn named(list: &[(&str, f64)]) -> Vec<(String, f64)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
    }

    /// A captured message of a plug. Its time has no zone: what counts is when it came.
    #[test]
    fn a_plug_tells_what_it_measures_in_kilowatt_hours() {
        let payload = r#"{"Time":"2023-05-19T20:52:56","ENERGY":{"TotalStartTime":"2022-03-20T15:20:48","Total":514.153,"Yesterday":1.495,
            "Today":0.537,"Period":0,"Power":56,"ApparentPower":92,"ReactivePower":73,"Factor":0.61,"Voltage":234,"Current":0.392}}"#;
        assert_eq!(
            values("SENSOR", payload),
            named(&[
                ("apparent_power_va", 92.0),
                ("current_a", 0.392),
                ("energy_period_wh", 0.0),
                ("energy_today_wh", 537.0),
                ("energy_wh", 514_153.0),
                ("energy_yesterday_wh", 1495.0),
                ("power_factor", 0.61),
                ("power_w", 56.0),
                ("reactive_power_var", 73.0),
                ("voltage_v", 234.0),
            ])
        );
        assert_eq!(decode("SENSOR", payload.as_bytes()).expect("good").readings[0].at_ms, None);
        assert_eq!(values("STATUS10", &format!(r#"{{"StatusSNS":{payload}}}"#)), values("SENSOR", payload));
    }

    #[test]
    fn a_meter_of_two_channels_has_arrays_and_a_time_with_a_zone_counts() {
        let payload = r#"{"Time":"2023-05-19T20:52:56+02:00","ENERGY":{"Total":3.5,"Power":[10,20],"Current":[0.1,null],"Voltage":230}}"#;
        assert_eq!(
            values("SENSOR", payload),
            named(&[("current_a", 0.1), ("energy_wh", 3500.0), ("power_1_w", 20.0), ("power_w", 10.0), ("voltage_v", 230.0)])
        );
        assert_eq!(decode("SENSOR", payload.as_bytes()).expect("good").readings[0].at_ms, Some(1_684_522_376_000));
    }

    #[test]
    fn probes_keep_their_names_and_a_temperature_its_unit() {
        let payload = r#"{"Time":"2023-05-19T20:52:56","DS18B20-1":{"Id":"01144A0CB2AA","Temperature":68.0},"AM2301":{"Temperature":68.0,"Humidity":45.3},"TempUnit":"F","Switch1":"ON"}"#;
        assert_eq!(
            values("SENSOR", payload),
            named(&[
                ("humidity_am2301_percent", 45.3),
                ("switch_1", 1.0),
                ("temperature_am2301_c", 20.0),
                ("temperature_ds18b20_1_c", 20.0)
            ])
        );
        assert_eq!(
            values("SENSOR", r#"{"BME280":{"Temperature":20,"Pressure":760},"PressureUnit":"mmHg"}"#),
            named(&[("pressure_bme280", 760.0), ("temperature_bme280", 20.0)])
        );
    }

    #[test]
    fn relays_network_and_farewell_are_read() {
        let payload = r#"{"Time":"2023-05-19T20:52:56","Uptime":"1T17:04:28","UptimeSec":147868,"POWER1":"ON","POWER2":"OFF","Wifi":{"AP":1,"RSSI":72,"Signal":-64}}"#;
        assert_eq!(
            values("STATE", payload),
            named(&[("output", 1.0), ("output_1", 0.0), ("rssi_dbm", -64.0), ("uptime_s", 147_868.0), ("wifi_percent", 72.0)])
        );
        assert_eq!(values("POWER", "OFF"), named(&[("output", 0.0)]));
        assert_eq!(values("RESULT", r#"{"POWER":"ON"}"#), named(&[("output", 1.0)]));
        assert_eq!(decode("LWT", b"Offline").expect("good").online, Some(false));
        let hello = decode("INFO1", br#"{"Info1":{"Module":"Generic","Version":"13.1.0(tasmota)"}}"#).expect("good");
        assert_eq!(hello.attributes["firmware_version"], "13.1.0(tasmota)");
    }

    #[test]
    fn what_is_no_number_is_refused_by_itself() {
        let decoded = decode("SENSOR", br#"{"ENERGY":{"Power":"56","Voltage":{"a":1},"Current":0.5,"Factor":[[1]]}}"#).expect("good");
        assert_eq!(decoded.readings[0].values, named(&[("current_a", 0.5)]));
        assert_eq!(decoded.refused.len(), 3);
        assert!(decode("SENSOR", b"[]").is_err() && decode("LWT", b"maybe").is_err() && decode("POWER", b"{}").is_err());
        assert_eq!(decode("UPLINK", b"{}"), Err(Reason::UnknownTopic));
        assert_eq!(decode("POWER99", b"ON"), Err(Reason::UnknownTopic));
    }
}
