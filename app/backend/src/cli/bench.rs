//! `vigia bench ingest`

use std::time::Duration;

use clap::Subcommand;

use super::Failure;
use super::failure::{mention, say};
use crate::bench::ingest::{self, Plan};
use crate::world::World;

#[derive(Debug, Subcommand)]
pub(super) enum Bench {
    /// Messages into the store, acknowledged after the commit
    Ingest {
        /// Connections, one device each
        #[arg(long, default_value_t = 100)]
        connections: usize,
        /// Messages under way on each connection
        #[arg(long, default_value_t = 16)]
        in_flight: u16,
        /// How long each of the two parts runs
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Messages a second of all connections together; as many as go through when not given
        #[arg(long)]
        rate: Option<f64>,
    },
}

pub(super) async fn run(verb: Bench, world: &World) -> Result<(), Failure> {
    let Bench::Ingest { connections, in_flight, seconds, rate } = verb;
    if connections == 0 || in_flight == 0 || seconds == 0 || rate.is_some_and(|r| r <= 0.0) {
        return Err(Failure::wrong_use("--connections, --in-flight, --seconds and --rate are above 0"));
    }
    let dir = tempfile::Builder::new().prefix("vigia-bench-").tempdir().map_err(Failure::new)?;
    mention(format!("in {}, twice {seconds} s", dir.path().display()));
    let plan = Plan { connections, window: in_flight, time: Duration::from_secs(seconds), rate_per_s: rate };
    let line = ingest::run(world, dir.path(), plan).await.map_err(Failure::new)?;
    say(serde_json::to_string(&line).map_err(Failure::new)?)
}
