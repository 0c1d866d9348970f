//! A window over the page. The browser keeps the focus in it, gives it back, and closes it on Escape.

use leptos::prelude::*;

/// Open while `is_open` says so; closing it by key, or beside it, says so there.
#[component]
pub(crate) fn Dialog(
    is_open: RwSignal<bool>,
    label: &'static str,
    #[prop(default = "")] class: &'static str,
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<leptos::html::Dialog>::new();
    Effect::new(move || {
        let wanted = is_open.get();
        let Some(dialog) = node.get() else { return };
        if wanted && !dialog.open() {
            let _ = dialog.show_modal();
        } else if !wanted && dialog.open() {
            dialog.close();
        }
    });
    // What is pressed is the dialog itself only beside its content. Both ends of a click are looked at: who selects letters may let go beside it.
    let is_beside = move |target: Option<leptos::web_sys::EventTarget>| {
        let dialog = node.get_untracked();
        dialog.zip(target).is_some_and(|(dialog, target)| AsRef::<leptos::web_sys::EventTarget>::as_ref(&dialog) == &target)
    };
    let began_beside = StoredValue::new(false);
    let press = move |event: leptos::ev::PointerEvent| began_beside.set_value(is_beside(event.target()));
    let click = move |event: leptos::ev::MouseEvent| {
        if began_beside.get_value() && is_beside(event.target()) {
            is_open.set(false);
        }
    };
    view! {
        <dialog class=format!("dialog {class}") aria-label=label node_ref=node on:close=move |_| is_open.set(false)
            on:pointerdown=press on:click=click>
            <div class="dialog__body">{children()}</div>
        </dialog>
    }
}
