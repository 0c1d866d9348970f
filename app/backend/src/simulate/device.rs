//! Simulated devices as they speak: topics and payloads of the real ones.

mod native;
mod shelly;
mod temper;

use jiff::tz::TimeZone;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;

pub(crate) use self::native::body;
pub use self::native::{Dispenser, Meter, telemetry};
pub use self::shelly::Shelly;
pub use self::temper::{Faults, Temper};
use super::physics::{Circuit, Digester, Household, Pills};

/// One message that a device sends, QoS 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// The time inside the payload, in milliseconds since the epoch; of a list, its first.
    pub at_ms: i64,
}

/// A device, seen from its connection.
pub trait Device: Send {
    /// Topic and payload of its last will, retained.
    fn will(&self) -> Option<(String, Vec<u8>)>;
    /// What it says when its connection stands.
    fn hello(&mut self, at_ms: i64) -> Vec<Outgoing>;
    /// What it says now: usually one message.
    fn step(&mut self, at_ms: i64) -> Vec<Outgoing>;
    /// What it would have said then, for history: only messages that carry their own time.
    fn past(&mut self, at_ms: i64) -> Vec<Outgoing> {
        self.step(at_ms)
    }
    /// Whether it has nothing more to say, ever.
    fn finished(&self) -> bool {
        false
    }
}

/// Which devices a simulation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Meters of whole homes.
    Household,
    /// Shelly plugs with a meter.
    Shelly,
    /// Biodigesters.
    Biodigester,
    /// Pill dispensers.
    Dispenser,
    /// One after the other of these.
    Mixed,
}

/// The text names no scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scenario is household, shelly, biodigester, dispenser or mixed")]
pub struct UnknownScenario;

impl std::str::FromStr for Scenario {
    type Err = UnknownScenario;
    fn from_str(text: &str) -> Result<Self, UnknownScenario> {
        Ok(match text {
            "household" => Self::Household,
            "shelly" => Self::Shelly,
            "biodigester" => Self::Biodigester,
            "dispenser" => Self::Dispenser,
            "mixed" => Self::Mixed,
            _ => return Err(UnknownScenario),
        })
    }
}

impl Scenario {
    /// Every scenario's word.
    pub const WORDS: [&str; 5] = ["household", "shelly", "biodigester", "dispenser", "mixed"];

    /// What the `n`th device is. Only a mixed scenario depends on `n`.
    #[must_use]
    pub fn of(self, n: usize) -> Self {
        match self {
            Self::Mixed => [Self::Household, Self::Shelly, Self::Biodigester, Self::Dispenser][n % 4],
            one => one,
        }
    }

    /// The kind under which the `n`th device is registered.
    #[must_use]
    pub fn kind(self, n: usize) -> DeviceKind {
        match self.of(n) {
            Self::Household | Self::Mixed => DeviceKind::EnergyMeter,
            Self::Shelly => DeviceKind::Switch,
            Self::Biodigester => DeviceKind::Biodigester,
            Self::Dispenser => DeviceKind::PillDispenser,
        }
    }

    /// An id for the `n`th device, counted from 0: `sim-household-001`.
    #[must_use]
    pub fn id(self, n: usize) -> DeviceId {
        let word = match self.of(n) {
            Self::Household | Self::Mixed => "household",
            Self::Shelly => "shellyplus1pm",
            Self::Biodigester => "biodigester",
            Self::Dispenser => "dispenser",
        };
        DeviceId::new(format!("sim-{word}-{:03}", n + 1)).expect("letters, digits and hyphens")
    }

    /// The `n`th device, with registers that begin somewhere.
    #[must_use]
    pub fn device(self, n: usize, id: &DeviceId, seed: u64, zone: &TimeZone) -> Box<dyn Device> {
        #[expect(clippy::cast_precision_loss, reason = "any beginning will do")]
        let begun = 1_000_000.0 + (seed_of(n, seed) % 4_000_000) as f64;
        self.device_at(n, id, seed, zone, begun)
    }

    /// The same with registers that have run since 2025: a home that is simulated again next week goes on where it was, or a little
    /// above, for no home takes two kilowatts all the time.
    #[must_use]
    pub fn device_since(self, n: usize, id: &DeviceId, seed: u64, zone: &TimeZone, now_ms: i64) -> Box<dyn Device> {
        const SINCE_MS: i64 = 1_735_689_600_000;
        #[expect(clippy::cast_precision_loss, reason = "a span of time, far below 2^53 ms")]
        let hours = (now_ms - SINCE_MS).max(0) as f64 / 3_600_000.0;
        self.device_at(n, id, seed, zone, 2_000.0 * hours)
    }

    /// The `n`th device with its register at `begun`, in Wh of a home.
    fn device_at(self, n: usize, id: &DeviceId, seed: u64, zone: &TimeZone, begun: f64) -> Box<dyn Device> {
        let seed = seed_of(n, seed);
        let zone = zone.clone();
        match self.of(n) {
            Self::Household | Self::Mixed => Box::new(Meter::new(id, Household::new(Circuit::Home, seed, zone, begun))),
            Self::Shelly => {
                let circuit = [Circuit::Fridge, Circuit::Washer, Circuit::Pump][n / 4 % 3];
                Box::new(Shelly::new(id, Household::new(circuit, seed, zone, begun / 10.0)))
            }
            Self::Biodigester => Box::new(Meter::new(id, Digester::new(seed, zone, begun / 10_000.0))),
            Self::Dispenser => Box::new(Dispenser::new(id, Pills::new(seed, zone))),
        }
    }
}

fn seed_of(n: usize, seed: u64) -> u64 {
    seed.wrapping_add(n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A device that says what was written down for it, one message a step.
pub struct Script {
    lines: std::collections::VecDeque<Outgoing>,
}

impl Script {
    /// A device that sends these, in this order, and is finished.
    #[must_use]
    pub fn new(lines: impl IntoIterator<Item = Outgoing>) -> Self {
        Self { lines: lines.into_iter().collect() }
    }
}

impl Device for Script {
    fn will(&self) -> Option<(String, Vec<u8>)> {
        None
    }

    fn hello(&mut self, _at_ms: i64) -> Vec<Outgoing> {
        Vec::new()
    }

    fn step(&mut self, _at_ms: i64) -> Vec<Outgoing> {
        self.lines.pop_front().into_iter().collect()
    }

    fn finished(&self) -> bool {
        self.lines.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigia_domain::decode;

    /// What the simulators send must be what the decoders understand.
    #[test]
    fn every_scenario_speaks_what_the_decoders_understand() {
        let start = 1_767_592_800_000;
        for word in Scenario::WORDS {
            let scenario: Scenario = word.parse().expect("its own word");
            for n in 0..4 {
                let id = scenario.id(n);
                let mut device = scenario.device(n, &id, 1, &TimeZone::UTC);
                let mut messages = device.hello(start);
                messages.extend((0..1500).flat_map(|minute| device.step(start + minute * 60_000)));
                let (topic, payload) = device.will().expect("each has a last will");
                messages.push(Outgoing { topic, payload, retain: true, at_ms: start });
                let mut readings = 0;
                for message in &messages {
                    assert!(crate::mqtt::access::may_publish(&id, &message.topic), "{}", message.topic);
                    let decoded = decode::decode(&id, &message.topic, &message.payload);
                    let decoded =
                        decoded.unwrap_or_else(|e| panic!("{}: {e}: {}", message.topic, String::from_utf8_lossy(&message.payload)));
                    assert!(decoded.refused.is_empty(), "{:?}", decoded.refused);
                    readings += decoded.readings.len();
                }
                assert!(readings > 1000, "{word} {n}: {readings}");
            }
        }
        assert!("toaster".parse::<Scenario>().is_err());
    }
}
