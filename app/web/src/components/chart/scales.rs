//! What the values of a chart are written in: one measure for each axis, whichever line needs it, and the same wherever the axis is
//! spoken of.

use vigia_domain::series::Series;

use super::Stretch;
use crate::format::{metric, scale};
use crate::i18n::Texts;

/// How the values of an axis are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Measure {
    /// What they are multiplied by.
    pub(crate) factor: f64,
    /// The unit that they then have; empty for none.
    pub(crate) unit: String,
}

impl Measure {
    /// Of lines with one unit: that of the largest value among them.
    fn of<'a>(unit: &str, lines: impl Iterator<Item = &'a Series>) -> Self {
        let largest = lines.flat_map(|line| &line.points).map(|point| point.avg.abs()).fold(0.0, f64::max);
        let (factor, unit) = scale(largest, unit);
        Self { factor, unit }
    }
}

/// The axes of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Scales {
    pub(crate) left: Measure,
    /// Only where the other metric has another unit.
    pub(crate) right: Option<Measure>,
}

impl Scales {
    pub(crate) fn of(stretch: &Stretch) -> Self {
        let Stretch { main, other, before, .. } = stretch;
        let (beside, apart): (Vec<_>, Vec<_>) = other.iter().partition(|other| other.unit == main.unit);
        let left = Measure::of(&main.unit, std::iter::once(main).chain(before).chain(beside));
        let right = apart.first().map(|other| Measure::of(&other.unit, apart.iter().copied()));
        Self { left, right }
    }

    /// The one of the other metric.
    pub(crate) fn of_other(&self) -> &Measure {
        self.right.as_ref().unwrap_or(&self.left)
    }
}

/// A line's name with its unit.
pub(crate) fn named(t: &'static Texts, name: &str, measure: &Measure) -> String {
    let name = metric(t, name);
    if measure.unit.is_empty() { name } else { format!("{name} ({})", measure.unit) }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use vigia_domain::series::Point;
    use vigia_domain::units::unit_of;

    use super::*;

    fn line(metric: &str, values: &[f64]) -> Series {
        let point = |avg: &f64| Point { at: "2026-01-01T00:00:00.000Z".into(), avg: *avg, min: *avg, max: *avg, count: 1 };
        Series { metric: metric.into(), unit: unit_of(metric).into(), points: values.iter().map(point).collect(), gaps: vec![] }
    }

    fn units(main: Series, other: Option<Series>, before: Option<Series>) -> (String, Option<String>) {
        let scales = Scales::of(&Stretch { main, other, before, from_ms: 0, to_ms: 0, now_ms: 0, causes: vec![] });
        (scales.left.unit, scales.right.map(|right| right.unit))
    }

    #[test]
    fn lines_on_one_axis_have_one_measure_and_it_is_that_of_the_largest() {
        let today = || line("power_w", &[90_000.0]);
        assert_eq!(units(today(), None, None), ("W".into(), None));
        assert_eq!(units(today(), None, Some(line("power_w", &[110_000.0]))), ("kW".into(), None));
        assert_eq!(units(today(), Some(line("power_2_w", &[-110_000.0])), None), ("kW".into(), None));
        assert_eq!(units(today(), Some(line("energy_wh", &[1_200.0])), None), ("W".into(), Some("kWh".into())));
        assert_eq!(units(line("power_w", &[]), Some(line("power_factor", &[0.9])), None), ("W".into(), Some(String::new())));
    }
}
