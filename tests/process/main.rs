//! The program as a process: its verbs, its exit codes, how it starts and how it ends.
#![expect(unreachable_pub, reason = "nobody depends on tests")]

mod abroad;
mod across;
mod bench;
mod check;
mod commands;
mod ending;
mod examples;
mod external;
mod files;
mod gateway;
mod half_open;
mod kill;
mod listeners;
mod load;
#[expect(dead_code, reason = "the same Mosquitto as in the back end's tests, of which this program needs a part")]
#[path = "../../app/backend/tests/broker/external/mosquitto.rs"]
mod mosquitto;
mod mqtt;
mod opening;
#[path = "../../app/backend/tests/it/support/postgres.rs"]
mod postgres;
mod refusals;
#[path = "../../app/backend/tests/broker/external/relay.rs"]
mod relay;
mod secrets;
mod server;
mod simulate;
mod storm;
mod tries;
mod trouble;
mod verbs;
mod week;
