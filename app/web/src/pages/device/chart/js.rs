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

/// First number of `[at, value]`.
#[expect(clippy::cast_possible_truncation, reason = "we put it there")]
pub(super) fn at_of(point: &JsValue) -> i64 {
    point.dyn_ref::<Array>().and_then(|p| p.get(0).as_f64()).unwrap_or_default() as i64
}

/// Second number of `[at, value]`.
pub(super) fn value_of(point: &JsValue) -> Option<f64> {
    point.dyn_ref::<Array>()?.get(1).as_f64()
}
