//! Everything of Vigía that touches the world: databases, broker, HTTP API, simulators.
//!
//! Arrows run one way: `src -> web -> backend -> domain`. Inside, from the outer rooms to the inner:
//! `cli -> simulate, http -> ingest, live, fleet, auth, mqtt -> telemetry, db -> config, lifecycle, world`.

pub mod mqtt;
pub mod world;
