//! An own period: two fields for date and time, which need no script. With one they are in the reader's own zone.

use leptos::html::Input;
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
    // What was typed, for the words beside it. It stands in the fields alone: somebody may have begun before the page was taken over.
    let (from, to) = (RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let (first_field, last_field) = (NodeRef::<Input>::new(), NodeRef::<Input>::new());
    let (is_backward, set_backward) = signal(false);
    let form = NodeRef::<leptos::html::Form>::new();
    // It goes when another period is shown.
    Effect::new(move |was: Option<()>| {
        view.track();
        if let (Some(()), Some(form)) = (was, form.get_untracked()) {
            form.reset();
            from.set(None);
            to.set(None);
            set_backward.set(false);
        }
    });
    let text = move |at: i64| field_text(at, clock.running());
    let edges = move || view.get().seen().edges(clock.now_once_ms());
    let (first, last) = (move || text(edges().0), move || text(edges().1));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        // Without `Z` the browser reads them in its own zone, as they are written.
        let read = |field: NodeRef<Input>| field.get_untracked().map_or(0, |field| at_ms(&field.value()));
        let (from, to) = (read(first_field), read(last_field));
        // What is no time the browser itself does not let through.
        set_backward.set(from >= to);
        if from < to {
            close(&event);
            moves.set(Some(Move::Own(from, to)));
        } else if let Some(field) = last_field.get_untracked() {
            // The keyboard goes to the field that has to be another.
            let _ = field.focus();
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
    let zone = move |typed: RwSignal<Option<String>>, shown: i64| {
        let typed = typed.get().map(|typed| at_ms(&typed)).filter(|at| *at > 0);
        format!(" ({})", zone(typed.unwrap_or(shown), clock.running()))
    };
    let (first_zone, last_zone) = (move || zone(from, edges().0), move || zone(to, edges().1));
    view! {
        <details class="own">
            <summary class="pill" title=t.history_own_long() aria-current=move || is_own().then_some("true")>{t.history_own()}</summary>
            <form class="own__form" method="get" node_ref=form on:submit=submit>
                {hidden}
                <label>
                    <span>{t.history_own_from()} {first_zone}</span>
                    <input type="datetime-local" name="from" required=true min="2000-01-01T00:00" value=first node_ref=first_field
                        on:input=move |event| typed(from, &event)/>
                </label>
                <label>
                    <span>{t.history_own_to()} {last_zone}</span>
                    <input type="datetime-local" name="to" required=true min="2000-01-01T00:00" value=last node_ref=last_field
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

#[cfg(target_arch = "wasm32")]
fn form(event: &leptos::ev::SubmitEvent) -> Option<web_sys::Element> {
    wasm_bindgen::JsCast::dyn_into(event.target()?).ok()
}

#[cfg(not(target_arch = "wasm32"))]
const fn close(_: &leptos::ev::SubmitEvent) {}
