//! When to draw: not before the chart is seen, and then when the browser has nothing else to do. The page can be read
//! and used before.

use leptos::prelude::*;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::js::{call, construct, get, object};

/// What lies over the lower edge of a phone, the navigation, and how long to wait for an idle moment at most, in milliseconds.
const MARGIN: &str = "0px 0px -56px";
const PATIENCE_MS: i32 = 1_500;

/// What is called then. Of one type: each other one would be this code once more.
pub(super) type Later = Box<dyn FnOnce()>;

/// Calls once the element is seen; at once where the browser cannot tell. Its place stands already, so nothing moves.
pub(super) fn when_seen(id: &str, then: Later) {
    let Some(element) = document().get_element_by_id(id) else { return };
    let mut then = Some(then);
    let seen = Closure::<dyn FnMut(JsValue, JsValue)>::new(move |entries: JsValue, observer: JsValue| {
        let is_seen = js_sys::Array::from(&entries).iter().any(|entry| get(&entry, "isIntersecting").is_truthy());
        if let Some(then) = then.take_if(|_| is_seen) {
            call(&observer, "disconnect", &[]);
            when_idle(then);
        }
    })
    .into_js_value();
    match construct("IntersectionObserver", &[&seen, &object(&[("rootMargin", &MARGIN.into())])]) {
        Some(observer) => {
            call(&observer, "observe", &[&element]);
            let observer = StoredValue::new_local(observer);
            on_cleanup(move || {
                let _ = observer.try_with_value(|observer| call(observer, "disconnect", &[]));
            });
        }
        None => {
            call(&seen, "call", &[&JsValue::NULL, &js_sys::Array::of1(&object(&[("isIntersecting", &true.into())])), &JsValue::NULL]);
        }
    }
}

/// Calls in the next idle moment.
pub(super) fn when_idle(then: Later) {
    let then = Closure::once_into_js(then);
    if get(&window(), "requestIdleCallback").is_function() {
        call(&window(), "requestIdleCallback", &[&then, &object(&[("timeout", &PATIENCE_MS.into())])]);
    } else {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(then.unchecked_ref(), 50);
    }
}
