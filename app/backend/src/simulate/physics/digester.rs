//! A small biodigester: fed once a day, gas by first-order decay of what is in it, a stove that burns it at meal times.

use std::f64::consts::TAU;

use jiff::tz::TimeZone;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use vigia_domain::reading::Reading;

use super::{Machine, civil, elapsed_s, hour, rounded, values};

/// Share of the remaining gas that comes in a day at 35 °C: first-order kinetics, k = 0.1 per day.
const RATE_PER_DAY: f64 = 0.1;
/// Gas that one day's feeding gives in the end, in m³: 40 kg of cow dung at about 0.05 m³ each.
const FEEDING_M3: f64 = 2.0;
/// What the stove burns, in m³ an hour.
const STOVE_M3_PER_H: f64 = 0.38;
/// The bag holds this much, in m³; the rest is blown off.
const BAG_M3: f64 = 3.0;
/// Pressure of the air, and what a full bag adds, in hPa.
const AIR_HPA: f64 = 1013.0;
const FULL_HPA: f64 = 24.0;

/// A biodigester. Its reading has `pressure_hpa, temperature_c, ph, gas_flow_m3_per_h, gas_m3`; the gas is a register of what was
/// produced.
pub struct Digester {
    random: StdRng,
    zone: TimeZone,
    temperature_c: f64,
    ph: f64,
    /// Gas that is still in what was fed, in m³.
    to_come_m3: f64,
    in_bag_m3: f64,
    produced_m3: f64,
    fed_on: Option<jiff::civil::Date>,
    weather_hpa: f64,
    last_ms: Option<i64>,
}

impl Digester {
    /// A digester that has been fed for months, with its register at `produced_m3`.
    #[must_use]
    pub fn new(seed: u64, zone: TimeZone, produced_m3: f64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let to_come_m3 = FEEDING_M3 / RATE_PER_DAY * random.random_range(0.8..1.1);
        Self {
            temperature_c: 33.0,
            ph: random.random_range(6.9..7.3),
            random,
            zone,
            to_come_m3,
            in_bag_m3: 1.2,
            produced_m3,
            fed_on: None,
            weather_hpa: 0.0,
            last_ms: None,
        }
    }
}

impl Machine for Digester {
    fn reading(&mut self, at_ms: i64) -> Reading {
        let hours = elapsed_s(self.last_ms.replace(at_ms), at_ms) / 3600.0;
        let (now, hour) = (civil(&self.zone, at_ms), hour(&self.zone, at_ms));
        if now.hour() >= 8 && self.fed_on != Some(now.date()) {
            if self.fed_on.is_some() {
                self.to_come_m3 += FEEDING_M3 * self.random.random_range(0.85..1.15);
            }
            self.fed_on = Some(now.date());
        }
        // A buried tank follows the air slowly: two degrees between dawn and evening, behind the sun by some hours.
        let aim_c = 33.0 + 1.0 * (TAU * (hour - 11.0) / 24.0).sin();
        self.temperature_c += (aim_c - self.temperature_c) * (hours / 6.0).min(1.0) + self.random.random_range(-0.01..0.01);
        self.ph = (self.ph + self.random.random_range(-0.002..0.002) + (7.1 - self.ph) * (hours / 48.0).min(1.0)).clamp(6.5, 7.6);
        let warmth = 1.05f64.powf(self.temperature_c - 35.0);
        let came_m3 = self.to_come_m3 * (1.0 - (-RATE_PER_DAY * warmth * hours / 24.0).exp());
        self.to_come_m3 -= came_m3;
        self.produced_m3 += came_m3;
        let cooking = [(6.5, 8.0), (13.0, 15.0), (19.5, 21.0)].iter().any(|(from, to)| (*from..*to).contains(&hour));
        let burnt_m3 = if cooking { STOVE_M3_PER_H * hours } else { 0.0 };
        self.in_bag_m3 = (self.in_bag_m3 + came_m3 - burnt_m3).clamp(0.05, BAG_M3);
        self.weather_hpa = (self.weather_hpa + self.random.random_range(-0.02..0.02)).clamp(-4.0, 4.0);
        let flow = self.to_come_m3 * RATE_PER_DAY * warmth / 24.0 * self.random.random_range(0.96..1.04);
        values(
            at_ms,
            [
                ("pressure_hpa", rounded(AIR_HPA + self.weather_hpa + FULL_HPA * self.in_bag_m3 / BAG_M3, 1)),
                ("temperature_c", rounded(self.temperature_c, 2)),
                ("ph", rounded(self.ph, 2)),
                ("gas_flow_m3_per_h", rounded(flow, 4)),
                ("gas_m3", rounded(self.produced_m3, 4)),
            ],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::physics::readings;

    #[test]
    fn gas_grows_by_about_the_feeding_and_nothing_jumps() {
        let start = 1_767_592_800_000;
        let mut digester = Digester::new(1, TimeZone::fixed(jiff::tz::offset(-6)), 100.0);
        let month: Vec<Reading> = readings(&mut digester, start, start + 30 * 86_400_000, 300_000).collect();
        let gas: Vec<f64> = month.iter().map(|r| r.values[4].1).collect();
        assert!(gas.windows(2).all(|pair| pair[1] >= pair[0] && pair[1] - pair[0] < 0.02));
        let a_day = (gas[gas.len() - 1] - gas[0]) / 30.0;
        assert!((1.5..2.3).contains(&a_day), "{a_day} m³ a day");
        for reading in &month {
            let [pressure, temperature, ph, flow, _] = [0, 1, 2, 3, 4].map(|n: usize| reading.values[n].1);
            assert!((1005.0..1045.0).contains(&pressure) && (31.0..35.5).contains(&temperature), "{reading:?}");
            assert!((6.5..7.7).contains(&ph) && (0.04..0.14).contains(&flow), "{reading:?}");
        }
    }
}
