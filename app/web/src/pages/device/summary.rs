//! A history in one sentence.

use vigia_domain::series::Series;
use vigia_domain::units::is_register;

use super::gaps::gaps;
use super::period::Period;
use super::rhythm::{Rhythm, mean};
use crate::format::{metric, span, value};
use crate::i18n::Texts;

/// Mean over time, extremes, and what is missing.
pub(super) fn summary(t: &'static Texts, series: &Series, period: Period) -> String {
    let points = &series.points;
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return t.history_empty(metric(t, &series.metric).to_lowercase());
    };
    let write = |v| value(v, &series.unit).text();
    // The mean of a register says nothing; what it grew by is what was used, unless it was set back meanwhile.
    let told = if is_register(&series.metric) && points.windows(2).all(|pair| pair[0].min <= pair[1].max) && first.min <= last.max {
        t.history_rise(write(first.min), period.label_long(t), write(last.max - first.min), write(last.max))
    } else {
        let max = points.iter().map(|p| p.max).fold(f64::NEG_INFINITY, f64::max);
        let min = points.iter().map(|p| p.min).fold(f64::INFINITY, f64::min);
        let mean = mean(points, &Rhythm::of(series, period).spans());
        t.history_summary(write(max), write(mean), write(min), period.label_long(t))
    };
    let missing: Vec<i64> = gaps(series, period).into_iter().map(|(from, to)| to - from).collect();
    let gaps =
        if missing.is_empty() { t.history_whole.to_owned() } else { t.history_gaps(missing.len() as u64, span(t, missing.iter().sum())) };
    format!("{told} {gaps}")
}

#[cfg(test)]
mod tests {
    use vigia_domain::series::{Gap, Point};

    use super::*;
    use crate::i18n::{EN, ES};

    fn point(at: &str, avg: f64, count: u64) -> Point {
        Point { at: format!("2025-01-11T14:{at}.000Z"), avg, min: avg - 1.0, max: avg + 1.0, count }
    }

    fn told(metric: &str, points: &[Point]) -> String {
        let unit = vigia_domain::units::unit_of(metric).to_owned();
        let series = Series { metric: metric.to_owned(), unit, points: points.to_vec(), gaps: vec![] };
        summary(&EN, &series, Period::Hour).replace('\u{a0}', " ")
    }

    #[test]
    fn the_mean_is_that_of_the_time_and_gaps_are_counted() {
        let gap = Gap { from: "2025-01-11T14:38:00.000Z".into(), to: "2025-01-11T14:41:20.000Z".into() };
        let points = vec![point("00:00", 100.0, 3), point("00:10", 200.0, 1)];
        let series = Series { metric: "power_w".into(), unit: "W".into(), points, gaps: vec![gap] };
        assert_eq!(
            summary(&ES, &series, Period::Hour).replace('\u{a0}', " "),
            "La última hora: promedio en el tiempo 150 W, máximo 201 W, mínimo 99.0 W. Falta 1 tramo de datos, 3 min 20 s en total."
        );
        let text = told("power_w", &series.points[..1]);
        assert!(text.ends_with("No gaps."), "{text}");
        assert_eq!(told("power_w", &[]), "No reading of power came in this period.");
    }

    #[test]
    fn a_device_that_talks_more_while_it_uses_much_does_not_use_more() {
        let mut points: Vec<_> = (0..10).map(|minute| point(&format!("{minute:02}:00"), 100.0, 1)).collect();
        points.extend((0..6).map(|n| point(&format!("10:{n}0"), 1600.0, 10)));
        points.extend((11..16).map(|minute| point(&format!("{minute}:00"), 100.0, 1)));
        let text = told("power_w", &points);
        assert!(text.starts_with("The last hour: mean over time 194 W, highest 1,601 W"), "one minute of sixteen: {text}");
    }

    #[test]
    fn only_of_a_register_that_was_not_set_back_its_growth_is_told() {
        let rising = [point("00:00", 5001.0, 1), point("00:10", 6499.0, 1)];
        assert!(told("energy_wh", &rising).starts_with("The last hour: 1.5 kWh more, from 5.0 kWh to 6.5 kWh."));
        let falling = [point("00:00", 38.0, 1), point("00:10", 9.0, 1)];
        for (metric, points) in [("sub1_wh", &rising), ("energy_today_wh", &rising), ("energy_wh", &falling)] {
            let text = told(metric, points);
            assert!(text.starts_with("The last hour: mean over time "), "{metric}: {text}");
        }
    }
}
