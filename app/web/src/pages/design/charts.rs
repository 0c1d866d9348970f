//! The chart with a given day: with a gap, a second axis, a comparison, values at the edges, nothing, and while it waits.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::Section;
use super::given::{self, Case};
use crate::clock::use_clock;
use crate::components::chart::period::Period;
use crate::components::chart::{Chart, Legend, Move, Shown, Table, summary};
use crate::format::metric;
use crate::i18n::{Texts, use_texts};

const fn label(case: Case, t: &'static Texts) -> &'static str {
    match case {
        Case::Gap => t.design_chart_gap(),
        Case::Two => t.design_chart_two(),
        Case::Before => t.design_chart_before(),
        Case::Odd => t.design_chart_odd(),
        Case::Empty => t.design_chart_empty(),
        Case::Loading => t.design_chart_loading(),
    }
}

#[component]
pub(super) fn Charts() -> impl IntoView {
    let (t, query) = (use_texts(), use_query_map());
    let case = Memo::new(move |_| {
        let word = query.with(|query| query.get_str("chart").unwrap_or_default().to_owned());
        Case::ALL.into_iter().find(|case| case.word() == word).unwrap_or(Case::Gap)
    });
    let choice = move |of: Case| {
        let href = format!("?chart={}#chart", of.word());
        view! { <a href=href data-noscroll="" aria-current=move || (case.get() == of).then_some("true")>{label(of, t)}</a> }
    };
    view! {
        <Section id="chart">
            <nav class="segments design__wrap" aria-label=t.design_chart_label()>{Case::ALL.map(choice)}</nav>
            {move || view! { <Drawn case=case.get()/> }}
        </Section>
    }
}

/// A chart of its own for each case. One can look closer at it; there is nobody to ask for finer points.
#[component]
fn Drawn(case: Case) -> impl IntoView {
    let (t, clock) = (use_texts(), use_clock());
    let whole = Shown { whole: given::DAY, zoom: None, stretch: Arc::new(given::stretch(case)) };
    let (shown, set_shown) = signal((case != Case::Loading).then_some(whole.clone()));
    let (moved, moves) = signal(None::<Move>);
    Effect::new(move |_| {
        let zoom = match moved.get() {
            Some(Move::Zoom(from_ms, to_ms)) => Some(Period::between(from_ms, to_ms)),
            Some(Move::Whole) => None,
            _ => return,
        };
        set_shown.update(|shown| shown.iter_mut().for_each(|shown| shown.zoom = zoom));
    });
    let told = {
        let whole = whole.clone();
        Memo::new(move |_| summary(t, &whole, clock.running()))
    };
    let name = metric(t, &whole.stretch.main.metric);
    let whole = ArcSignal::stored(whole);
    let label = {
        let name = name.clone();
        Signal::derive(move || t.history_chart(&name, told.get()))
    };
    let image = signal(0).0;
    // Each case is drawn anew, and its table begins at its first page again.
    let query = use_query_map();
    let page = Signal::from(Memo::new(move |_| query.with(|query| query.get_str("rows").and_then(|n| n.parse().ok()).unwrap_or(0))));
    let address = Callback::new(move |page: usize| format!("?chart={}&rows={page}#twin", case.word()));
    view! {
        <div class="card history">
            <h3>{name}</h3>
            <Chart shown moves label image/>
            {(case != Case::Loading).then(|| view! {
                <Legend shown=whole.clone()/>
                <p class="history__summary">{told}</p>
                <Table shown=whole.clone() page address/>
            })}
        </div>
    }
}
