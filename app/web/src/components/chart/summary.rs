//! A history in one sentence.

use vigia_domain::gap::Explained;
use vigia_domain::rollup::Meaning;
use vigia_domain::series::Series;
use vigia_domain::units::{is_register, unit_of};

use super::gaps::gaps;
use super::period::Period;
use super::rhythm::{Rhythm, mean};
use super::{Shown, Stretch, at_ms, why};
use crate::format::{Detail, metric, moment, span, value};
use crate::i18n::Texts;

/// So many gaps are told each with its times.
const GAPS_TOLD: usize = 3;
/// A difference that is less than this part is none.
const SAME: f64 = 0.005;

/// Mean over time, extremes and when they were, what a power comes to, how that compares, and what is missing. `local`: times are in the
/// browser's own zone.
pub(crate) fn summary(t: &'static Texts, shown: &Shown, local: bool) -> String {
    let (stretch, period, whole): (&Stretch, _, _) = (&shown.stretch, shown.seen(), shown.whole);
    let mut text = told(t, &stretch.main, &stretch.causes, period, local);
    if let Some(more) = stretch.before.as_ref().and_then(|before| compared(t, &stretch.main, before, period, whole.compared(t))) {
        text.push(' ');
        text.push_str(&more);
    }
    if let Some(other) = &stretch.other {
        text.push_str(&format!(" {}: {}", metric(t, &other.metric), told(t, other, &[], period, local)));
    }
    text
}

fn told(t: &'static Texts, series: &Series, causes: &[Explained], period: Period, local: bool) -> String {
    let points = &series.points;
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return t.history_empty(metric(t, &series.metric).to_lowercase());
    };
    let write = |v| value(v, &series.unit).text();
    let range = period.label_long(t, local);
    // The mean of a register says nothing; what it grew by is what was used, unless it was set back meanwhile.
    let told = if is_rising(series) {
        t.history_rise(write(first.min), range, write(last.max - first.min), write(last.max))
    } else {
        let highest = points.iter().fold(first, |one, two| if two.max > one.max { two } else { one });
        let min = points.iter().map(|p| p.min).fold(f64::INFINITY, f64::min);
        let spans = Rhythm::of(series, period).spans();
        let when = clock(t, at_ms(&highest.at), period, local);
        let told = t.history_summary(write(highest.max), write(mean(points, &spans)), write(min), range, when);
        match energy(series, &spans) {
            Some((amount, unit)) => format!("{told} {}", t.history_energy(value(amount, unit).text())),
            None => told,
        }
    };
    let missing = gaps(series, period);
    if missing.is_empty() {
        return format!("{told} {}", t.history_whole());
    }
    let mut times: Vec<_> = missing
        .iter()
        .take(GAPS_TOLD)
        .map(|(from, to)| {
            let times = t.history_gap_times(clock(t, *from, period, local), clock(t, *to, period, local));
            why::cause(causes, *from).map_or_else(|| times.clone(), |cause| format!("{times}: {}", why::told(t, cause)))
        })
        .collect();
    if missing.len() > GAPS_TOLD {
        times.push("…".to_owned());
    }
    let whole = missing.iter().map(|(from, to)| to - from).sum();
    format!("{told} {}", t.history_gaps(missing.len() as u64, span(t, whole), times.join("; ")))
}

fn is_rising(series: &Series) -> bool {
    let points = &series.points;
    let ends = points.first().zip(points.last());
    is_register(&series.metric)
        && points.windows(2).all(|pair| pair[0].min <= pair[1].max)
        && ends.is_some_and(|(first, last)| first.min <= last.max)
}

/// A time of day where the period has only one of each, with its date in a longer one.
fn clock(t: &Texts, at_ms: i64, period: Period, local: bool) -> String {
    moment(t, at_ms, if period.span_ms() <= 86_400_000 { Detail::Time } else { Detail::Minute }, local)
}

/// What a power or a flow comes to while its values stand, Wh or m³. A silence is not counted.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of years")]
fn energy(series: &Series, spans: &[i64]) -> Option<(f64, &'static str)> {
    let Meaning::Rate { factor } = Meaning::of(&series.metric) else { return None };
    let unit = if unit_of(&series.metric) == "m³/h" { "m³" } else { "Wh" };
    let hours = |ms: i64| ms as f64 / 3_600_000.0;
    Some((series.points.iter().zip(spans).map(|(p, span)| p.avg * factor * hours(*span)).sum(), unit))
}

/// How much more or less than before: of a register what it grew by, of everything else the mean.
fn compared(t: &'static Texts, series: &Series, before: &Series, period: Period, than: &'static str) -> Option<String> {
    let amount = |series: &Series| match (series.points.first(), series.points.last()) {
        (Some(first), Some(last)) if is_rising(series) => Some(last.max - first.min),
        (Some(_), _) => Some(mean(&series.points, &Rhythm::of(series, period).spans())),
        _ => None,
    };
    let Some(past) = amount(before) else { return Some(t.history_compared_none(than)) };
    let part = (amount(series)? - past) / past.abs();
    // A part of nothing says nothing.
    if !part.is_finite() {
        return None;
    }
    let percent = value((part * 100.0).abs(), "%").text();
    Some(match part {
        _ if part.abs() < SAME => t.history_compared_same(than),
        _ if part > 0.0 => t.history_compared_more(percent, than),
        _ => t.history_compared_less(percent, than),
    })
}

#[cfg(test)]
mod tests {
    use vigia_domain::gap::Cause;
    use vigia_domain::series::{Gap, Point};

    use super::*;
    use crate::i18n::{EN, ES};

    fn point(at: &str, avg: f64, count: u64) -> Point {
        Point { at: format!("2025-01-11T14:{at}.000Z"), avg, min: avg - 1.0, max: avg + 1.0, count }
    }

    fn worded(metric: &str, points: &[Point]) -> String {
        let unit = vigia_domain::units::unit_of(metric).to_owned();
        let series = Series { metric: metric.to_owned(), unit, points: points.to_vec(), gaps: vec![] };
        told(&EN, &series, &[], Period::default(), false).replace('\u{a0}', " ")
    }

    #[test]
    fn the_mean_is_that_of_the_time_and_gaps_are_counted() {
        let gap = Gap { from: "2025-01-11T14:38:00.000Z".into(), to: "2025-01-11T14:41:20.000Z".into() };
        let points = vec![point("00:00", 100.0, 3), point("00:10", 200.0, 1)];
        let series = Series { metric: "power_w".into(), unit: "W".into(), points, gaps: vec![gap] };
        assert_eq!(
            told(&ES, &series, &[], Period::default(), false).replace('\u{a0}', " "),
            "La última hora: promedio en el tiempo 150 W, máximo 201 W (14:00 UTC), mínimo 99.0 W. Son 0.83 Wh. Falta 1 tramo de datos, 3 min 20 s en total (14:38 UTC a 14:41 UTC)."
        );
        let causes = [Explained { from_ms: at_ms("2025-01-11T14:38:00.000Z"), cause: Cause::Clock { messages: 1 } }];
        let text = told(&EN, &series, &causes, Period::default(), false);
        assert!(text.ends_with("(14:38 UTC to 14:41 UTC: 1 message was set aside for its wrong time)."), "{text}");
        let text = worded("power_w", &series.points[..1]);
        assert!(text.ends_with("No gaps."), "{text}");
        assert_eq!(worded("power_w", &[]), "No reading of power came in this period.");
    }

    #[test]
    fn what_was_before_is_told_as_a_part_of_it() {
        let series = |metric: &str, avg: f64| Series {
            metric: metric.into(),
            unit: String::new(),
            points: vec![point("00:00", avg, 1)],
            gaps: vec![],
        };
        let of = |now, before| {
            compared(&EN, &series("power_w", now), &series("power_w", before), Period::default(), Period::default().compared(&EN))
                .map(|t| t.replace('\u{a0}', " "))
        };
        assert_eq!(of(112.0, 100.0).as_deref(), Some("That is 12 % more than a day before."));
        assert_eq!(of(50.0, 100.0).as_deref(), Some("That is 50 % less than a day before."));
        assert_eq!(of(100.1, 100.0).as_deref(), Some("That is about as much as a day before."));
        assert_eq!(of(5.0, 0.0), None);
        let none = Series { metric: "power_w".into(), unit: "W".into(), points: vec![], gaps: vec![] };
        assert_eq!(
            compared(&EN, &series("power_w", 1.0), &none, Period::default(), Period::default().compared(&EN)).as_deref(),
            Some("There is nothing of a day before to compare with.")
        );
    }

    #[test]
    fn a_device_that_talks_more_while_it_uses_much_does_not_use_more() {
        let mut points: Vec<_> = (0..10).map(|minute| point(&format!("{minute:02}:00"), 100.0, 1)).collect();
        points.extend((0..6).map(|n| point(&format!("10:{n}0"), 1600.0, 10)));
        points.extend((11..16).map(|minute| point(&format!("{minute}:00"), 100.0, 1)));
        let text = worded("power_w", &points);
        assert!(text.starts_with("The last hour: mean over time 194 W, highest 1,601 W"), "one minute of sixteen: {text}");
    }

    #[test]
    fn only_of_a_register_that_was_not_set_back_its_growth_is_told() {
        let rising = [point("00:00", 5001.0, 1), point("00:10", 6499.0, 1)];
        assert!(worded("energy_wh", &rising).starts_with("The last hour: 1.5 kWh more, from 5.0 kWh to 6.5 kWh."));
        let falling = [point("00:00", 38.0, 1), point("00:10", 9.0, 1)];
        for (metric, points) in [("sub1_wh", &rising), ("energy_today_wh", &rising), ("energy_wh", &falling)] {
            let text = worded(metric, points);
            assert!(text.starts_with("The last hour: mean over time "), "{metric}: {text}");
        }
    }
}
