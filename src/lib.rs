//! The browser's half of Vigía: one function that takes over the page that the server rendered.

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen]
/// Called by the page once this module is there.
pub fn hydrate() {
    vigia_web::hydrate();
}
