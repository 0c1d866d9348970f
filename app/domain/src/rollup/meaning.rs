//! What a metric's values mean for consumption, read from its standard name.

use crate::units;

/// How values of a metric become an amount.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Meaning {
    /// Only a value: a voltage, a temperature.
    Gauge,
    /// A rate: what it holds until the next value is an amount. The factor makes watts (or m³/h) of it.
    Rate {
        /// From the metric's unit to W or m³/h.
        factor: f64,
    },
    /// A register that only grows: its differences are amounts. The factor makes watt-hours (or m³) of it.
    Register {
        /// From the metric's unit to Wh or m³.
        factor: f64,
    },
}

/// Words in the names of counts that start anew each day: not registers.
const PERIODIC: [&str; 4] = ["today", "yesterday", "period", "daily"];

impl Meaning {
    /// The meaning of a standard name.
    ///
    /// ```
    /// use vigia_domain::rollup::Meaning;
    /// assert_eq!(Meaning::of("power_w"), Meaning::Rate { factor: 1.0 });
    /// assert_eq!(Meaning::of("energy_kwh"), Meaning::Register { factor: 1000.0 });
    /// assert_eq!(Meaning::of("energy_today_kwh"), Meaning::Gauge);
    /// assert_eq!(Meaning::of("voltage_v"), Meaning::Gauge);
    /// ```
    #[must_use]
    pub fn of(metric: &str) -> Self {
        let total = metric.contains("total");
        match units::unit_of(metric) {
            "W" => Self::Rate { factor: 1.0 },
            "kW" => Self::Rate { factor: 1_000.0 },
            "m³/h" => Self::Rate { factor: 1.0 },
            _ if PERIODIC.iter().any(|word| metric.contains(word)) => Self::Gauge,
            "Wh" => Self::Register { factor: 1.0 },
            "kWh" => Self::Register { factor: 1_000.0 },
            "mWh" => Self::Register { factor: 0.001 },
            "m³" if total => Self::Register { factor: 1.0 },
            "L" if total => Self::Register { factor: 0.001 },
            _ => Self::Gauge,
        }
    }
}
