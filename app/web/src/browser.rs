//! The first line that runs in the browser.

/// Takes over the page that the server rendered.
pub fn hydrate() {
    wasm_bindgen_futures::spawn_local(crate::takeover::take_over());
}
