//! Devices as they are: a clock that jumps, a message that is said twice.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;

use super::{Device, Outgoing};

/// How many messages a clock stays as it is.
const STEADY: std::ops::Range<u32> = 15..120;
/// How far a clock can be off, in milliseconds: fine, slow by a little, fast by a little, an hour and a day late, and two hours ahead, which is
/// not taken.
const OFF_MS: [i64; 6] = [0, -4_000, 90_000, -3_600_000, -86_400_000, 7_200_000];
/// How likely a message is said twice.
const TWICE: f64 = 0.04;

/// What is wrong with a device beside its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// Its clock jumps, sometimes back to 1970. What it measures goes on as ever.
    pub clock_jumps: bool,
    /// It says some things twice.
    pub repeats: bool,
}

/// A device with faults.
pub struct Temper {
    device: Box<dyn Device>,
    faults: Faults,
    random: StdRng,
    off_ms: i64,
    steady: u32,
}

impl Temper {
    /// The same device with these faults.
    #[must_use]
    pub fn new(device: Box<dyn Device>, faults: Faults, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let steady = random.random_range(STEADY);
        Self { device, faults, random, off_ms: 0, steady }
    }

    fn said(&mut self, said: Vec<Outgoing>) -> Vec<Outgoing> {
        let mut all = Vec::with_capacity(said.len());
        for mut out in said {
            if self.off_ms != 0 {
                shift(&mut out, self.off_ms);
            }
            if self.faults.repeats && self.random.random_bool(TWICE) {
                all.push(out.clone());
            }
            all.push(out);
        }
        all
    }

    fn jump(&mut self, at_ms: i64) {
        self.steady = self.steady.saturating_sub(1);
        if !self.faults.clock_jumps || self.steady > 0 {
            return;
        }
        self.steady = self.random.random_range(STEADY);
        let n = self.random.random_range(0..=OFF_MS.len());
        // Beyond the list: it was switched on just now and never asked for the time.
        self.off_ms = OFF_MS.get(n).copied().unwrap_or(-at_ms);
    }
}

impl Device for Temper {
    fn will(&self) -> Option<(String, Vec<u8>)> {
        self.device.will()
    }

    fn hello(&mut self, at_ms: i64) -> Vec<Outgoing> {
        let said = self.device.hello(at_ms);
        self.said(said)
    }

    fn step(&mut self, at_ms: i64) -> Vec<Outgoing> {
        self.jump(at_ms);
        // Measured in true time: water does not flow back because a clock does.
        let said = self.device.step(at_ms);
        self.said(said)
    }

    fn past(&mut self, at_ms: i64) -> Vec<Outgoing> {
        self.device.past(at_ms)
    }

    fn finished(&self) -> bool {
        self.device.finished()
    }
}

/// Moves the time inside a message: `ts` in milliseconds, or in seconds where the device speaks so.
fn shift(out: &mut Outgoing, by_ms: i64) {
    let Ok(mut body) = serde_json::from_slice::<Value>(&out.payload) else { return };
    let mut moved = false;
    for pointer in ["/ts", "/params/ts"] {
        if let Some(ts) = body.pointer_mut(pointer) {
            *ts = match (ts.as_i64(), ts.as_f64()) {
                (Some(ms), _) if ms > 100_000_000_000 => Value::from(ms + by_ms),
                #[expect(clippy::cast_precision_loss, reason = "a span of time, far below 2^53 ms")]
                (_, Some(seconds)) => Value::from(seconds + by_ms as f64 / 1000.0),
                _ => continue,
            };
            moved = true;
        }
    }
    if moved {
        out.payload = body.to_string().into_bytes();
        out.at_ms += by_ms;
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::simulate::Scenario;

    const START: i64 = 1_767_592_800_000;

    fn times(seed: u64) -> (Vec<i64>, Vec<f64>) {
        let id = Scenario::Household.id(0);
        let home = Scenario::Household.device(0, &id, 1, &TimeZone::UTC);
        let mut device = Temper::new(home, Faults { clock_jumps: true, repeats: true }, seed);
        let said: Vec<Value> = (0..2_000)
            .flat_map(|s| device.step(START + s * 1_000))
            .map(|out| serde_json::from_slice(&out.payload).expect("JSON"))
            .collect();
        (said.iter().filter_map(|v| v["ts"].as_i64()).collect(), said.iter().filter_map(|v| v["energy_wh"].as_f64()).collect())
    }

    #[test]
    fn a_clock_jumps_and_what_is_measured_goes_on() {
        let (times, energy) = times(5);
        assert!(times.len() > 2_020, "some are said twice: {}", times.len());
        assert!(times.windows(2).any(|pair| pair[1] < pair[0]) && times.iter().any(|at| *at < 86_400_000), "back, and to 1970");
        assert!(energy.windows(2).all(|pair| pair[1] >= pair[0]), "the register only grows");
        assert_eq!(times, self::times(5).0, "the same seed tells the same story");
    }

    #[test]
    fn a_shellys_seconds_move_too() {
        let frame = br#"{"src":"x","method":"NotifyStatus","params":{"ts":1736604018.25,"switch:0":{"apower":1.0}}}"#;
        let mut out = Outgoing { topic: "x/events/rpc".into(), payload: frame.to_vec(), retain: false, at_ms: 1_736_604_018_250 };
        shift(&mut out, -3_600_000);
        let body: Value = serde_json::from_slice(&out.payload).expect("JSON");
        assert_eq!((body["params"]["ts"].as_f64(), out.at_ms), (Some(1_736_600_418.25), 1_736_600_418_250));
    }
}
