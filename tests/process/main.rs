//! The program as a process: its verbs, its exit codes, how it starts and how it ends.
#![expect(unreachable_pub, reason = "nobody depends on tests")]

mod check;
mod ending;
mod files;
mod kill;
mod load;
mod mqtt;
mod opening;
#[path = "../../app/backend/tests/it/support/postgres.rs"]
mod postgres;
mod refusals;
mod server;
mod simulate;
mod storm;
mod tries;
mod verbs;
mod week;
