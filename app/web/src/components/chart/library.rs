//! ECharts, read by the first page that draws, once its chart is seen: on a phone the numbers stand above it, and reading it takes longer
//! than taking over the page. Its file is fetched before, when the browser has nothing else to do.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::HtmlScriptElement;

use super::draw::CANVAS;
use super::near::{when_idle, when_seen};

/// `None` while it comes, then whether it came.
pub(super) fn load(address: String) -> ReadSignal<Option<bool>> {
    let (came, set_came) = signal(None);
    if js_sys::Reflect::has(&window(), &"echarts".into()).unwrap_or(false) {
        set_came.set(Some(true));
        return came;
    }
    // The canvas is in the page once this has been rendered.
    Effect::new(move |_| {
        let (early, address) = (address.clone(), address.clone());
        when_idle(Box::new(move || ahead(&early)));
        when_seen(CANVAS, Box::new(move || fetch(&address, set_came)));
    });
    came
}

/// Has the browser bring the file into its cache.
fn ahead(address: &str) {
    if let (Ok(link), Some(head)) = (document().create_element("link"), document().head()) {
        for (name, value) in [("rel", "prefetch"), ("as", "script"), ("href", address)] {
            let _ = link.set_attribute(name, value);
        }
        let _ = head.append_child(&link);
    }
}

fn fetch(address: &str, set_came: WriteSignal<Option<bool>>) {
    let script = document().create_element("script").ok().and_then(|e| e.dyn_into::<HtmlScriptElement>().ok());
    let Some(script) = script else {
        let _ = set_came.try_set(Some(false));
        return;
    };
    let when = |loaded: bool| {
        // Reading the library took its time; drawing waits for the next moment. The page may be gone by then.
        Closure::once_into_js(move || {
            when_idle(Box::new(move || {
                let _ = set_came.try_set(Some(loaded));
            }));
        })
    };
    script.set_src(address);
    script.set_onload(Some(when(true).unchecked_ref()));
    script.set_onerror(Some(when(false).unchecked_ref()));
    if let Some(head) = document().head() {
        let _ = head.append_child(&script);
    }
}
