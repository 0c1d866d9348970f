//! The back end through its own doors, on SQLite and on PostgreSQL.
#![expect(unreachable_pub, reason = "tests explain themselves by their names, and nobody depends on them")]

mod account;
mod api;
mod attention;
mod audit;
mod away;
mod backlog;
mod bench;
mod config_verbs;
mod conformance;
mod damage;
mod device_list;
mod device_order;
mod devices;
mod doors;
mod durable;
mod erase;
mod gaps;
mod gateways;
mod ingest;
mod installation;
mod line_protocol;
mod live;
mod messages;
mod plausible;
mod readings_csv;
mod retention;
mod roster;
mod sealing;
mod sessions;
mod sign_in;
mod simulated;
mod store;
mod stream;
mod support;
mod tls;
