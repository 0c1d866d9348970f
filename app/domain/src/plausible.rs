//! What a value can be. Generous on purpose: a value is set aside only when no such thing can be or no such meter exists, not
//! when it is unusual. Settings may say more of a metric ([`Limit`]).

use serde::{Deserialize, Serialize};

use crate::device::DeviceKind;
use crate::units::stem_of;

/// The least and the most that a quantity can have, both included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Range {
    const fn new(least: f64, most: f64) -> Self {
        Self { least, most }
    }

    /// Whether the value is within.
    #[must_use]
    pub fn holds(self, value: f64) -> bool {
        self.least <= value && value <= self.most
    }
}

/// What the settings say of a metric, of one kind of device or of all. It replaces what is known of the quantity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The metric, by its whole name.
    pub metric: String,
    /// Of devices of this kind alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<DeviceKind>,
    /// The least that is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<f64>,
    /// The most that is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<f64>,
    /// The most that it may change by in a second, up or down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_per_s: Option<f64>,
}

impl Limit {
    /// What is taken, when it says anything of that: a side that it does not name stays as it is known of the quantity.
    #[must_use]
    pub fn range(&self) -> Option<Range> {
        if self.least.is_none() && self.most.is_none() {
            return None;
        }
        let known = range_of(&self.metric);
        Some(Range {
            least: self.least.or(known.map(|known| known.least)).unwrap_or(f64::NEG_INFINITY),
            most: self.most.or(known.map(|known| known.most)).unwrap_or(f64::INFINITY),
        })
    }
}

/// Percentages that cannot pass 100; others can, as a load's or a distortion's.
const SHARES: [&str; 7] = ["humidity", "soil_moisture", "battery", "position", "brightness", "wifi", "methane"];

/// What is certain of a metric by its standard name; `None` where nothing is.
///
/// - **Temperature** -100 to 2,000 °C: nothing on Earth's surface is colder than -89.2 °C (WMO's record), flames are not hotter;
///   -127 is what a DS18B20 library tells of a lost probe.
/// - **Voltage** ±1 MV: no line of a public grid has more (1,100 kV between two lines is 635 kV against earth); meters behind a
///   transformer tell the primary side, 34.5 kV or 230 kV.
/// - **Current** ±100,000 A, **power** ±1 GW: no installation behind one meter has more.
/// - **Frequency** 0 to 1,000 Hz: aircraft have 400; a phase without a wire tells up to 200.
/// - **Power factor** -1 to 1 by definition, and a tenth for a meter's error.
/// - **Shares** 0 to 100 % by definition, and 5 for a sensor's error.
/// - **pH** -1 to 15: 0 to 14 and a sensor's error. **ppm** 0 to a million by definition.
/// - **Pressure** from a vacuum below the air's to 1,000 bar. **Signal** -200 to 100 dBm.
#[must_use]
pub fn range_of(metric: &str) -> Option<Range> {
    let ending = metric.rsplit('_').next().unwrap_or(metric);
    match ending {
        "c" => Some(Range::new(-100.0, 2_000.0)).filter(|_| has_word(metric, &["temperature", "dew"])),
        "v" => Some(Range::new(-1e6, 1e6)).filter(|_| metric.starts_with("voltage")),
        "a" => Some(Range::new(-100_000.0, 100_000.0)).filter(|_| metric.starts_with("current")),
        "w" | "va" | "var" => Some(Range::new(-1e9, 1e9)).filter(|_| has_word(metric, &["power"])),
        "kw" => Some(Range::new(-1e6, 1e6)).filter(|_| has_word(metric, &["power"])),
        "hz" => Some(Range::new(0.0, 1_000.0)).filter(|_| metric.starts_with("frequency")),
        "percent" => {
            let stem = stem_of(metric);
            Some(Range::new(-5.0, 105.0)).filter(|_| {
                SHARES.iter().any(|share| stem.strip_prefix(share).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
            })
        }
        "ph" => Some(Range::new(-1.0, 15.0)),
        "ppm" => Some(Range::new(0.0, 1e6)),
        "hpa" => Some(Range::new(-1_100.0, 1e6)),
        "dbm" => Some(Range::new(-200.0, 100.0)),
        _ if metric.starts_with("power_factor") => Some(Range::new(-1.1, 1.1)),
        _ => None,
    }
}

fn has_word(metric: &str, words: &[&str]) -> bool {
    metric.split('_').any(|part| words.contains(&part))
}

/// A number as a reason tells it.
#[must_use]
pub fn told(value: f64) -> String {
    if value.abs() < 1e15 { value.to_string() } else { format!("{value:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_told_from_what_is_unusual() {
        for (metric, value) in [
            ("voltage_v", 230.0),
            ("voltage_a_v", 0.0),
            ("voltage_v", 34_500.0),
            ("power_w", -18.0),
            ("power_1_w", 12_000.0),
            ("frequency_a_hz", 198.0),
            ("power_factor_c", 0.55),
            ("power_factor", -1.0),
            ("temperature_c", 85.0),
            ("temperature_am2301_c", -40.0),
            ("humidity_percent", 100.4),
            ("pressure_hpa", 1006.5),
            ("rssi_dbm", -61.0),
            ("distortion_percent", 300.0),
            ("energy_wh", 1e12),
            ("battery_mv", 3005.0),
            ("count", 1e300),
            ("ph", 7.1),
        ] {
            assert!(range_of(metric).is_none_or(|range| range.holds(value)), "{metric} {value}");
        }
        for (metric, value) in [
            ("voltage_v", 3_005_000.0),
            ("current_a", -1e6),
            ("power_w", 4.2e9),
            ("frequency_hz", -1.0),
            ("power_factor", 97.0),
            ("temperature_c", -127.0),
            ("temperature_ds18b20_1_c", -127.0),
            ("humidity_percent", 255.0),
            ("battery_1_percent", -60.0),
            ("ph", 21.0),
            ("slurry_ph", -4.0),
            ("co2_ppm", -1.0),
        ] {
            assert!(range_of(metric).is_some_and(|range| !range.holds(value)), "{metric} {value}");
        }
    }
}
