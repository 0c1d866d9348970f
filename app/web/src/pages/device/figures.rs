//! The last value of every metric, large, and at the same time the choice of what the history shows.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use vigia_domain::device::{DeviceRow, Presence};
use vigia_domain::series::Latest;
use vigia_domain::units::unit_of;

use super::DeviceData;
use super::view::View;
use crate::clock::{at_ms, use_clock};
use crate::components::chart::Newest;
use crate::format::{Written, is_long, metric, value};
use crate::i18n::{Texts, use_texts};
use crate::live::{device_topic, moved, use_live};
use crate::piece::piece;

/// A metric and its moving value.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    pub(super) metric: String,
    pub(super) unit: String,
    pub(super) value: RwSignal<Option<f64>>,
}

/// What moves on the page of a device.
#[derive(Clone)]
pub(super) struct FigureSet {
    pub(super) presence: RwSignal<Presence>,
    pub(super) seen_ms: RwSignal<Option<i64>>,
    figures: RwSignal<Vec<Figure>>,
    owner: Owner,
    /// Time and values of the newest update, for the chart.
    pub(super) newest: RwSignal<Option<Newest>>,
}

impl FigureSet {
    /// Follows the device for as long as the current owner lives.
    pub(super) fn follow(row: &DeviceRow, latest: Vec<Latest>) -> Self {
        let figure = |l: Latest| Figure { metric: l.metric, unit: l.unit, value: RwSignal::new(Some(l.value)) };
        let set = Self {
            presence: RwSignal::new(row.presence),
            seen_ms: RwSignal::new(row.seen_ms),
            figures: RwSignal::new(latest.into_iter().map(figure).collect()),
            owner: Owner::current().unwrap_or_default(),
            newest: RwSignal::new(None),
        };
        let (clock, own) = (use_clock(), set.clone());
        use_live().follow(&device_topic(&row.id), move |update| {
            if !moved(update, own.presence, own.seen_ms, clock.now_once_ms()) {
                return;
            }
            own.take(update.values.iter().map(|(metric, value)| (metric.as_str(), *value)));
            let values = update.values.iter().map(|(m, v)| (m.clone(), *v)).collect();
            own.newest.set(Some((at_ms(&update.at), values, update.seen_at.is_some())));
        });
        set
    }

    /// Shows what was asked for anew.
    pub(super) fn renew(&self, device: DeviceData) {
        self.presence.set(device.row.presence);
        self.seen_ms.set(device.row.seen_ms);
        self.take(device.latest.iter().map(|latest| (latest.metric.as_str(), latest.value)));
    }

    fn take<'a>(&self, values: impl Iterator<Item = (&'a str, f64)>) {
        let mut new = Vec::new();
        self.figures.with_untracked(|figures| {
            for (metric, value) in values {
                match figures.iter().find(|f| f.metric == metric) {
                    Some(figure) => figure.value.set(Some(value)),
                    None => new.push(Figure {
                        metric: metric.to_owned(),
                        unit: unit_of(metric).to_owned(),
                        // Lives as long as the page, not as this update.
                        value: self.owner.with(|| RwSignal::new(Some(value))),
                    }),
                }
            }
        });
        if !new.is_empty() {
            self.figures.update(|figures| figures.extend(new));
        }
    }

    /// Whether nothing was ever measured. Tracks only that, not the values.
    pub(super) fn is_empty(&self) -> bool {
        self.figures.with(Vec::is_empty)
    }

    /// Every metric, in order of importance.
    pub(super) fn metrics(&self) -> Vec<String> {
        self.figures.with(|figures| figures.iter().map(|f| f.metric.clone()).collect())
    }

    /// The metric that the history shows: the address's if the device has it, else the foremost.
    pub(super) fn chosen(&self, wanted: Option<&str>) -> Option<(String, String)> {
        self.figures.with(|figures| {
            let found = wanted.and_then(|w| figures.iter().find(|f| f.metric == w)).or(figures.first());
            found.map(|f| (f.metric.clone(), f.unit.clone()))
        })
    }
}

/// A switch's state is a word, everything else a number.
fn written(t: &Texts, metric: &str, unit: &str, v: Option<f64>) -> Written {
    let word = |word: &str| Written { number: word.to_owned(), unit: String::new() };
    match v {
        None => word("—"),
        Some(v) if metric.starts_with("output") && unit.is_empty() => word(if v == 0.0 { t.device_no() } else { t.device_yes() }),
        Some(v) => value(v, unit),
    }
}

/// One card a metric; each is a link that shows its history.
#[component]
pub(super) fn Figures(set: FigureSet) -> impl IntoView {
    let t = use_texts();
    let query = use_query_map();
    let chosen = {
        let set = set.clone();
        Memo::new(move |_| query.with(|q| set.chosen(q.get_str("metric"))).map(|(metric, _)| metric))
    };
    view! {
        <nav class="figures" aria-label=t.device_figures()>
            // All anew when a metric comes that was never there; otherwise only numbers move.
            {move || set.figures.get().into_iter().map(|figure| piece(move || view! { <Card figure chosen/> })).collect_view()}
        </nav>
    }
}

#[component]
fn Card(figure: Figure, chosen: Memo<Option<String>>) -> impl IntoView {
    let (t, query) = (use_texts(), use_query_map());
    let Figure { metric: name, unit, value } = figure;
    let label = metric(t, &name);
    let (of_href, of_current, of_text) = (name.clone(), name.clone(), name.clone());
    let href = move || View { metric: of_href.clone(), ..query.with(View::of) }.href();
    let current = move || chosen.with(|c| c.as_deref() == Some(of_current.as_str())).then_some("true");
    let text = Memo::new(move |_| {
        let w = written(t, &of_text, &unit, value.get());
        (w.number, w.unit)
    });
    view! {
        <a class="figure card" href=href data-noscroll="" aria-current=current data-metric=name>
            <span class="figure__name">{label}</span>
            <span class="figure__value">
                <span class="num" data-value="" data-long=move || text.with(|(number, _)| is_long(number))>{move || text.get().0}</span>
                " "
                <small>{move || text.get().1}</small>
            </span>
        </a>
    }
}
