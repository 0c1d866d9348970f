//! ECharts, fetched by the first page that draws.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::HtmlScriptElement;

/// `None` while it comes, then whether it came.
pub(super) fn load(address: &str) -> ReadSignal<Option<bool>> {
    let (came, set_came) = signal(None);
    if js_sys::Reflect::has(&window(), &"echarts".into()).unwrap_or(false) {
        set_came.set(Some(true));
        return came;
    }
    let script = document().create_element("script").ok().and_then(|e| e.dyn_into::<HtmlScriptElement>().ok());
    let Some(script) = script else {
        set_came.set(Some(false));
        return came;
    };
    let when = |loaded: bool| {
        Closure::once_into_js(move || {
            // The page may be gone by then.
            let _ = set_came.try_set(Some(loaded));
        })
    };
    script.set_src(address);
    script.set_onload(Some(when(true).unchecked_ref()));
    script.set_onerror(Some(when(false).unchecked_ref()));
    if let Some(head) = document().head() {
        let _ = head.append_child(&script);
    }
    came
}
