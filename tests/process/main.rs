//! The program as a process: its verbs, its exit codes, how it starts and how it ends.
#![expect(unreachable_pub, reason = "nobody depends on tests")]

mod ending;
mod files;
mod gateway;
mod kill;
mod mqtt;
mod opening;
#[path = "../../app/backend/tests/it/support/postgres.rs"]
mod postgres;
mod refusals;
mod server;
mod simulate;
mod tries;
mod verbs;
mod week;
