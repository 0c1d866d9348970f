//! The chart's twin: the same data as a table, for who cannot or will not look at a curve.

use leptos::prelude::*;
use vigia_domain::series::{Point, Series};

use super::gaps::gaps;
use super::period::Period;
use super::rhythm::{Rhythm, mean};
use crate::clock::{at_ms, use_clock};
use crate::format::{Detail, count, metric, moment, rfc3339, span, value};
use crate::i18n::use_texts;

/// The most rows: more would be read by nobody.
const ROWS: usize = 72;

enum Line {
    Data { at_ms: i64, mean: f64, min: f64, max: f64, count: u64 },
    Gap { at_ms: i64, span_ms: i64 },
}

impl Line {
    const fn at_ms(&self) -> i64 {
        match self {
            Self::Data { at_ms, .. } | Self::Gap { at_ms, .. } => *at_ms,
        }
    }
}

/// Buckets put together until they are few enough, gaps between them in their place.
fn lines(series: &Series, period: Period) -> Vec<Line> {
    let each = period.span_ms() / i64::try_from(ROWS).unwrap_or(1);
    let mut lines: Vec<Line> = Vec::new();
    let mut gaps = gaps(series, period).into_iter().map(|(from, to)| Line::Gap { at_ms: from, span_ms: to - from }).peekable();
    let spans = Rhythm::of(series, period).spans();
    let (mut points, mut spans) = (series.points.as_slice(), spans.as_slice());
    while let Some(first) = points.first() {
        let start = at_ms(&first.at);
        let end = points.iter().position(|p| at_ms(&p.at) >= start + each).unwrap_or(points.len());
        let (group, rest) = points.split_at(end);
        while let Some(gap) = gaps.next_if(|gap| gap.at_ms() < start) {
            lines.push(gap);
        }
        let (long, others) = spans.split_at(end);
        lines.push(together(start, group, long));
        (points, spans) = (rest, others);
    }
    lines.extend(gaps);
    // Newest first, as everywhere in lists.
    lines.reverse();
    lines
}

fn together(at_ms: i64, group: &[Point], spans: &[i64]) -> Line {
    let (count, mean) = (group.iter().map(|p| p.count).sum(), mean(group, spans));
    let min = group.iter().map(|p| p.min).fold(f64::INFINITY, f64::min);
    let max = group.iter().map(|p| p.max).fold(f64::NEG_INFINITY, f64::max);
    Line::Data { at_ms, mean, min, max, count }
}

#[component]
pub(super) fn Table(series: Series, period: Period) -> impl IntoView {
    let t = use_texts();
    let unit = series.unit.clone();
    let (lines, clock) = (lines(&series, period), use_clock());
    // Numbers and our own words, so one piece of HTML does: nothing in it comes from outside.
    let rows = move || {
        let local = clock.running();
        let mut html = String::new();
        for line in &lines {
            let at = line.at_ms();
            let time = moment(at, Detail::Minute, local);
            html.push_str(&format!("<tr><th scope=row><time datetime={}>{time}</time></th>", rfc3339(at)));
            match line {
                Line::Data { mean, min, max, count: n, .. } => {
                    for v in [mean, min, max] {
                        html.push_str(&format!("<td class=\"end num\">{}</td>", value(*v, &unit).text()));
                    }
                    html.push_str(&format!("<td class=\"end num\">{}</td></tr>", count(*n)));
                }
                Line::Gap { span_ms, .. } => {
                    html.push_str(&format!("<td class=gap colspan=4>{}</td></tr>", t.history_gap_row(span(t, *span_ms))));
                }
            }
        }
        html
    };
    view! {
        <details class="twin">
            <summary>{t.history_table}</summary>
            <div class="twin__scroll" tabindex="0" role="region" aria-label=t.history_table>
                <table>
                    <caption>{t.history_caption(metric(t, &series.metric), period.label_long(t))}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t.history_time}</th>
                            <th scope="col" class="end">{t.history_mean}</th>
                            <th scope="col" class="end">{t.history_min}</th>
                            <th scope="col" class="end">{t.history_max}</th>
                            <th scope="col" class="end">{t.history_count}</th>
                        </tr>
                    </thead>
                    <tbody inner_html=rows></tbody>
                </table>
            </div>
        </details>
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use vigia_domain::time::to_text;

    use super::*;

    #[test]
    fn a_lines_mean_is_that_of_its_time() {
        let point = |at: i64, avg, count| Point { at: to_text(at), avg, min: avg, max: avg, count };
        // Nothing new for 30 s, then a busy bucket.
        let points = vec![point(0, 100.0, 1), point(30_000, 900.0, 9), point(40_000, 900.0, 9)];
        let series = Series { metric: "power_w".into(), unit: "W".into(), points, gaps: vec![] };
        let lines = lines(&series, Period::Hour);
        assert!(matches!(lines[..], [Line::Data { mean, count: 19, .. }] if (mean - 420.0).abs() < 0.1), "30 s of 100 W, 20 s of 900 W");
    }
}
