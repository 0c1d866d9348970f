//! The list by keyboard: up and down (j and k) from row to row, x chooses. Enter opens: the focus is on a link.

/// Listens for as long as the current owner lives.
#[cfg(target_arch = "wasm32")]
pub(super) fn follow_keys() {
    use leptos::prelude::*;

    let listening = window_event_listener(leptos::ev::keydown, |event| {
        if !(event.ctrl_key() || event.alt_key() || event.meta_key() || event.default_prevented()) && pressed(&event.key()).is_some() {
            event.prevent_default();
        }
    });
    on_cleanup(move || listening.remove());
}

#[cfg(not(target_arch = "wasm32"))]
pub(super) const fn follow_keys() {}

/// Does what a key stands for, where the list is what the keyboard is for.
#[cfg(target_arch = "wasm32")]
fn pressed(key: &str) -> Option<()> {
    use leptos::prelude::document;
    use wasm_bindgen::JsCast;
    use web_sys::HtmlElement;

    let focused = document().active_element()?;
    let row = focused.closest("[data-device]").ok()?;
    // Outside the list a letter does nothing: who speaks to a computer says letters, too.
    if row.is_none() && focused.closest(".card--table").ok()?.is_none() {
        return None;
    }
    let at = |row: web_sys::Element, what: &str| row.query_selector(what).ok()?.and_then(|found| found.dyn_into::<HtmlElement>().ok());
    if key == "x" {
        at(row?, "input")?.click();
        return Some(());
    }
    let next = match (key, row) {
        ("j", None) => document().query_selector("[data-device]").ok()?,
        ("j" | "ArrowDown", Some(row)) => row.next_element_sibling(),
        ("k" | "ArrowUp", Some(row)) => row.previous_element_sibling(),
        _ => return None,
    };
    at(next?, "a")?.focus().ok()
}
