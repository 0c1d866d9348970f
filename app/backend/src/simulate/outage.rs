//! What a device does while it has no line: it goes on measuring, and afterwards it sends what it has gathered, in lists.

use std::ops::Range;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;

use super::device::Outgoing;

/// For how many messages the line is there, and for how many it is not.
const THERE: Range<u32> = 20..90;
const GONE: Range<u32> = 10..60;
/// Readings in one list.
const LIST: usize = 200;

/// When the line is gone, and what was gathered meanwhile.
pub(super) struct Outages {
    random: StdRng,
    is_out: bool,
    left: u32,
    gathered: Vec<Outgoing>,
    /// Messages of a kind that a device does not keep: it says how it is now, not how it was.
    pub(super) let_go: u64,
}

/// What a step changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The line went.
    Out,
    /// It is back.
    Back,
    /// Nothing.
    None,
}

impl Outages {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let left = random.random_range(THERE);
        Self { random, is_out: false, left, gathered: Vec::new(), let_go: 0 }
    }

    /// One more step of the device.
    pub(super) fn step(&mut self) -> Turn {
        self.left = self.left.saturating_sub(1);
        if self.left > 0 {
            return Turn::None;
        }
        self.is_out = !self.is_out;
        self.left = self.random.random_range(if self.is_out { GONE } else { THERE });
        if self.is_out { Turn::Out } else { Turn::Back }
    }

    pub(super) fn is_out(&self) -> bool {
        self.is_out
    }

    /// It is over for good.
    pub(super) fn end(&mut self) {
        self.is_out = false;
    }

    /// Keeps what carries its own time.
    pub(super) fn gather(&mut self, said: Vec<Outgoing>) {
        for out in said {
            if out.topic.ends_with("/telemetry") || out.topic.ends_with("/event") {
                self.gathered.push(out);
            } else {
                self.let_go += 1;
            }
        }
    }

    /// What was gathered: readings in lists, events one by one.
    pub(super) fn take(&mut self) -> Vec<Outgoing> {
        let (readings, mut said): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.gathered).into_iter().partition(|out| out.topic.ends_with("/telemetry"));
        for list in readings.chunks(LIST) {
            let values: Vec<Value> = list.iter().filter_map(|out| serde_json::from_slice(&out.payload).ok()).collect();
            let payload = Value::Array(values).to_string().into_bytes();
            said.push(Outgoing { topic: list[0].topic.clone(), payload, retain: false, at_ms: list[0].at_ms });
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_meanwhile_comes_in_lists_and_none_is_missing() {
        let mut outages = Outages::new(1);
        let out = |topic: &str, at_ms: i64| Outgoing {
            topic: topic.into(),
            payload: format!("{{\"ts\":{at_ms}}}").into_bytes(),
            retain: false,
            at_ms,
        };
        outages.gather((0..450).map(|n| out("vigia/m1/telemetry", n)).collect());
        outages.gather(vec![out("vigia/m1/event", 7), out("vigia/m1/status", 8)]);
        let said = outages.take();
        assert_eq!((said.len(), outages.let_go), (4, 1));
        let lists: Vec<Vec<Value>> = said[1..].iter().map(|out| serde_json::from_slice(&out.payload).expect("a list")).collect();
        let times: Vec<i64> = lists.iter().flatten().filter_map(|reading| reading["ts"].as_i64()).collect();
        assert_eq!((times, said[2].at_ms), ((0..450).collect(), 200));
        assert!(outages.take().is_empty());
    }

    #[test]
    fn lines_come_and_go() {
        let mut outages = Outages::new(2);
        let turns: Vec<Turn> = (0..1_000).map(|_| outages.step()).filter(|turn| *turn != Turn::None).collect();
        assert!(turns.len() > 10 && turns.chunks(2).all(|pair| pair[0] == Turn::Out && pair.get(1).is_none_or(|turn| *turn == Turn::Back)));
    }
}
