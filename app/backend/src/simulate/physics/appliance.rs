//! Appliances: what each draws, for how long, and at which hours people switch it on. Values are of a Mexican household.

use rand::Rng;
use rand::rngs::StdRng;

/// A kind of appliance.
pub(super) struct Kind {
    /// Draws between these, in W.
    pub(super) watts: (f64, f64),
    pub(super) power_factor: f64,
    /// Runs for between these, in minutes.
    pub(super) minutes: (f64, f64),
    /// Rests for at least this long, in minutes.
    pub(super) rest: f64,
    /// How often it is switched on while it rests, times an hour, by the time of the day.
    pub(super) starts: &'static [(f64, f64, f64)],
}

const ALWAYS: f64 = 24.0;

/// How finely a long step is cut to see whether a resting appliance is switched on, in s.
const IDLE_S: f64 = 60.0;

pub(super) const FRIDGE: Kind =
    Kind { watts: (105.0, 130.0), power_factor: 0.82, minutes: (11.0, 19.0), rest: 16.0, starts: &[(0.0, ALWAYS, 6.0)] };
pub(super) const LIGHTS: Kind = Kind {
    watts: (18.0, 85.0),
    power_factor: 0.93,
    minutes: (20.0, 150.0),
    rest: 3.0,
    starts: &[(6.0, 8.0, 2.0), (18.5, 23.0, 3.0), (0.0, ALWAYS, 0.06)],
};
pub(super) const TELEVISION: Kind =
    Kind { watts: (85.0, 125.0), power_factor: 0.95, minutes: (40.0, 170.0), rest: 15.0, starts: &[(14.0, 16.0, 0.4), (19.0, 22.5, 1.2)] };
pub(super) const MICROWAVE: Kind = Kind {
    watts: (1150.0, 1350.0),
    power_factor: 0.9,
    minutes: (1.0, 5.0),
    rest: 4.0,
    starts: &[(7.0, 9.0, 1.1), (13.5, 16.0, 1.2), (20.0, 22.0, 1.0)],
};
pub(super) const OVEN: Kind = Kind {
    watts: (1700.0, 2300.0),
    power_factor: 1.0,
    minutes: (25.0, 60.0),
    rest: 240.0,
    starts: &[(12.5, 15.0, 0.14), (19.0, 21.0, 0.05)],
};
pub(super) const WASHER: Kind =
    Kind { watts: (240.0, 480.0), power_factor: 0.68, minutes: (38.0, 62.0), rest: 60.0, starts: &[(8.0, 13.0, 0.14)] };
pub(super) const PUMP: Kind = Kind {
    watts: (720.0, 790.0),
    power_factor: 0.78,
    minutes: (6.0, 14.0),
    rest: 90.0,
    starts: &[(6.0, 9.0, 0.5), (9.0, 20.0, 0.15), (20.0, 22.0, 0.3)],
};
pub(super) const IRON: Kind =
    Kind { watts: (950.0, 1050.0), power_factor: 1.0, minutes: (10.0, 25.0), rest: 600.0, starts: &[(6.0, 8.0, 0.1), (17.0, 20.0, 0.08)] };

/// One appliance of a household.
pub(super) struct Appliance {
    kind: &'static Kind,
    watts: f64,
    on: bool,
    /// Seconds that it still runs, or still rests.
    left_s: f64,
}

impl Appliance {
    pub(super) fn new(kind: &'static Kind, random: &mut StdRng) -> Self {
        Self { kind, watts: 0.0, on: false, left_s: random.random_range(0.0..kind.rest) * 60.0 }
    }

    /// Lets time pass. Within a step longer than a run, a run counts with its share of the step, so that energy stays right
    /// however far apart the readings are.
    pub(super) fn pass(&mut self, seconds: f64, hour: f64, random: &mut StdRng) -> Draw {
        let (mut rest_s, mut energy_ws) = (seconds, 0.0);
        while rest_s > 0.0 {
            let slice = rest_s.min(if self.left_s > 0.0 { self.left_s } else { IDLE_S });
            if self.on {
                energy_ws += self.watts * slice;
            }
            self.left_s -= slice;
            rest_s -= slice;
            if self.left_s <= 0.0 {
                self.turn(slice, hour, random);
            }
        }
        let mean_w = if seconds > 0.0 { energy_ws / seconds } else { 0.0 };
        Draw { now_w: if self.on { self.watts } else { 0.0 }, mean_w, power_factor: self.kind.power_factor }
    }

    fn turn(&mut self, seconds: f64, hour: f64, random: &mut StdRng) {
        let minutes = if self.on {
            self.on = false;
            self.kind.rest
        } else if random.random_bool((self.starts_an_hour(hour) * seconds / 3600.0).clamp(0.0, 1.0)) {
            self.on = true;
            self.watts = random.random_range(self.kind.watts.0..self.kind.watts.1);
            random.random_range(self.kind.minutes.0..self.kind.minutes.1)
        } else {
            return;
        };
        self.left_s = minutes * 60.0;
    }

    fn starts_an_hour(&self, hour: f64) -> f64 {
        self.kind.starts.iter().filter(|(from, to, _)| (*from..*to).contains(&hour)).map(|(.., starts)| starts).sum()
    }
}

/// What an appliance draws.
pub(super) struct Draw {
    pub(super) now_w: f64,
    /// Over the time that passed.
    pub(super) mean_w: f64,
    pub(super) power_factor: f64,
}
