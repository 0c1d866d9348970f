//! A metric over time: a sentence, a chart that grows, and the same as a table.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};

use super::ask_series;
use super::figures::FigureSet;
use super::own::OwnPeriod;
use super::second::SecondMetric;
use super::view::View;
use crate::clock::{Clock, use_clock};
use crate::components::chart::period::{Period, Range};
use crate::components::chart::{Chart, Going, ImageButton, Legend, Move, OwnZone, Scales, Shown, Stretch, Table, csv_address, summary};
use crate::components::icon::{Icon, Shape};
use crate::format::{metric, span, zone};
use crate::i18n::use_texts;
use crate::live::use_live;
use crate::piece::piece;

/// The id of the line that says whose hours stand there.
const ZONE: &str = "history-zone";

#[component]
pub(super) fn History(id: String, set: FigureSet) -> impl IntoView {
    let (t, query, live, clock) = (use_texts(), use_query_map(), use_live(), use_clock());
    let view = {
        let set = set.clone();
        Memo::new(move |_| query.with(View::of).known(&set))
    };
    // Which page of the table: no matter of what is asked of the server, so it stands beside the view.
    let page =
        Memo::new(move |_| query.with(|query| query.get_str("rows").and_then(|n| n.parse().ok()).unwrap_or(1_usize).saturating_sub(1)));
    let page = Signal::from(page);
    let address = Callback::new(move |to: usize| {
        let view = view.get();
        if to == 0 { view.href() } else { format!("{}&rows={}", view.href(), to + 1) }
    });
    let stretch = {
        let id = id.clone();
        Resource::new(move || (view.get(), live.returns()), move |(view, _)| ask_series(id.clone(), view))
    };
    let moves = go(view, move || stretch.refetch());
    let going = Going::new();
    going.follow(set.newest, again(id.clone(), view, going));
    let (is_away, set_away) = signal(false);
    let (sentence, set_sentence) = signal(String::new());
    let compared = set.clone();
    let label = Signal::derive(move || t.history_chart(metric(t, &view.get().metric), sentence.get()));
    let (image, want_image) = signal(0_u32);
    let own = OwnZone::unknown();
    own.ask_when_seen(ZONE);
    // Whoever wants the file gets it up to this moment.
    let (wanted, want) = signal(0_u32);
    let want_csv = move || {
        own.ask();
        want.update(|times| *times += 1);
    };
    let file = csv(view, id, own, going.shown(), wanted);
    // The unit is that of the axis, whatever the value of this moment would be written in.
    let bucket = move || {
        Suspend::new(async move {
            view.track();
            let loaded = stretch.await;
            let view = view.try_get_untracked()?;
            let first = loaded.ok().map(|stretch| shown(&view, stretch))?;
            let (width, now) = (span(t, first.seen().bucket_ms()), going.since(first));
            let unit = Memo::new(move |_| now.with(|now| Scales::of(&now.stretch).left.unit));
            Some(move || unit.with(|unit| if unit.is_empty() { t.history_bucket_bare(&width) } else { t.history_bucket(&width, unit) }))
        })
    };
    view! {
        <section class="card history" aria-labelledby="history-title">
            <header class="history__head">
                <h2 id="history-title">
                    {move || metric(t, &view.get().metric)}
                    <small class="muted"><Transition>{bucket}</Transition></small>
                </h2>
                {piece(move || view! { <Periods view/> })}
            </header>
            {piece(move || view! {
                <div class="history__tools">
                    {piece(move || view! { <OwnPeriod view moves/> })}
                    <Comparison view/>
                    {piece(move || view! { <SecondMetric view set=compared/> })}
                    <span class="history__out">
                        <a class="pill" href="#twin" data-noscroll="">{t.history_table_short()}</a>
                        <a class="pill" href=file rel="external" title=t.history_csv_long()
                            on:pointerdown=move |_| want_csv() on:click=move |_| want_csv()>{t.history_csv()}</a>
                        <ImageButton image=want_image/>
                    </span>
                </div>
            })}
            // The curve of another period would be a lie below this one's name. It is walked, as the tools are, before what is told below: they begin with
            // what the server has shown, and what is told then changes them.
            {piece(move || view! { <div hidden=move || is_away.get()><Chart shown=going.shown() moves label image/></div> })}
            <p class="history__zone muted small" id=ZONE>{move || t.history_zone(hours(view.get().seen(), clock, own))}</p>
            {piece(move || view! {
                <div class="history__told">
                    <Transition>
                        {move || Suspend::new(async move {
                            // Before the wait, so that this is drawn again with it; and what it is after that, for whoever has gone on meanwhile
                            // waits here with the others and gets what came last.
                            view.track();
                            let loaded = stretch.await;
                            let Some(view) = view.try_get_untracked() else { return ().into_any() };
                            match loaded {
                                Ok(stretch) => {
                                    let first = shown(&view, stretch);
                                    let now = going.since(first.clone());
                                    set_away.set(false);
                                    going.arrive(first);
                                    let told = {
                                        let now = now.clone();
                                        Memo::new(move |_| now.with(|now| summary(t, now, clock.running())))
                                    };
                                    Effect::new(move |_| set_sentence.set(told.get()));
                                    view! {
                                        <Legend shown=now.clone()/>
                                        <p class="history__summary">{told}</p>
                                        {piece(move || view! { <Table shown=now page address/> })}
                                    }
                                    .into_any()
                                }
                                Err(fault) => {
                                    set_away.set(true);
                                    view! {
                                    <p class="history__summary" role="alert">
                                        {fault.whole_text(t)} " "
                                        <button class="pill scripted" r#type="button" on:click=move |_| stretch.refetch()>{t.page_again}</button>
                                    </p>
                                    }
                                    .into_any()
                                }
                            }
                        })}
                    </Transition>
                </div>
            })}
        </section>
    }
}

/// A load as the chart has it.
fn shown(view: &View, stretch: Stretch) -> Shown {
    Shown { whole: view.period, zoom: view.zoom, stretch: Arc::new(stretch) }
}

/// Asks for what is shown once more, beside what stands there: nothing is taken away for it, and what does not come is not missed.
fn again(id: String, view: Memo<View>, going: Going) -> impl Fn() {
    move || {
        let (Some(wanted), id) = (view.try_get_untracked(), id.clone()) else { return };
        leptos::task::spawn_local(async move {
            let loaded = ask_series(id, wanted.clone()).await;
            if let (Ok(stretch), true) = (loaded, view.try_get_untracked().as_ref() == Some(&wanted)) {
                going.arrive(shown(&wanted, stretch));
            }
        });
    }
}

/// Whose hours stand on the chart: UTC as the server makes it, then the browser's own, by the zone's name and how far it is from UTC at the end of what is seen.
fn hours(seen: Period, clock: Clock, own: OwnZone) -> String {
    let far = zone(seen.edges(clock.now_once_ms()).1, clock.running());
    match own.get().filter(|name| clock.running() && *name != far) {
        Some(name) => format!("{name} ({far})"),
        None => far,
    }
}

/// Goes where the chart and the form say. An own period that is shown already is asked for `again`: it may not have come.
fn go(view: Memo<View>, again: impl Fn() + 'static) -> WriteSignal<Option<Move>> {
    let (moved, moves) = signal(None::<Move>);
    let (navigate, path, clock) = (use_navigate(), use_location().pathname, use_clock());
    Effect::new(move |_| {
        let Some(to) = moved.get() else { return };
        let now = view.get_untracked();
        if matches!(to, Move::Own(..)) && now.after(to, clock.now_once_ms()).is_some_and(|next| next == now) {
            return again();
        }
        if let Some(next) = now.after(to, clock.now_once_ms()).filter(|next| *next != now) {
            // Every step of a pinch would be one of the way back.
            let replace = now.zoom.is_some() && next.zoom.is_some();
            let options = NavigateOptions { replace, scroll: false, ..NavigateOptions::default() };
            navigate(&format!("{}{}", path.get_untracked(), next.href()), options);
        }
    });
    moves
}

/// The ranges, and the way to what lies before and after.
#[component]
fn Periods(view: Memo<View>) -> impl IntoView {
    let (t, clock) = (use_texts(), use_clock());
    let choice = move |of: Range| {
        view! {
            <a href=move || view.get().over(Period::Last(of)).href() data-noscroll="" title=of.label_long(t)
                aria-current=move || (view.get().period == Period::Last(of)).then_some("true")>{of.label(t)}</a>
        }
    };
    // A page may stand open for hours: what lies before now moves with it.
    let minute = Memo::new(move |_| clock.now_ms() / 60_000);
    let at = move |to: Move| {
        minute.track();
        view.get().after(to, clock.now_once_ms()).map(|view| view.href())
    };
    view! {
        <div class="periods">
            <a class="periods__step" href=move || at(Move::Earlier) data-noscroll="" aria-label=t.history_earlier() title=t.history_earlier()>
                <Icon shape=Shape::Back/>
            </a>
            <nav class="segments" aria-label=t.history_range()>{Range::ALL.map(choice).into_iter().collect_view()}</nav>
            // Where nothing comes after there is no way there, but its room stays.
            <a class="periods__step periods__step--later" href=move || at(Move::Later) data-noscroll="" aria-label=t.history_later() title=t.history_later()
                class:periods__step--none=move || at(Move::Later).is_none() aria-hidden=move || at(Move::Later).is_none().then_some("true")>
                <Icon shape=Shape::Back/>
            </a>
        </div>
    }
}

/// Its own past behind it, and the way back from a part to the whole.
#[component]
fn Comparison(view: Memo<View>) -> impl IntoView {
    let t = use_texts();
    let href = move || {
        let view = view.get();
        View { compare: !view.compare, ..view }.href()
    };
    view! {
        <a class="pill" href=href data-noscroll="" aria-current=move || view.get().compare.then_some("true")>
            {move || t.history_compare(view.get().period.compared(t))}
        </a>
        {move || {
            let view = view.get();
            view.zoom.map(|_| view! {
                <a class="pill pill--strong" href=view.over(view.period).href() data-noscroll="" data-whole="">{t.history_whole_period()}</a>
            })
        }}
    }
}

/// Every reading of what is seen. Where it ends now the address moves with each minute and each time that it is `wanted`; now is later than the
/// page's own, if the clock of the device is ahead of it.
fn csv(
    view: Memo<View>,
    id: String,
    own: OwnZone,
    shown: ReadSignal<Option<Shown>>,
    wanted: ReadSignal<u32>,
) -> impl Fn() -> String + Clone + Send + Sync + 'static {
    let clock = use_clock();
    let minute = Memo::new(move |_| clock.now_ms() / 60_000);
    move || {
        minute.track();
        wanted.track();
        let view = view.get();
        let metrics: Vec<&str> = std::iter::once(view.metric.as_str()).chain(view.other.as_deref()).collect();
        let now_ms = shown.with_untracked(|shown| now_ms(shown.as_ref(), view.seen(), clock.now_once_ms()));
        csv_address(&id, &metrics, view.seen().around(now_ms), own.get().as_deref())
    }
}

/// Now, by the clock of the page or by what is shown of this very period, whichever is later.
fn now_ms(shown: Option<&Shown>, seen: Period, page_ms: i64) -> i64 {
    shown.filter(|shown| shown.seen() == seen).map_or(page_ms, |shown| shown.stretch.now_ms.max(page_ms))
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use vigia_domain::series::Series;

    use super::*;

    #[test]
    fn the_file_ends_where_the_chart_does_whichever_clock_is_ahead() {
        let page_ms = 1_773_513_000_000;
        for range in Range::ALL {
            let seen = Period::Last(range);
            for device_ms in [page_ms - 300_000, page_ms, page_ms + 300_000] {
                let main = Series { metric: "power_w".into(), unit: "W".into(), points: vec![], gaps: vec![] };
                let (from_ms, to_ms) = seen.around(device_ms);
                let stretch = Stretch { from_ms, to_ms, now_ms: device_ms, main, causes: vec![], other: None, before: None };
                let shown = Shown { whole: seen, zoom: None, stretch: Arc::new(stretch) };
                assert_eq!(now_ms(Some(&shown), seen, page_ms), device_ms.max(page_ms), "{range:?}");
                let other = Period::between(page_ms, page_ms + 1_000);
                assert_eq!(now_ms(Some(&shown), other, page_ms), page_ms, "what is shown is of another period");
            }
        }
        assert_eq!(now_ms(None, Period::default(), page_ms), page_ms);
    }
}
