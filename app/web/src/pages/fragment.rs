//! One-time codes come after the `#` of a link: a browser sends that part to nobody, so it stands in no log.

/// Takes the code out of the address and clears it there. Nothing on the server.
pub(crate) fn take_code() -> Option<String> {
    #[cfg(target_arch = "wasm32")]
    {
        use leptos::prelude::window;
        let location = window().location();
        let code = location.hash().ok()?.trim_start_matches('#').to_owned();
        if code.is_empty() || !code.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)) {
            return None;
        }
        let path = location.pathname().ok()?;
        let _ = window().history().ok()?.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&path));
        Some(code)
    }
    #[cfg(not(target_arch = "wasm32"))]
    None
}
