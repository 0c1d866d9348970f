//! A Shelly Plus 1PM, as its documentation and captures show it: deltas on `events/rpc`, the whole status once a minute, `online`
//! retained with a last will.

use serde_json::{Map, Value, json};
use vigia_domain::ids::DeviceId;

use super::native::outgoing;
use super::{Device, Outgoing};
use crate::simulate::physics::{Household, Machine as _, rounded};

const STATUS_EVERY_MS: i64 = 60_000;

/// A plug or relay with a meter.
pub struct Shelly {
    id: DeviceId,
    circuit: Household,
    /// What the last frame said, by field.
    said: Map<String, Value>,
    status_ms: Option<i64>,
}

impl Shelly {
    /// A Shelly in front of this circuit.
    #[must_use]
    pub fn new(id: &DeviceId, circuit: Household) -> Self {
        Self { id: id.clone(), circuit, said: Map::new(), status_ms: None }
    }

    /// The status of `switch:0`.
    fn status(&mut self, at_ms: i64) -> Map<String, Value> {
        let reading = self.circuit.reading(at_ms);
        let value = |name: &str| reading.values.iter().find(|(n, _)| n == name).map_or(0.0, |(_, value)| *value);
        let (power, celsius) = (value("power_w"), rounded(36.0 + value("current_a") * 1.5, 1));
        let status = json!({
            "id": 0,
            "source": "init",
            "output": true,
            "apower": power,
            "voltage": value("voltage_v"),
            "current": value("current_a"),
            "pf": value("power_factor"),
            "freq": rounded(value("frequency_hz"), 1),
            "aenergy": {
                "total": rounded(value("energy_wh"), 3),
                "by_minute": [rounded(power * 1000.0 / 60.0, 3), 0.0, 0.0],
                "minute_ts": at_ms / 60_000 * 60,
            },
            "temperature": { "tC": celsius, "tF": rounded(celsius * 1.8 + 32.0, 1) },
        });
        match status {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    fn notify(&self, at_ms: i64, changed: Map<String, Value>) -> Outgoing {
        // Shelly's own times are seconds with two digits.
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
        let ts = rounded(at_ms as f64 / 1000.0, 2);
        let params = json!({ "ts": ts, "switch:0": changed });
        let frame = json!({ "src": self.id.as_str(), "dst": format!("{}/events", self.id), "method": "NotifyStatus", "params": params });
        outgoing(format!("{}/events/rpc", self.id), &frame, false, at_ms)
    }
}

impl Device for Shelly {
    fn will(&self) -> Option<(String, Vec<u8>)> {
        Some((format!("{}/online", self.id), b"false".to_vec()))
    }

    fn hello(&mut self, at_ms: i64) -> Vec<Outgoing> {
        self.said.clear();
        vec![outgoing(format!("{}/online", self.id), &Value::Bool(true), true, at_ms)]
    }

    /// A frame with what has changed, or once a minute the whole status instead.
    fn step(&mut self, at_ms: i64) -> Vec<Outgoing> {
        let status = self.status(at_ms);
        if self.status_ms.is_none_or(|last| at_ms - last >= STATUS_EVERY_MS) {
            self.status_ms = Some(at_ms);
            let whole = outgoing(format!("{}/status/switch:0", self.id), &Value::Object(status.clone()), false, at_ms);
            let first = self.said.is_empty().then(|| self.notify(at_ms, status.clone()));
            self.said = status;
            return first.into_iter().chain([whole]).collect();
        }
        let mut changed: Map<String, Value> =
            status.iter().filter(|(name, value)| self.said.get(*name) != Some(*value)).map(|(n, v)| (n.clone(), v.clone())).collect();
        self.said = status;
        if changed.is_empty() {
            return Vec::new();
        }
        changed.insert("id".to_owned(), 0.into());
        vec![self.notify(at_ms, changed)]
    }

    /// A whole status has no time of its own, a notification has.
    fn past(&mut self, at_ms: i64) -> Vec<Outgoing> {
        let status = self.status(at_ms);
        vec![self.notify(at_ms, status)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::physics::Circuit;
    use jiff::tz::TimeZone;

    #[test]
    fn its_past_has_a_time_in_every_message() {
        let id = DeviceId::new("shellyplus1pm-a8032412c3d4").expect("a good id");
        let mut shelly = Shelly::new(&id, Household::new(Circuit::Fridge, 1, TimeZone::UTC, 100.0));
        for at_ms in [1_767_592_800_000, 1_767_592_860_000, 1_767_592_920_000] {
            let said = shelly.past(at_ms);
            assert_eq!(said.len(), 1);
            let decoded = vigia_domain::decode::decode(&id, &said[0].topic, &said[0].payload).expect("good");
            assert_eq!(decoded.readings[0].at_ms, Some(at_ms));
        }
    }

    #[test]
    fn frames_after_the_first_hold_only_what_changed() {
        let id = DeviceId::new("shellyplus1pm-a8032412c3d4").expect("a good id");
        let mut shelly = Shelly::new(&id, Household::new(Circuit::Fridge, 1, TimeZone::UTC, 100.0));
        let first = shelly.step(1_767_592_800_000);
        assert_eq!(
            first.iter().map(|m| m.topic.as_str()).collect::<Vec<_>>(),
            ["shellyplus1pm-a8032412c3d4/events/rpc", "shellyplus1pm-a8032412c3d4/status/switch:0"]
        );
        // At rest nothing changes and nothing is said; then the compressor starts.
        let next = (1..5000)
            .map(|n| shelly.step(1_767_592_800_110 + n * 1000))
            .find(|said| said.len() == 1 && said[0].topic.ends_with("/events/rpc"));
        let next = next.expect("something changes");
        let frame: Value = serde_json::from_slice(&next[0].payload).expect("JSON");
        assert_eq!(frame["method"], "NotifyStatus");
        let ts = frame["params"]["ts"].as_f64().expect("seconds");
        assert!((ts.fract() - 0.11).abs() < 1e-3, "{ts}");
        let switch = frame["params"]["switch:0"].as_object().expect("a component");
        assert!(switch.contains_key("id") && !switch.contains_key("output"), "{switch:?}");
    }
}
