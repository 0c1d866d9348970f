//! What needs attention, worst first, and how the installation does as a whole.

use std::time::Duration;

use leptos::prelude::*;
use vigia_domain::attention::{Attention, Figures};

use super::ask_attention;
use super::group::{GroupCard, TroubleCard, WaitingCard};
use crate::clock::use_clock;
use crate::components::age::Age;
use crate::components::key_figure::KeyFigure;
use crate::components::mark::Mark;
use crate::components::nav::use_counts;
use crate::components::page_head::PageHead;
use crate::components::skeleton::{Of, Skeleton};
use crate::components::title::PageTitle;
use crate::format::{Written, count, value};
use crate::i18n::use_texts;
use crate::live::load_again;
use crate::pages::devices::NoDevices;
use crate::pages::status::FaultPage;
use crate::piece::piece;

/// How often an open page asks again.
const AGAIN: Duration = Duration::from_secs(15);

#[component]
pub(super) fn AttentionPage() -> impl IntoView {
    let t = use_texts();
    let attention = Resource::new(|| (), |()| ask_attention());
    view! {
        <PageTitle page=t.nav_attention/>
        <Transition fallback=|| view! { <Skeleton of=Of::Board/> }>
            {move || Suspend::new(async move {
                match attention.await {
                    Ok(attention) if attention == nothing(&attention) => view! { <NoDevices/> }.into_any(),
                    Ok(attention) => view! { <Board attention/> }.into_any(),
                    Err(fault) => view! { <FaultPage fault/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// An installation without anything in it, that does what this one does.
fn nothing(of: &Attention) -> Attention {
    let figures = Figures { messages_per_s: of.figures.messages_per_s, ..Figures::default() };
    Attention { figures, note: of.note.clone(), ..Attention::default() }
}

#[component]
fn Board(attention: Attention) -> impl IntoView {
    let (t, counts, clock) = (use_texts(), use_counts(), use_clock());
    let now = RwSignal::new(attention);
    // Of when it is, once it is old: the line is down.
    let (known_ms, old_ms) = (StoredValue::new(clock.now_once_ms()), RwSignal::new(None::<i64>));
    Effect::new(move || {
        let again = move || {
            leptos::task::spawn_local(async move {
                // What cannot be asked now stays as it was, and says of when it is.
                match ask_attention().await {
                    Ok(found) => {
                        let _ = now.try_set(found);
                        let _ = known_ms.try_set_value(clock.now_once_ms());
                        let _ = old_ms.try_set(None);
                    }
                    // The session has ended, or the visitor runs it no more: the page says which.
                    Err(fault) if matches!(fault.status, 401..=403) => load_again(fault.status),
                    Err(_) => drop(old_ms.try_set(known_ms.try_get_value())),
                }
            });
        };
        if let Ok(handle) = set_interval_with_handle(again, AGAIN) {
            on_cleanup(move || handle.clear());
        }
    });
    Effect::new(move || {
        now.with(|now| counts.learn(now));
    });
    // Each part is drawn anew only when it changed: who reads or is on a link is not disturbed.
    let figures = Memo::new(move |_| now.with(|now| now.figures));
    let (groups, troubles) =
        (Memo::new(move |_| now.with(|now| now.groups.clone())), Memo::new(move |_| now.with(|now| now.troubles.clone())));
    let waiting = Memo::new(move |_| now.with(|now| now.waiting));
    let total = Memo::new(move |_| now.with(Attention::count));
    let is_at_least = Memo::new(move |_| now.with(Attention::is_at_least));
    let note = Memo::new(move |_| now.with(|now| now.note.clone()));
    let lead = Signal::derive(move || match (total.get(), is_at_least.get()) {
        (0, _) => t.home_calm_lead.to_owned(),
        (total, false) => t.home_lead(total),
        (total, true) => t.home_at_least(t.home_lead(total)),
    });
    let has_power = Memo::new(move |_| figures.with(|f| f.power_w.is_some()));
    let bare = |number: String| Written { number, unit: String::new() };
    view! {
        <PageHead title=t.nav_attention lead/>
        <p class=move || if old_ms.get().is_some() { "notice small" } else { "visually-hidden" }>
            // There before it has anything to say: else it would not be read out. An age in it would be, each time that it counts.
            <span role="status">{move || old_ms.get().map(|_| t.home_old)}</span>
            {move || old_ms.get().map(|at| view! { " " <Age at_ms=Signal::stored(Some(at))/> })}
        </p>
        {piece(move || view! {
            <dl class="keys">
                <KeyFigure name=t.home_online value=Signal::derive(move || bare(count(figures.get().online)))
                    detail=Signal::derive(move || t.home_online_of(figures.get().devices))/>
                <KeyFigure name=t.home_messages value=Signal::derive(move || value(figures.get().messages_per_s, ""))
                    detail=Signal::stored(t.home_messages_detail.to_owned())/>
                {move || has_power.get().then(|| view! {
                    <KeyFigure name=t.home_power value=Signal::derive(move || value(figures.get().power_w.unwrap_or(f64::NAN), "W"))
                        detail=Signal::stored(t.home_power_detail.to_owned())/>
                })}
            </dl>
        })}
        {move || note.get().map(|note| view! { <p class="muted small">{note}</p> })}
        {move || (total.get() == 0).then(|| view! {
            <section class="calm card">
                <Mark/>
                <h2>{t.home_calm}</h2>
                <p class="muted">{t.home_calm_detail}</p>
            </section>
        })}
        {piece(move || view! {
            <div class="concerns">
                {move || troubles.with(|troubles| (!troubles.is_empty()).then(|| view! { <TroubleCard troubles=troubles.clone()/> }))}
                {move || groups.get().into_iter().map(|group| view! { <GroupCard group/> }).collect_view()}
                {move || (waiting.get() > 0).then(|| view! { <WaitingCard waiting=waiting.get()/> })}
            </div>
        })}
    }
}
