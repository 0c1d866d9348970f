//! The few calls to ECharts that charming has no words for.

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// `object[key]`, `undefined` when there is none.
pub(super) fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

/// `object[name](arguments...)`
pub(super) fn call(object: &JsValue, name: &str, arguments: &[&JsValue]) -> JsValue {
    let list: Array = arguments.iter().copied().collect();
    get(object, name).dyn_into::<Function>().ok().and_then(|function| function.apply(object, &list).ok()).unwrap_or(JsValue::UNDEFINED)
}

/// `{key: value, ...}`
pub(super) fn object(pairs: &[(&str, &JsValue)]) -> JsValue {
    let object = Object::new();
    for (key, value) in pairs {
        // A fresh object takes every key.
        let _ = Reflect::set(&object, &(*key).into(), value);
    }
    object.into()
}

/// `[at, value]`
#[expect(clippy::cast_precision_loss, reason = "milliseconds since the epoch fit")]
pub(super) fn point(at_ms: i64, value: Option<f64>) -> JsValue {
    Array::of2(&(at_ms as f64).into(), &value.map_or(JsValue::NULL, JsValue::from)).into()
}

/// `new window[name](arguments...)`; nothing where the browser has no such thing.
pub(super) fn construct(name: &str, arguments: &[&JsValue]) -> Option<JsValue> {
    let list: Array = arguments.iter().copied().collect();
    Reflect::construct(get(&leptos::prelude::window(), name).dyn_ref::<Function>()?, &list).ok()
}
