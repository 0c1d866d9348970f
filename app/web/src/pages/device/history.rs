//! A metric over time: a sentence, a chart that grows, and the same as a table.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::chart::{Chart, Shown};
use super::figures::FigureSet;
use super::period::Period;
use super::summary::summary;
use super::table::Table;
use super::{Stretch, ask_series};
use crate::format::{metric, span};
use crate::i18n::use_texts;
use crate::live::use_live;

#[component]
pub(super) fn History(id: String, set: FigureSet) -> impl IntoView {
    let (t, query, live) = (use_texts(), use_query_map(), use_live());
    let period = Memo::new(move |_| query.with(Period::of));
    let chosen = {
        let set = set.clone();
        Memo::new(move |_| query.with(|q| set.chosen(q.get_str("metric"))).unwrap_or_default())
    };
    let stretch = Resource::new(
        move || (chosen.get().0, period.get(), live.returns()),
        move |(metric, period, _)| ask_series(id.clone(), metric, period),
    );
    let (shown, set_shown) = signal(None::<Shown>);
    let (sentence, set_sentence) = signal(String::new());
    let label = Signal::derive(move || t.history_chart(metric(t, &chosen.get().0), sentence.get()));
    let units = set.clone();
    let bucket = move || {
        let (width, unit) = (span(t, period.get().bucket_ms()), units.shown_unit(&chosen.get().0));
        if unit.is_empty() { t.history_bucket_bare(width) } else { t.history_bucket(width, unit) }
    };
    view! {
        <section class="card history" aria-labelledby="history-title">
            <header class="history__head">
                <h2 id="history-title">
                    {move || metric(t, &chosen.get().0)}
                    <small class="muted">{bucket}</small>
                </h2>
                <PeriodPicker period chosen/>
            </header>
            <Chart shown set label/>
            <Transition>
                {move || Suspend::new(async move {
                    // Read before the wait, so that this is drawn again with them.
                    let period = period.get();
                    match stretch.await {
                        Ok(Stretch { from_ms, series }) => {
                            let text = summary(t, &series, period);
                            set_sentence.set(text.clone());
                            set_shown.set(Some(Shown { from_ms, period, series: series.clone() }));
                            view! {
                                <p class="history__summary">{text}</p>
                                <Table series period/>
                            }
                            .into_any()
                        }
                        Err(_) => view! { <p class="history__summary" role="alert">{t.fault_unavailable}</p> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn PeriodPicker(period: Memo<Period>, chosen: Memo<(String, String)>) -> impl IntoView {
    let t = use_texts();
    let choice = move |of: Period| {
        view! {
            <a href=move || format!("?metric={}&range={}", chosen.get().0, of.word()) data-noscroll="" title=of.label_long(t)
                aria-current=move || (period.get() == of).then_some("true")>{of.label(t)}</a>
        }
    };
    view! { <nav class="segments" aria-label=t.history_range>{Period::ALL.map(choice).into_iter().collect_view()}</nav> }
}
