//! The program as a process: its verbs, its exit codes, how it starts and how it ends.
#![expect(unreachable_pub, reason = "nobody depends on tests")]

mod ending;
mod refusals;
mod server;
mod verbs;
