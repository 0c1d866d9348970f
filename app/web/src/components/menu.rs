//! A word that opens into what can be chosen: the browser's own, so that it works without a script. With one it
//! closes by itself, and arrows walk through it.

use leptos::prelude::*;

/// What is behind `label`. One menu is open at a time.
#[component]
pub(crate) fn Menu(#[prop(into)] label: String, #[prop(optional)] class: &'static str, children: Children) -> impl IntoView {
    view! {
        <details class=format!("menu {class}") name="menu" on:keydown=keys::on_key on:focusout=keys::on_leave>
            <summary class="menu__label"><span dir="auto">{label}</span><span class="menu__mark" aria-hidden="true">"▾"</span></summary>
            // It takes the focus of a click beside what is in it.
            <div class="menu__panel" tabindex="-1">{children()}</div>
        </details>
    }
}

#[cfg(target_arch = "wasm32")]
mod keys {
    use leptos::ev::{FocusEvent, KeyboardEvent};
    use leptos::prelude::document;
    use leptos::web_sys::{Element, HtmlElement, Node};
    use wasm_bindgen::JsCast;

    /// What can be chosen in an open menu, after the label that leads to it.
    const STOPS: &str = "summary, .menu__panel :is(a, input:not([type=hidden]), button)";

    pub(super) fn on_key(event: KeyboardEvent) {
        let menu = event.current_target().and_then(|target| target.dyn_into::<Element>().ok());
        let Some(menu) = menu.filter(|menu| menu.has_attribute("open")) else { return };
        let Ok(stops) = menu.query_selector_all(STOPS) else { return };
        let at =
            document().active_element().and_then(|active| (0..stops.length()).find(|at| stops.item(*at).as_ref() == Some(active.as_ref())));
        // The label itself is passed over, and after the last comes the first.
        let last = stops.length().saturating_sub(1);
        let to = match (event.key().as_str(), at.unwrap_or(0)) {
            ("Escape", _) => {
                let _ = menu.remove_attribute("open");
                0
            }
            ("ArrowDown", at) if at < last => at + 1,
            ("ArrowDown", _) => 1,
            ("ArrowUp", at) if at > 1 => at - 1,
            ("ArrowUp", _) => last,
            _ => return,
        };
        event.prevent_default();
        if let Some(stop) = stops.item(to).and_then(|stop| stop.dyn_into::<HtmlElement>().ok()) {
            let _ = stop.focus();
        }
    }

    pub(super) fn on_leave(event: FocusEvent) {
        let Some(menu) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
        let goes_to = event.related_target().and_then(|target| target.dyn_into::<Node>().ok());
        if !menu.contains(goes_to.as_ref()) {
            let _ = menu.remove_attribute("open");
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod keys {
    use leptos::ev::{FocusEvent, KeyboardEvent};

    pub(super) fn on_key(_: KeyboardEvent) {}
    pub(super) fn on_leave(_: FocusEvent) {}
}
