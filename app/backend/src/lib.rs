//! Everything of Vigía that touches the world: databases, broker, HTTP API, simulators.
//!
//! Arrows run one way: `src -> web -> backend -> domain`. Inside, from the outer rooms to the inner:
//! `cli -> simulate, http -> notify, ingest, live, fleet, auth, mqtt -> telemetry, db -> config, lifecycle, world`.

pub mod app;
pub mod auth;
pub mod bench;
pub mod cli;
pub mod config;
pub mod db;
mod files;
pub mod fleet;
pub mod http;
pub mod ingest;
pub mod lifecycle;
pub mod limit;
pub mod live;
pub mod metrics;
pub mod mqtt;
pub mod notify;
pub mod origin;
pub mod outbound;
pub mod report;
mod share;
pub mod simulate;
pub mod telemetry;
pub mod tls;
mod words;
pub mod world;
pub mod zone;
