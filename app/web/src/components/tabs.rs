//! Parts of a page, one at a time: links with the part in their address, so they work without a script, back works, and a part can
//! be sent to somebody. A `tablist` would promise that no page is left; these lead to an address, and say which one is shown.

use leptos::prelude::*;

/// A link to a part.
#[derive(Clone, Debug)]
pub(crate) struct Tab {
    /// Its word.
    pub(crate) label: &'static str,
    /// Where it leads.
    pub(crate) href: Signal<String>,
    /// Whether its part is shown.
    pub(crate) is_open: Signal<bool>,
    /// How many things in it ask for a look, in a few words.
    pub(crate) mark: Signal<Option<String>>,
}

/// The links in a row. Arrows, Home and End go from one to the next.
#[component]
pub(crate) fn Tabs(label: &'static str, tabs: Vec<Tab>) -> impl IntoView {
    let links = tabs.into_iter().map(|Tab { label, href, is_open, mark }| {
        view! {
            <a href=href data-noscroll="" aria-current=move || is_open.get().then_some("page")>
                {label}
                {move || mark.get().map(|mark| view! { <span class="tabs__mark">{mark}</span> })}
            </a>
        }
    });
    view! { <nav class="tabs" aria-label=label on:keydown=|event| keys::walk(&event)>{links.collect_view()}</nav> }
}

/// A part. It is made when it is opened first, and stays: what was typed in it is there when one comes back.
#[component]
pub(crate) fn Panel(is_open: Signal<bool>, children: ChildrenFn) -> impl IntoView {
    let was_open = Memo::new(move |before: Option<&bool>| is_open.get() || before == Some(&true));
    view! { <div class="tabs__panel" hidden=move || !is_open.get()>{move || was_open.get().then(|| children())}</div> }
}

#[cfg(target_arch = "wasm32")]
mod keys {
    use leptos::ev::KeyboardEvent;
    use leptos::prelude::*;
    use wasm_bindgen::JsCast;
    use web_sys::{Element, HtmlElement};

    /// Moves the focus; opening stays the link's own matter.
    pub(super) fn walk(event: &KeyboardEvent) {
        if event.ctrl_key() || event.alt_key() || event.meta_key() || event.shift_key() {
            return;
        }
        let Some(links) = event.current_target().and_then(|nav| nav.dyn_into::<Element>().ok()?.query_selector_all("a").ok()) else {
            return;
        };
        let links: Vec<HtmlElement> = (0..links.length()).filter_map(|at| links.item(at)?.dyn_into().ok()).collect();
        let here = document().active_element();
        let Some(now) = links.iter().position(|link| here.as_ref() == Some(link.as_ref())) else { return };
        let next = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => (now + 1) % links.len(),
            "ArrowLeft" | "ArrowUp" => (now + links.len() - 1) % links.len(),
            "Home" => 0,
            "End" => links.len() - 1,
            _ => return,
        };
        event.prevent_default();
        let _ = links[next].focus();
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod keys {
    pub(super) const fn walk(_: &leptos::ev::KeyboardEvent) {}
}
