//! Which devices were looked at in this tab: their ids alone, so that a name is told only to who may still see it.

/// The most that are remembered.
#[cfg(target_arch = "wasm32")]
const MOST: usize = 5;

/// Notes a visit, if the address is a device's.
#[cfg(target_arch = "wasm32")]
pub(super) fn visited(path: &str) {
    let Some(id) = path.strip_prefix("/devices/").filter(|id| !id.is_empty() && !id.contains(['/', ','])) else { return };
    let before = ids();
    let rest = before.split(',').filter(|other| !other.is_empty() && *other != id).take(MOST - 1);
    let all: Vec<&str> = std::iter::once(id).chain(rest).collect();
    if let Some(storage) = storage() {
        let _ = js_sys::Reflect::set(&storage, &KEY.into(), &all.join(",").into());
    }
}

/// The ids, newest first, with commas between.
#[cfg(target_arch = "wasm32")]
pub(super) fn ids() -> String {
    storage().and_then(|storage| js_sys::Reflect::get(&storage, &KEY.into()).ok()?.as_string()).unwrap_or_default()
}

#[cfg(target_arch = "wasm32")]
const KEY: &str = "recent_devices";

/// A browser may have none for us.
#[cfg(target_arch = "wasm32")]
fn storage() -> Option<wasm_bindgen::JsValue> {
    js_sys::Reflect::get(&leptos::prelude::window(), &"sessionStorage".into()).ok().filter(wasm_bindgen::JsValue::is_object)
}

#[cfg(not(target_arch = "wasm32"))]
pub(super) const fn visited(_path: &str) {}

#[cfg(not(target_arch = "wasm32"))]
pub(super) const fn ids() -> String {
    String::new()
}
