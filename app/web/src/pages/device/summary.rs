//! A history in one sentence.

use vigia_domain::series::{Point, Series};

use super::gaps::gaps;
use super::period::Period;
use crate::format::{metric, span, value};
use crate::i18n::Texts;

/// Mean by readings, extremes, and what is missing.
pub(super) fn summary(t: &'static Texts, series: &Series, period: Period) -> String {
    let points = &series.points;
    let readings: u64 = points.iter().map(|p| p.count).sum();
    if readings == 0 {
        return t.history_empty(metric(t, &series.metric).to_lowercase());
    }
    let write = |v| value(v, &series.unit).text();
    let told = match (points.first(), points.last()) {
        // A register only ever counts up: its mean says nothing, what it grew by is what was used.
        (Some(first), Some(last)) if matches!(series.unit.as_str(), "Wh" | "kWh" | "varh" | "m³") => {
            t.history_rise(write(first.min), period.label_long(t), write(last.max - first.min), write(last.max))
        }
        _ => told_of_curve(t, points, readings, period, write),
    };
    let missing: Vec<i64> = gaps(series, period).into_iter().map(|(from, to)| to - from).collect();
    let gaps =
        if missing.is_empty() { t.history_whole.to_owned() } else { t.history_gaps(missing.len() as u64, span(t, missing.iter().sum())) };
    format!("{told} {gaps}")
}

fn told_of_curve(t: &'static Texts, points: &[Point], readings: u64, period: Period, write: impl Fn(f64) -> String) -> String {
    #[expect(clippy::cast_precision_loss, reason = "counts of readings in a week")]
    let mean = points.iter().map(|p| p.avg * p.count as f64).sum::<f64>() / readings as f64;
    let max = points.iter().map(|p| p.max).fold(f64::NEG_INFINITY, f64::max);
    let min = points.iter().map(|p| p.min).fold(f64::INFINITY, f64::min);
    t.history_summary(write(max), write(mean), write(min), period.label_long(t))
}

#[cfg(test)]
mod tests {
    use vigia_domain::series::Gap;

    use super::*;
    use crate::i18n::{EN, ES};

    fn point(avg: f64, count: u64) -> Point {
        Point { at: "2025-01-11T14:00:00.000Z".into(), avg, min: avg - 1.0, max: avg + 1.0, count }
    }

    #[test]
    fn the_mean_is_weighed_and_gaps_are_counted() {
        let gap = Gap { from: "2025-01-11T14:38:00.000Z".into(), to: "2025-01-11T14:41:20.000Z".into() };
        let series = |points, gaps| Series { metric: "power_w".into(), unit: "W".into(), points, gaps };
        let text = summary(&ES, &series(vec![point(100.0, 3), point(200.0, 1)], vec![gap]), Period::Hour);
        assert_eq!(
            text.replace('\u{a0}', " "),
            "La última hora: promedio 125 W, máximo 201 W, mínimo 99.0 W. Falta 1 tramo de datos, 3 min 20 s en total."
        );
        let text = summary(&EN, &series(vec![point(100.0, 3)], vec![]), Period::Day);
        assert!(text.ends_with("No gaps."), "{text}");
        let register = Series { unit: "Wh".into(), ..series(vec![point(5001.0, 1), point(6499.0, 1)], vec![]) };
        let text = summary(&EN, &register, Period::Day);
        assert!(text.replace('\u{a0}', " ").starts_with("The last 24 hours: 1.5 kWh more, from 5.0 kWh to 6.5 kWh."), "{text}");
        assert_eq!(summary(&EN, &series(vec![], vec![]), Period::Week), "No reading of power came in this period.");
    }
}
