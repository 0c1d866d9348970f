//! Which of a device's values stands for it in one line, and in which order its values are shown.

use std::collections::BTreeMap;

use crate::device::DeviceKind;

/// The metrics of a kind that come first, in their order.
#[must_use]
pub const fn foremost(kind: DeviceKind) -> &'static [&'static str] {
    const METER: [&str; 8] = ["power_w", "voltage_v", "current_a", "energy_wh", "power_factor", "frequency_hz", "output", "temperature_c"];
    const BIODIGESTER: [&str; 6] = ["pressure_hpa", "gas_m3", "gas_flow_m3_per_h", "temperature_c", "humidity_percent", "ph"];
    match kind {
        DeviceKind::Biodigester => &BIODIGESTER,
        DeviceKind::EnergyMeter | DeviceKind::Switch => &METER,
        DeviceKind::PillDispenser | DeviceKind::Other => &[],
    }
}

/// The order in which a device's metrics are shown: the smaller the earlier, then by name.
#[must_use]
pub fn importance(kind: DeviceKind, metric: &str) -> usize {
    let order = foremost(kind);
    order.iter().position(|known| *known == metric).unwrap_or(order.len())
}

/// What a line shows once these values came: the metric that it shows already, if it is among them; where it shows none yet, the foremost.
#[must_use]
pub fn next(kind: DeviceKind, shown: Option<&str>, values: &BTreeMap<String, f64>) -> Option<(String, f64)> {
    let metric = match shown {
        Some(metric) => metric,
        // Names are in order, so the first of those that are equally important is the first by name.
        None => values.keys().min_by_key(|metric| importance(kind, metric))?,
    };
    values.get(metric).map(|value| (metric.to_owned(), *value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_metric_and_begins_with_the_foremost() {
        let values: BTreeMap<String, f64> = [("aaa", 1.0), ("power_w", 2.0), ("pressure_hpa", 3.0), ("voltage_v", 4.0)]
            .map(|(metric, value)| (metric.to_owned(), value))
            .into();
        let next = |kind, shown| next(kind, shown, &values).map(|(metric, _)| metric);
        assert_eq!(next(DeviceKind::Switch, None).as_deref(), Some("power_w"));
        assert_eq!(next(DeviceKind::Biodigester, None).as_deref(), Some("pressure_hpa"));
        assert_eq!(next(DeviceKind::Other, None).as_deref(), Some("aaa"));
        assert_eq!(next(DeviceKind::Switch, Some("voltage_v")).as_deref(), Some("voltage_v"));
        assert_eq!(next(DeviceKind::Switch, Some("energy_wh")), None, "not among them: the line stays");
    }
}
