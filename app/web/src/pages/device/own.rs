//! An own period: two fields for date and time, which need no script. With one they are in the reader's own zone.

use leptos::prelude::*;

use super::view::View;
use crate::clock::{at_ms, use_clock};
use crate::components::chart::Move;
use crate::components::chart::period::Period;
use crate::format::{field_text, zone};
use crate::i18n::use_texts;

/// What is wrong with it.
const WHY: &str = "own-error";

#[component]
pub(super) fn OwnPeriod(view: Memo<View>, moves: WriteSignal<Option<Move>>) -> impl IntoView {
    let (t, clock) = (use_texts(), use_clock());
    let (from, to) = (RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let (is_backward, set_backward) = signal(false);
    // What was typed goes when another period is shown.
    Effect::new(move |_| {
        view.track();
        from.set(None);
        to.set(None);
        set_backward.set(false);
    });
    let text = move |at: i64| field_text(at, clock.running());
    let edges = move || view.get().seen().edges(clock.now_once_ms());
    let (first, last) = (move || text(edges().0), move || text(edges().1));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (from, to) = (from.get_untracked().unwrap_or_else(first), to.get_untracked().unwrap_or_else(last));
        // Without `Z` the browser reads them in its own zone, as they are written.
        let (from, to) = (at_ms(&from), at_ms(&to));
        // What is no time the browser itself does not let through.
        set_backward.set(from >= to);
        if from < to {
            close(&event);
            moves.set(Some(Move::Own(from, to)));
        } else {
            last_field(&event);
        }
    };
    let typed = move |field: RwSignal<Option<String>>, event: &leptos::ev::Event| {
        field.set(Some(event_target_value(event)));
        set_backward.set(false);
    };
    let why = move || is_backward.get().then(|| t.history_own_order());
    let is_own = move || matches!(view.get().period, Period::Between { .. });
    let hidden = move || {
        let fields = View { zoom: None, ..view.get() }.fields();
        let kept = fields.into_iter().filter(|(name, _)| !matches!(*name, "range" | "from" | "to"));
        kept.map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view()
    };
    // That of the day itself: a period may begin in summer time and end in winter.
    let zone = move |at: i64| format!(" ({})", zone(at, clock.running()));
    let (first_zone, last_zone) = (move || zone(edges().0), move || zone(edges().1));
    view! {
        <details class="own">
            <summary class="pill" title=t.history_own_long() aria-current=move || is_own().then_some("true")>{t.history_own()}</summary>
            <form class="own__form" method="get" on:submit=submit>
                {hidden}
                <label>
                    <span>{t.history_own_from()} {first_zone}</span>
                    <input type="datetime-local" name="from" required=true min="2000-01-01T00:00" value=first prop:value=first
                        on:input=move |event| typed(from, &event)/>
                </label>
                <label>
                    <span>{t.history_own_to()} {last_zone}</span>
                    <input type="datetime-local" name="to" required=true min="2000-01-01T00:00" value=last prop:value=last
                        aria-invalid=move || is_backward.get().then_some("true") aria-describedby=move || is_backward.get().then_some(WHY)
                        on:input=move |event| typed(to, &event)/>
                </label>
                <p class="field__error" id=WHY role="alert">{why}</p>
                <button class="button" type="submit">{t.history_own_show()}</button>
            </form>
        </details>
    }
}

/// Takes the form from above what it asked for; the keyboard goes to the word that opens it again.
#[cfg(target_arch = "wasm32")]
fn close(event: &leptos::ev::SubmitEvent) {
    use wasm_bindgen::JsCast;
    use web_sys::HtmlElement;

    let Some(own) = form(event).and_then(|form| form.parent_element()) else { return };
    let _ = own.remove_attribute("open");
    let word = own.first_element_child().and_then(|word| word.dyn_into::<HtmlElement>().ok());
    let _ = word.map(|word| word.focus());
}

/// The keyboard goes to the field that has to be another.
#[cfg(target_arch = "wasm32")]
fn last_field(event: &leptos::ev::SubmitEvent) {
    use wasm_bindgen::JsCast;
    use web_sys::HtmlElement;

    let field = form(event).and_then(|form| form.query_selector("input[name=to]").ok().flatten());
    let _ = field.and_then(|field| field.dyn_into::<HtmlElement>().ok()).map(|field| field.focus());
}

#[cfg(target_arch = "wasm32")]
fn form(event: &leptos::ev::SubmitEvent) -> Option<web_sys::Element> {
    wasm_bindgen::JsCast::dyn_into(event.target()?).ok()
}

#[cfg(not(target_arch = "wasm32"))]
const fn close(_: &leptos::ev::SubmitEvent) {}

#[cfg(not(target_arch = "wasm32"))]
const fn last_field(_: &leptos::ev::SubmitEvent) {}
