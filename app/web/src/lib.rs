//! The face of Vigía: pages, components and the server functions beside them.
//!
//! Rendered on the server and hydrated in the browser; the target chooses which half is compiled. Arrows inside:
//! `app -> pages -> components -> {live, clock, format} -> {i18n, boot, fault}`; on the server `routes -> app`, and
//! `server` alone speaks to the backend. In the browser the crate sees only the domain.

#![recursion_limit = "256"]
#![expect(unreachable_pub, reason = "#[component] makes its props pub whatever the component is")]

mod address;
mod app;
mod ask;
mod boot;
mod clock;
mod codec;
mod columns;
mod components;
mod fault;
mod format;
mod i18n;
mod known;
mod live;
mod pages;
mod part;
mod piece;

#[cfg(not(target_arch = "wasm32"))]
pub mod face;
#[cfg(not(target_arch = "wasm32"))]
mod frame_colour;
#[cfg(not(target_arch = "wasm32"))]
mod offline;
#[cfg(not(target_arch = "wasm32"))]
mod passkey_script;
#[cfg(not(target_arch = "wasm32"))]
mod reload;
#[cfg(not(target_arch = "wasm32"))]
pub mod routes;
#[cfg(not(target_arch = "wasm32"))]
mod server;
#[cfg(not(target_arch = "wasm32"))]
mod shell;
#[cfg(not(target_arch = "wasm32"))]
pub mod site;
#[cfg(not(target_arch = "wasm32"))]
mod typed;

#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod takeover;
pub use boot::Outcome;
#[cfg(target_arch = "wasm32")]
pub use browser::hydrate;
