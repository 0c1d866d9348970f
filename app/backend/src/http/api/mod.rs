//! The interface for scripts, apps and devices: one file per endpoint.

mod api_keys;
mod audit;
mod auth;
mod biogestor;
mod commands;
mod device_config;
mod device_token;
mod devices;
mod erase;
mod ingest;
mod json_body;
mod latest;
mod live;
mod live_known;
mod live_right;
mod live_said;
mod live_socket;
mod me;
mod paging;
mod people;
mod provisioning_keys;
mod readings;
mod register;
mod stream;
mod stream_body;
mod stream_card;
mod telemetry;
mod unclaimed;
mod write;

pub use readings::{NotExported, readings_csv};

use super::health;
use super::table::Route;

/// Its part of the table of routes.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = health::routes();
    routes.extend([
        devices::list(),
        devices::one(),
        latest::route(),
        erase::route(),
        telemetry::route(),
        readings::route(),
        ingest::route(),
        live::route(),
    ]);
    routes.extend(auth::routes());
    routes.extend(register::routes());
    routes.extend(me::routes());
    routes.extend(people::routes());
    routes.extend(api_keys::routes());
    routes.push(audit::route());
    routes.extend(device_token::routes());
    routes.extend(biogestor::routes());
    routes.extend(stream::routes());
    routes.extend(commands::routes());
    routes.extend(device_config::routes());
    routes.extend(unclaimed::routes());
    routes.extend(provisioning_keys::routes());
    routes.extend(write::routes());
    routes
}
