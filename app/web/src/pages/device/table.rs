//! The chart's twin: the same data as a table, for who cannot or will not look at a curve.

use leptos::prelude::*;
use vigia_domain::series::{Point, Series};

use super::gaps::gaps;
use super::period::Period;
use crate::clock::at_ms;
use crate::components::moment::Moment;
use crate::format::{Detail, count, metric, span, value};
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
    let mut points = series.points.as_slice();
    while let Some(first) = points.first() {
        let start = at_ms(&first.at);
        let end = points.iter().position(|p| at_ms(&p.at) >= start + each).unwrap_or(points.len());
        let (group, rest) = points.split_at(end);
        while let Some(gap) = gaps.next_if(|gap| gap.at_ms() < start) {
            lines.push(gap);
        }
        lines.push(together(start, group));
        points = rest;
    }
    lines.extend(gaps);
    // Newest first, as everywhere in lists.
    lines.reverse();
    lines
}

fn together(at_ms: i64, group: &[Point]) -> Line {
    let count: u64 = group.iter().map(|p| p.count).sum();
    #[expect(clippy::cast_precision_loss, reason = "counts of readings in a week")]
    let mean = group.iter().map(|p| p.avg * p.count as f64).sum::<f64>() / (count.max(1)) as f64;
    let min = group.iter().map(|p| p.min).fold(f64::INFINITY, f64::min);
    let max = group.iter().map(|p| p.max).fold(f64::NEG_INFINITY, f64::max);
    Line::Data { at_ms, mean, min, max, count }
}

#[component]
pub(super) fn Table(series: Series, period: Period) -> impl IntoView {
    let t = use_texts();
    let unit = series.unit.clone();
    let rows = lines(&series, period).into_iter().map(|line| match line {
        Line::Data { at_ms, mean, min, max, count: n } => {
            let cell = |v| view! { <td class="end num">{value(v, &unit).text()}</td> };
            view! {
                <tr>
                    <th scope="row"><Moment at_ms detail=Detail::Minute/></th>
                    {cell(mean)}{cell(min)}{cell(max)}
                    <td class="end num">{count(n)}</td>
                </tr>
            }
            .into_any()
        }
        Line::Gap { at_ms, span_ms } => view! {
            <tr class="gap">
                <th scope="row"><Moment at_ms detail=Detail::Minute/></th>
                <td colspan="4">{t.history_gap_row(span(t, span_ms))}</td>
            </tr>
        }
        .into_any(),
    });
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
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </details>
    }
}
