//! `vigia bench ingest|fanout`

use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Failure;
use super::failure::{mention, say};
use crate::bench::{backlog, elsewhere, fanout, ingest};
use crate::simulate::credentials;
use crate::world::World;

#[derive(Debug, Subcommand)]
pub(super) enum Bench {
    /// Messages into the store, acknowledged after the commit
    Ingest(Ingest),
    /// Many WebSocket clients that follow one device: how long a message takes to all of them
    Fanout(Fanout),
}

#[derive(Debug, Args)]
pub(super) struct Ingest {
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
    /// Send to this broker, mqtt://host:port, and store nothing: for what stands behind it
    #[arg(long, value_name = "URL", conflicts_with = "backlog")]
    broker: Option<String>,
    /// Also let one device return with so many readings, and show what the others feel of it; --rate is 2000 when not given
    #[arg(long, value_name = "READINGS")]
    backlog: Option<usize>,
}

#[derive(Debug, Args)]
pub(super) struct Fanout {
    /// Clients that read
    #[arg(long, default_value_t = 5_000)]
    clients: usize,
    /// Clients beside them that never read; measured in a second run, after one without them
    #[arg(long, default_value_t = 0)]
    stalled: usize,
    /// How long, one message a second
    #[arg(long, default_value_t = 20)]
    seconds: usize,
}

pub(super) async fn run(verb: Bench, world: &World) -> Result<(), Failure> {
    match verb {
        Bench::Ingest(asked) => run_ingest(world, asked).await,
        Bench::Fanout(asked) => run_fanout(world, asked).await,
    }
}

async fn run_ingest(world: &World, asked: Ingest) -> Result<(), Failure> {
    let Ingest { connections, in_flight, seconds, rate, broker, backlog } = asked;
    if connections == 0 || in_flight == 0 || seconds == 0 || rate.is_some_and(|r| r <= 0.0) || backlog == Some(0) {
        return Err(Failure::wrong_use("--connections, --in-flight, --seconds, --rate and --backlog are above 0"));
    }
    let time = Duration::from_secs(seconds);
    let plan = ingest::Plan { connections, window: in_flight, time, rate_per_s: rate };
    if let Some(broker) = broker {
        let (host, port) = credentials::broker(&broker).map_err(Failure::wrong_use)?;
        return line(&elsewhere::run(world, format!("{host}:{port}"), plan).await.map_err(Failure::new)?);
    }
    let dir = folder()?;
    mention(format!("in {}, twice {seconds} s", dir.path().display()));
    if let Some(readings) = backlog {
        let plan = backlog::Plan { connections, window: in_flight, rate_per_s: rate.unwrap_or(2_000.0), time, readings };
        return line(&backlog::run(world, dir.path(), plan).await.map_err(Failure::new)?);
    }
    line(&ingest::run(world, dir.path(), plan).await.map_err(Failure::new)?)
}

async fn run_fanout(world: &World, asked: Fanout) -> Result<(), Failure> {
    let Fanout { clients, stalled, seconds } = asked;
    if clients == 0 || seconds == 0 {
        return Err(Failure::wrong_use("--clients and --seconds are above 0"));
    }
    let program = std::env::current_exe().map_err(Failure::new)?;
    for stalled in if stalled == 0 { vec![0] } else { vec![0, stalled] } {
        let dir = folder()?;
        mention(format!("in {}, {clients} clients and {stalled} that do not read, {seconds} s", dir.path().display()));
        let plan = fanout::Plan { program: program.clone(), clients, stalled, messages: seconds, pause: Duration::from_secs(1) };
        line(&fanout::run(world, dir.path(), &plan).await.map_err(Failure::new)?)?;
    }
    Ok(())
}

fn folder() -> Result<tempfile::TempDir, Failure> {
    tempfile::Builder::new().prefix("vigia-bench-").tempdir().map_err(Failure::new)
}

fn line(line: &impl Serialize) -> Result<(), Failure> {
    say(serde_json::to_string(line).map_err(Failure::new)?)
}
