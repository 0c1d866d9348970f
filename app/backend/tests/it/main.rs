//! The back end through its own doors, on SQLite and on PostgreSQL.
#![expect(unreachable_pub, reason = "tests explain themselves by their names, and nobody depends on them")]

mod api;
mod audit;
mod away;
mod bench;
mod config_verbs;
mod device_list;
mod devices;
mod doors;
mod durable;
mod gateways;
mod ingest;
mod line_protocol;
mod live;
mod plausible;
mod sealing;
mod sessions;
mod sign_in;
mod store;
mod support;
mod tls;
