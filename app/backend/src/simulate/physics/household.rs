//! A household, or one circuit of it, as a meter sees it: appliances, standby, a voltage that sags under load.

use jiff::tz::TimeZone;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use vigia_domain::reading::Reading;

use super::appliance::{Appliance, FRIDGE, IRON, Kind, LIGHTS, MICROWAVE, OVEN, PUMP, TELEVISION, WASHER};
use super::{Machine, elapsed_s, hour, rounded, values};

/// The nominal voltage in Mexico, in V.
const NOMINAL_V: f64 = 127.0;
/// Resistance of wires and transformer up to the meter, in ohm: 20 A take 5 V.
const SOURCE_OHM: f64 = 0.25;

/// What hangs on the meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    /// All of a home.
    Home,
    /// One plug with a refrigerator.
    Fridge,
    /// One plug with a washing machine.
    Washer,
    /// One relay with a water pump.
    Pump,
}

impl Circuit {
    fn kinds(self) -> &'static [&'static Kind] {
        match self {
            Self::Home => &[&FRIDGE, &LIGHTS, &LIGHTS, &LIGHTS, &TELEVISION, &MICROWAVE, &OVEN, &WASHER, &PUMP, &IRON],
            Self::Fridge => &[&FRIDGE],
            Self::Washer => &[&WASHER],
            Self::Pump => &[&PUMP],
        }
    }

    /// Routers, chargers and clocks, in W.
    fn standby_w(self) -> f64 {
        if self == Self::Home { 62.0 } else { 0.4 }
    }
}

/// A metered circuit. Its reading has `power_w, voltage_v, current_a, power_factor, frequency_hz, energy_wh`, and the energy is
/// a register that only grows.
pub struct Household {
    random: StdRng,
    zone: TimeZone,
    standby_w: f64,
    appliances: Vec<Appliance>,
    /// How far the street's voltage is from the nominal one, in V.
    drift_v: f64,
    energy_wh: f64,
    last_ms: Option<i64>,
}

impl Household {
    /// A circuit with its register at `energy_wh`. Daily rhythm follows the civil time of `zone`.
    #[must_use]
    pub fn new(circuit: Circuit, seed: u64, zone: TimeZone, energy_wh: f64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let appliances = circuit.kinds().iter().map(|kind| Appliance::new(kind, &mut random)).collect();
        let standby_w = circuit.standby_w() * random.random_range(0.8..1.3);
        Self { random, zone, standby_w, appliances, drift_v: 0.0, energy_wh, last_ms: None }
    }
}

impl Machine for Household {
    fn reading(&mut self, at_ms: i64) -> Reading {
        let seconds = elapsed_s(self.last_ms.replace(at_ms), at_ms);
        let hour = hour(&self.zone, at_ms);
        let standby = self.standby_w * self.random.random_range(0.97..1.03);
        let (mut active_w, mut reactive_var, mut mean_w) = (standby, standby * 0.6, standby);
        for appliance in &mut self.appliances {
            let draw = appliance.pass(seconds, hour, &mut self.random);
            // The compressor, the drum, the film of a television: nothing draws quite the same from second to second.
            let now_w = draw.now_w * self.random.random_range(0.985..1.015);
            active_w += now_w;
            reactive_var += now_w * (1.0 / draw.power_factor.powi(2) - 1.0).max(0.0).sqrt();
            mean_w += draw.mean_w;
        }
        self.energy_wh += mean_w * seconds / 3600.0;
        // Falls back to the nominal within some minutes; low in the evening, when the whole street cooks.
        let evening = if (18.0..22.0).contains(&hour) { -2.0 } else { 0.5 };
        let back = (seconds / 300.0).min(1.0);
        self.drift_v += (evening - self.drift_v) * back + self.random.random_range(-0.3..0.3);
        self.drift_v = self.drift_v.clamp(-8.0, 6.0);
        let apparent_va = active_w.hypot(reactive_var);
        let street_v = NOMINAL_V + self.drift_v;
        let voltage_v = street_v - SOURCE_OHM * apparent_va / street_v;
        let frequency_hz = 60.0 + self.random.random_range(-0.02..0.02);
        values(
            at_ms,
            [
                ("power_w", rounded(active_w, 1)),
                ("voltage_v", rounded(voltage_v, 1)),
                ("current_a", rounded(apparent_va / voltage_v, 3)),
                ("power_factor", rounded(active_w / apparent_va, 2)),
                ("frequency_hz", rounded(frequency_hz, 2)),
                ("energy_wh", rounded(self.energy_wh, 2)),
            ],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::physics::readings;

    /// 2026-01-05T06:00:00Z, a Monday, midnight in Mexico City.
    const MONDAY: i64 = 1_767_592_800_000;
    const DAY: i64 = 86_400_000;

    fn home(seed: u64) -> Household {
        Household::new(Circuit::Home, seed, TimeZone::fixed(jiff::tz::offset(-6)), 1000.0)
    }

    fn metric(reading: &Reading, name: &str) -> f64 {
        reading.values.iter().find(|(n, _)| n == name).expect("it is measured").1
    }

    #[test]
    fn the_same_seed_tells_the_same_day() {
        let day = |seed| readings(&mut home(seed), MONDAY, MONDAY + DAY, 10_000).collect::<Vec<_>>();
        assert_eq!(day(7), day(7));
        assert_ne!(day(7), day(8));
        assert_eq!(day(7).len(), 8640);
    }

    #[test]
    fn the_numbers_agree_with_each_other() {
        let mut register = 0.0;
        for reading in readings(&mut home(3), MONDAY, MONDAY + DAY, 10_000) {
            let [power, voltage, current, factor, energy] =
                ["power_w", "voltage_v", "current_a", "power_factor", "energy_wh"].map(|name| metric(&reading, name));
            assert!((power - voltage * current * factor).abs() < 0.03 * power + 2.0, "{reading:?}");
            assert!((105.0..135.0).contains(&voltage) && factor <= 1.0 && power > 0.0, "{reading:?}");
            assert!(energy >= register, "the register never goes back");
            register = energy;
        }
    }

    /// A home of these appliances uses 4 to 14 kWh a day, and the register agrees with the power over the day.
    #[test]
    fn energy_is_the_sum_of_power_at_any_step() {
        for step in [10_000, 60_000, 900_000] {
            let mut sum_wh = 0.0;
            let week: Vec<_> = readings(&mut home(11), MONDAY, MONDAY + 7 * DAY, step).collect();
            for reading in &week {
                sum_wh += metric(reading, "power_w") * step as f64 / 3_600_000.0;
            }
            let register_wh = metric(&week[week.len() - 1], "energy_wh") - metric(&week[0], "energy_wh");
            assert!((4.0..14.0).contains(&(register_wh / 7000.0)), "{} kWh a day at {step} ms", register_wh / 7000.0);
            if step <= 60_000 {
                assert!((sum_wh / register_wh - 1.0).abs() < 0.05, "{sum_wh} against {register_wh} at {step} ms");
            }
        }
    }

    #[test]
    fn evenings_take_more_than_nights_and_load_pulls_the_voltage_down() {
        let (mut night, mut evening) = (0.0, 0.0);
        let (mut light, mut heavy) = (Vec::new(), Vec::new());
        for day in 0..7 {
            for reading in readings(&mut home(day), MONDAY, MONDAY + DAY, 60_000) {
                let hour = (reading.at_ms.expect("it has a time") - MONDAY) / 3_600_000;
                let power = metric(&reading, "power_w");
                match hour {
                    1..5 => night += power,
                    18..22 => evening += power,
                    _ => {}
                }
                if power < 250.0 { &mut light } else { &mut heavy }.push((power, metric(&reading, "voltage_v")));
            }
        }
        assert!(evening > 1.5 * night, "{evening} against {night}");
        let mean = |list: &[(f64, f64)]| list.iter().map(|(_, v)| v).sum::<f64>() / list.len() as f64;
        heavy.retain(|(power, _)| *power > 1500.0);
        assert!(mean(&light) - mean(&heavy) > 2.0, "{} against {}", mean(&light), mean(&heavy));
    }

    #[test]
    fn a_plug_alone_rests_and_runs() {
        let mut fridge = Household::new(Circuit::Fridge, 5, TimeZone::UTC, 0.0);
        let powers: Vec<_> = readings(&mut fridge, MONDAY, MONDAY + DAY, 60_000).map(|r| metric(&r, "power_w")).collect();
        let on = powers.iter().filter(|w| **w > 90.0).count();
        assert!((300..800).contains(&on), "{on} of 1440 minutes");
        assert!(powers.iter().filter(|w| **w < 2.0).count() > 400);
    }
}
