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
    // What is pressed is the dialog itself only beside its content.
    let beside = move |event: leptos::ev::MouseEvent| {
        if event.target().is_some_and(|target| {
            node.get_untracked().is_some_and(|dialog| AsRef::<leptos::web_sys::EventTarget>::as_ref(&dialog) == &target)
        }) {
            is_open.set(false);
        }
    };
    view! {
        <dialog class=format!("dialog {class}") aria-label=label node_ref=node on:close=move |_| is_open.set(false) on:click=beside>
            <div class="dialog__body">{children()}</div>
        </dialog>
    }
}
