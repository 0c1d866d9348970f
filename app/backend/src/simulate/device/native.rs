//! Devices that speak the native topics.

use serde_json::{Map, Value, json};
use vigia_domain::ids::DeviceId;
use vigia_domain::reading::Reading;

use super::{Device, Outgoing};
use crate::simulate::physics::{Machine, Pills};

/// How often a dispenser says how it is, in ms.
const STATUS_EVERY_MS: i64 = 60_000;

/// A machine that sends each of its readings.
pub struct Meter<M> {
    id: DeviceId,
    machine: M,
}

impl<M: Machine> Meter<M> {
    /// A meter on this machine.
    #[must_use]
    pub fn new(id: &DeviceId, machine: M) -> Self {
        Self { id: id.clone(), machine }
    }
}

impl<M: Machine> Device for Meter<M> {
    fn will(&self) -> Option<(String, Vec<u8>)> {
        Some(last_will(&self.id))
    }

    fn hello(&mut self, at_ms: i64) -> Vec<Outgoing> {
        vec![hello(&self.id, at_ms)]
    }

    fn step(&mut self, at_ms: i64) -> Vec<Outgoing> {
        vec![telemetry(&self.id, &self.machine.reading(at_ms), at_ms)]
    }
}

/// A pill dispenser: events when they happen, in between how it is.
pub struct Dispenser {
    id: DeviceId,
    pills: Pills,
    said_ms: Option<i64>,
}

impl Dispenser {
    /// A dispenser with these pills.
    #[must_use]
    pub fn new(id: &DeviceId, pills: Pills) -> Self {
        Self { id: id.clone(), pills, said_ms: None }
    }
}

impl Device for Dispenser {
    fn will(&self) -> Option<(String, Vec<u8>)> {
        Some(last_will(&self.id))
    }

    fn hello(&mut self, at_ms: i64) -> Vec<Outgoing> {
        vec![hello(&self.id, at_ms)]
    }

    fn step(&mut self, at_ms: i64) -> Vec<Outgoing> {
        let events = self.pills.events(at_ms);
        let mut said: Vec<_> = events
            .into_iter()
            .map(|dose| {
                let body = json!({ "type": dose.kind, "ts": dose.at_ms, "payload": dose.payload });
                outgoing(format!("vigia/{}/event", self.id), &body, false, dose.at_ms)
            })
            .collect();
        if self.said_ms.is_none_or(|last| at_ms - last >= STATUS_EVERY_MS) {
            self.said_ms = Some(at_ms);
            said.push(telemetry(&self.id, &self.pills.reading(at_ms), at_ms));
        }
        said
    }
}

/// A reading as a device sends it, with its own time in milliseconds.
#[must_use]
pub fn telemetry(id: &DeviceId, reading: &Reading, at_ms: i64) -> Outgoing {
    outgoing(format!("vigia/{id}/telemetry"), &body(reading), false, at_ms)
}

pub(crate) fn body(reading: &Reading) -> Value {
    let mut map = Map::new();
    if let Some(at_ms) = reading.at_ms {
        map.insert("ts".to_owned(), at_ms.into());
    }
    map.extend(reading.values.iter().map(|(name, value)| (name.clone(), Value::from(*value))));
    Value::Object(map)
}

fn hello(id: &DeviceId, at_ms: i64) -> Outgoing {
    let body = json!({ "online": true, "firmware_version": "sim-1.0.0", "ip": "192.0.2.1" });
    outgoing(format!("vigia/{id}/status"), &body, true, at_ms)
}

fn last_will(id: &DeviceId) -> (String, Vec<u8>) {
    (format!("vigia/{id}/status"), json!({ "online": false }).to_string().into_bytes())
}

pub(super) fn outgoing(topic: String, body: &Value, retain: bool, at_ms: i64) -> Outgoing {
    Outgoing { topic, payload: body.to_string().into_bytes(), retain, at_ms }
}
