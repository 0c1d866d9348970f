//! How numbers, spans, ages and times are written. Mexican Spanish and English agree: `1,284.5`.

mod age;
mod metric;
mod moment;
mod number;
#[cfg(not(target_arch = "wasm32"))]
mod reason;

pub(crate) use age::{age, span};
pub(crate) use metric::metric;
pub(crate) use moment::{Detail, exactly, field_text, moment, rfc3339, zone};
pub(crate) use number::{Written, count, is_long, scale, value};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use reason::reason;
