//! HTTP: one table of routes, the stack around it, the interface for scripts.

pub mod access;
pub mod api;
pub mod assets;
pub mod client;
mod csrf;
pub mod described;
mod docs;
mod health;
mod measure;
pub mod next;
pub mod openapi;
mod patient;
mod places;
pub mod problem;
mod security_txt;
mod serve;
mod stack;
pub mod table;

pub use crate::tls::TlsError;
pub use access::Access;
pub use places::Limits;
pub use problem::Problem;
pub use serve::{ServeError, serve, serve_within};
pub use stack::{Site, router};
pub use table::{Example, Right, Route};
