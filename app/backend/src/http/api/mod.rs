//! The interface for scripts, apps and devices: one file per endpoint.

mod devices;
mod ingest;
mod latest;
mod live;
mod live_right;
mod live_socket;
mod telemetry;
mod write;

use super::health;
use super::table::Route;

/// Its part of the table of routes.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = health::routes();
    routes.extend([devices::list(), devices::one(), latest::route(), telemetry::route(), ingest::route(), live::route()]);
    routes.extend(write::routes());
    routes
}
