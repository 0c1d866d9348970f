//! Devices that are not there: what they would measure ([`physics`]), what they would send ([`device`]), and clients that
//! really send it. `serve --demo`, `vigia simulate`, the benches and the tests use the same ones.
//!
//! Everything below [`client`] and [`load`] is pure: time and seed come in, so the same seed tells the same story.

pub mod client;
pub mod credentials;
pub mod device;
pub mod latencies;
pub mod link;
pub mod load;
mod outage;
pub mod physics;
pub mod replay;
pub mod speaker;
mod wire;

pub use client::{Acknowledged, Actor, Client, Report};
pub use device::{Device, Scenario};
pub use link::Line;
