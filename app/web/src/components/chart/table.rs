//! The chart's twin: the same data as a table, for who cannot or will not look at a curve.

use leptos::prelude::*;
use vigia_domain::gap::{Cause, Explained};
use vigia_domain::series::{Point, Series};

use super::gaps::gaps;
use super::period::Period;
use super::rhythm::{Rhythm, mean};
use super::why::{cause, told};
use super::{Shown, Stretch, at_ms};
use crate::clock::use_clock;
use crate::format::{Detail, count, metric, moment, rfc3339, span, value};
use crate::i18n::{Texts, use_texts};

/// The most rows: what is finer is put together.
const ROWS: i64 = 1_000;
/// How many stand on a page.
const PAGE: usize = 100;

enum Line {
    Data { at_ms: i64, mean: f64, min: f64, max: f64, count: u64 },
    Gap { at_ms: i64, span_ms: i64, cause: Option<Cause> },
}

impl Line {
    const fn at_ms(&self) -> i64 {
        match self {
            Self::Data { at_ms, .. } | Self::Gap { at_ms, .. } => *at_ms,
        }
    }
}

/// A column of another line of the chart.
struct Beside {
    title: String,
    series: Series,
    /// It is drawn so much later than it was.
    shift_ms: i64,
}

impl Beside {
    /// Its mean in `[from, to)`, as it is written.
    fn mean(&self, from: i64, to: i64) -> String {
        let here = |p: &&Point| (from..to).contains(&(at_ms(&p.at) + self.shift_ms));
        let (sum, n) = self.series.points.iter().filter(here).fold((0.0, 0.0), |(sum, n), p| (sum + p.avg, n + 1.0));
        // Of no point there is no mean: NaN is written as unknown.
        value(sum / n, &self.series.unit).text()
    }
}

/// How much time a row stands for.
fn row_ms(period: Period) -> i64 {
    (period.span_ms() / ROWS).max(period.bucket_ms())
}

/// Buckets put together until they are few enough, gaps between them in their place.
fn lines(series: &Series, causes: &[Explained], period: Period, each: i64) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut gaps = gaps(series, period)
        .into_iter()
        .map(|(from, to)| Line::Gap { at_ms: from, span_ms: to - from, cause: cause(causes, from) })
        .peekable();
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

/// Everything that is written in rows.
struct Rows {
    lines: Vec<Line>,
    beside: Vec<Beside>,
    unit: String,
    each: i64,
}

impl Rows {
    fn of(t: &'static Texts, shown: &Shown) -> Self {
        let (period, whole) = (shown.seen(), shown.whole);
        let Stretch { main, causes, other, before, .. } = &*shown.stretch;
        let each = row_ms(period);
        let beside = [
            other.as_ref().map(|other| Beside { title: metric(t, &other.metric), series: other.clone(), shift_ms: 0 }),
            before.as_ref().map(|before| Beside {
                title: whole.compared(t).to_owned(),
                series: before.clone(),
                shift_ms: whole.shift_ms(),
            }),
        ];
        Self { lines: lines(main, causes, period, each), beside: beside.into_iter().flatten().collect(), unit: main.unit.clone(), each }
    }

    /// Rows of a page. Numbers and our own words, so one piece of HTML does: nothing in it comes from outside.
    fn html(&self, t: &'static Texts, page: usize, local: bool) -> String {
        // Several rows of a minute would be of one time.
        let detail = if self.each < 60_000 { Detail::Second } else { Detail::Minute };
        let mut html = String::new();
        for line in self.lines.iter().skip(page * PAGE).take(PAGE) {
            let at = line.at_ms();
            let time = moment(t, at, detail, local);
            html.push_str(&format!("<tr><th scope=row><time datetime={}>{time}</time></th>", rfc3339(at)));
            match line {
                Line::Data { mean, min, max, count: n, .. } => {
                    for v in [mean, min, max] {
                        html.push_str(&format!("<td class=\"end num\">{}</td>", value(*v, &self.unit).text()));
                    }
                    html.push_str(&format!("<td class=\"end num\">{}</td>", count(*n)));
                    for beside in &self.beside {
                        html.push_str(&format!("<td class=\"end num\">{}</td>", beside.mean(at, at + self.each)));
                    }
                    html.push_str("</tr>");
                }
                Line::Gap { span_ms, cause, .. } => {
                    let cause = cause.map_or_else(String::new, |cause| format!(": {}", told(t, cause)));
                    html.push_str(&format!(
                        "<td class=gap colspan={}>{}{cause}</td></tr>",
                        4 + self.beside.len(),
                        t.history_gap_row(span(t, *span_ms))
                    ));
                }
            }
        }
        html
    }
}

/// `shown`: what is on the chart; rows come and go with it, a row's time at a time, while somebody looks. `page`: which hundred of rows, from 0, and
/// the address of each: a browser without a script turns pages, too.
#[component]
pub(crate) fn Table(shown: ArcSignal<Shown>, page: Signal<usize>, address: Callback<usize, String>) -> impl IntoView {
    let (t, clock) = (use_texts(), use_clock());
    let is_turned = page.get_untracked() > 0;
    let (is_open, set_open) = signal(is_turned);
    // Open since before this was there: opened before the page was taken over, or left open by the load before.
    let twin = NodeRef::<leptos::html::Details>::new();
    Effect::new(move || {
        if let Some(twin) = twin.get() {
            set_open.set(twin.open());
        }
    });
    // As long as nobody looks, what it was is good enough.
    let row = {
        let shown = shown.clone();
        Memo::new(move |_| is_open.get().then(|| shown.with(|shown| shown.stretch.to_ms.div_euclid(row_ms(shown.seen())))))
    };
    let rows = {
        let shown = shown.clone();
        let rows = move |_: Option<&Rows>| {
            // Read, because a memo that is only tracked never looks at what it is made of.
            let _ = row.get();
            shown.with_untracked(|shown| Rows::of(t, shown))
        };
        Memo::new_with_compare(rows, |_, _| true)
    };
    let count_all = Memo::new(move |_| rows.with(|rows| rows.lines.len()));
    // A period with fewer rows than the page that one was on: its last page.
    let page = Memo::new(move |_| page.get().min(count_all.get().saturating_sub(1) / PAGE));
    let is_long = Memo::new(move |_| count_all.get() > PAGE);
    let titles: Vec<String> = rows.with_untracked(|rows| rows.beside.iter().map(|beside| beside.title.clone()).collect());
    let html = move || {
        // As long as nobody looks, what the server wrote stays; or nothing, where the browser made the page.
        if cfg!(target_arch = "wasm32") && !is_open.get() {
            return String::new();
        }
        rows.with(|rows| rows.html(t, page.get(), clock.running()))
    };
    let caption =
        move || shown.with(|shown| t.history_caption(metric(t, &shown.stretch.main.metric), shown.seen().label_long(t, clock.running())));
    view! {
        <details class="twin" id="twin" node_ref=twin open=is_turned on:toggle=move |event| set_open.set(event_target::<leptos::web_sys::HtmlDetailsElement>(&event).open())>
            <summary>{t.history_table()}</summary>
            <div class="twin__scroll" tabindex="0" role="region" aria-label=t.history_table()>
                <table>
                    <caption>{caption}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t.history_time()}</th>
                            <th scope="col" class="end">{t.history_mean()}</th>
                            <th scope="col" class="end">{t.history_min()}</th>
                            <th scope="col" class="end">{t.history_max()}</th>
                            <th scope="col" class="end">{t.history_count()}</th>
                            {titles.into_iter().map(|title| view! { <th scope="col" class="end">{title}</th> }).collect_view()}
                        </tr>
                    </thead>
                    <tbody inner_html=html></tbody>
                </table>
            </div>
            {move || is_long.get().then(|| view! { <Turn page count_all address/> })}
        </details>
    }
}

/// The way to newer and older rows.
#[component]
fn Turn(page: Memo<usize>, count_all: Memo<usize>, address: Callback<usize, String>) -> impl IntoView {
    let t = use_texts();
    // The address changes before this is taken away, when its page is gone already.
    let page = move || page.try_get();
    // Told when somebody turns a page, and not with each row that comes.
    let told = move || {
        let (first, count_all) = (page().unwrap_or_default() * PAGE, count_all.try_get_untracked().unwrap_or_default());
        t.history_rows(count(count_all as u64), count(first as u64 + 1), count((first + PAGE).min(count_all) as u64))
    };
    let way = move |to: Option<usize>, label: &'static str| {
        to.map(|to| view! { <a class="pill" href=format!("{}#rows", address.run(to)) data-noscroll="">{label}</a> })
    };
    view! {
        <nav class="twin__turn small" id="rows" aria-label=t.history_table()>
            {move || way(page().and_then(|page| page.checked_sub(1)), t.history_newer())}
            <span class="muted num" role="status">{told}</span>
            {move || way(page().map(|page| page + 1).filter(|to| count_all.try_get().is_some_and(|all| to * PAGE < all)), t.history_older())}
        </nav>
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
        let lines = lines(&series, &[], Period::default(), 50_000);
        assert!(matches!(lines[..], [Line::Data { mean, count: 19, .. }] if (mean - 420.0).abs() < 0.1), "30 s of 100 W, 20 s of 900 W");
    }
}
