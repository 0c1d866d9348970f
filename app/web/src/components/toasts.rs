//! Short words on what was done, with the way back. They stay while somebody points at them, and when one goes to another page.

use std::time::Duration;

use leptos::prelude::*;

use crate::components::icon::{Icon, Shape};
use crate::i18n::use_texts;

const SHOWN: Duration = Duration::from_secs(7);
/// How long one stays at least after nobody points at it any more.
const LINGERS: Duration = Duration::from_secs(2);
/// More at once hide the page.
const MOST: usize = 3;

/// What was done.
#[derive(Clone)]
struct Toast {
    number: u32,
    text: String,
    undo: Option<Callback<()>>,
}

/// The toasts of this page.
#[derive(Clone, Copy)]
pub(crate) struct Toasts {
    all: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
    is_pointed_at: RwSignal<bool>,
}

impl Toasts {
    /// None yet.
    pub(crate) fn none() -> Self {
        Self { all: RwSignal::new(Vec::new()), next: StoredValue::new(0), is_pointed_at: RwSignal::new(false) }
    }

    /// Says what was done; `undo` takes it back.
    pub(crate) fn say(self, text: impl Into<String>, undo: Option<Callback<()>>) {
        let number = self.next.with_value(|n| *n);
        self.next.set_value(number.wrapping_add(1));
        self.all.update(|all| {
            all.push(Toast { number, text: text.into(), undo });
            if all.len() > MOST {
                all.remove(0);
            }
        });
        self.end_after(number, SHOWN);
    }

    fn end_after(self, number: u32, wait: Duration) {
        let end = move || match self.is_pointed_at.try_get_untracked() {
            Some(is_pointed_at) if is_pointed_at || has_focus() => self.end_after(number, LINGERS),
            Some(_) => self.end(number),
            None => {}
        };
        set_timeout(end, wait);
    }

    fn end(self, number: u32) {
        let _ = self.all.try_update(|all| all.retain(|toast| toast.number != number));
        if self.all.try_with_untracked(Vec::is_empty) == Some(true) {
            // What is gone is not pointed at any more, and does not say so.
            self.is_pointed_at.set(false);
        }
    }
}

/// Whether the keyboard is in one of them. Asked when it matters: one that is closed by key goes without telling that it lost the focus.
#[cfg(target_arch = "wasm32")]
fn has_focus() -> bool {
    document().query_selector(".toasts:focus-within").is_ok_and(|found| found.is_some())
}

#[cfg(not(target_arch = "wasm32"))]
const fn has_focus() -> bool {
    false
}

/// The toasts of this page.
pub(crate) fn use_toasts() -> Toasts {
    use_context().unwrap_or_else(Toasts::none)
}

/// Where they stand.
#[component]
pub(crate) fn ToastList() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <div class="toasts" role="status" aria-live="polite" on:pointerenter=move |_| toasts.is_pointed_at.set(true)
            on:pointerleave=move |_| toasts.is_pointed_at.set(false)>
            <For each=move || toasts.all.get() key=|toast| toast.number let:toast>
                <ToastCard text=toast.text undo=toast.undo end=Callback::new(move |()| toasts.end(toast.number))/>
            </For>
        </div>
    }
}

/// One of them.
#[component]
pub(crate) fn ToastCard(text: String, undo: Option<Callback<()>>, end: Callback<()>) -> impl IntoView {
    let t = use_texts();
    let take_back = undo.map(|undo| {
        let press = move |_| {
            undo.run(());
            end.run(());
        };
        view! { <button class="toast__undo" r#type="button" on:click=press>{t.toast_undo}</button> }
    });
    view! {
        <div class="toast">
            <p dir="auto">{text}</p>
            {take_back}
            <button class="toast__close" r#type="button" aria-label=t.toast_close on:click=move |_| end.run(())><Icon shape=Shape::Close/></button>
        </div>
    }
}
