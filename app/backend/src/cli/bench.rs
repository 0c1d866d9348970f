//! `vigia bench ingest|chart|devices|fanout|soak`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Failure;
use super::failure::{mention, say};
use crate::bench::{backlog, chart, devices, elsewhere, fanout, ingest, machine, soak};
use crate::simulate::credentials;
use crate::telemetry::MOST_POINTS;
use crate::world::World;

#[derive(Debug, Subcommand)]
pub(super) enum Bench {
    /// Messages into the store, acknowledged after the commit
    Ingest(Ingest),
    /// Charts over a month and a year, and what storing them takes
    Chart(Chart),
    /// The device list with many devices: every filter in every order, page by page
    Devices(Devices),
    /// Many WebSocket clients that follow one device: how long a message takes to all of them
    Fanout(Fanout),
    /// A steady load with sealing, a short retention and readers; memory over time
    Soak(Soak),
}

#[derive(Debug, Args)]
pub(super) struct Ingest {
    /// Connections, one device each
    #[arg(long, default_value_t = 100)]
    connections: usize,
    /// Messages under way on each connection
    #[arg(long, default_value_t = 16)]
    in_flight: u16,
    /// How long each of the three parts runs
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
    /// Measure even where files are in memory only, and say so in the figures
    #[arg(long)]
    anyway: bool,
}

#[derive(Debug, Args)]
pub(super) struct Chart {
    /// Days of the month
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// Seconds from one reading to the next
    #[arg(long, default_value_t = 5)]
    step: u32,
    /// The most points of a chart
    #[arg(long, default_value_t = 700)]
    points: u32,
    /// Days of the year; 0 leaves it out
    #[arg(long, default_value_t = 365)]
    year_days: u32,
    /// How often each question is asked
    #[arg(long, default_value_t = 100)]
    rounds: usize,
    /// A measured week (ts_local,power_w,...) instead of the one that is built in
    #[arg(long, value_name = "FILE")]
    week: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Devices {
    /// How many devices
    #[arg(long, default_value_t = 10_000)]
    devices: usize,
    /// How often each page is asked for
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// An empty PostgreSQL database, postgres://user:password@host/database; SQLite in a temporary folder when not given
    #[arg(long, value_name = "URL")]
    database: Option<String>,
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
    /// Measure even where files are in memory only, and say so in the figures
    #[arg(long)]
    anyway: bool,
}

#[derive(Debug, Args)]
pub(super) struct Soak {
    /// Connections, one device each
    #[arg(long, default_value_t = 100)]
    connections: usize,
    /// How long
    #[arg(long, default_value_t = 1_800)]
    seconds: u64,
    /// Messages a second of all connections together
    #[arg(long, default_value_t = 3_000.0)]
    rate: f64,
    /// Measure even where files are in memory only, and say so in the figures
    #[arg(long)]
    anyway: bool,
}

pub(super) async fn run(verb: Bench, world: &World) -> Result<(), Failure> {
    match verb {
        Bench::Ingest(asked) => run_ingest(world, asked).await,
        Bench::Chart(asked) => run_chart(world, asked).await,
        Bench::Devices(asked) => run_devices(world, asked).await,
        Bench::Fanout(asked) => run_fanout(world, asked).await,
        Bench::Soak(asked) => run_soak(world, asked).await,
    }
}

async fn run_ingest(world: &World, asked: Ingest) -> Result<(), Failure> {
    let Ingest { connections, in_flight, seconds, rate, broker, backlog, anyway } = asked;
    if connections == 0 || in_flight == 0 || seconds == 0 || rate.is_some_and(|rate| !is_rate(rate)) || backlog == Some(0) {
        return Err(Failure::wrong_use("--connections, --in-flight, --seconds, --rate and --backlog are above 0"));
    }
    let time = Duration::from_secs(seconds);
    let plan = ingest::Plan { connections, window: in_flight, time, rate_per_s: rate };
    if let Some(broker) = broker {
        let (host, port) = credentials::broker(&broker).map_err(Failure::wrong_use)?;
        return line(&elsewhere::run(world, format!("{host}:{port}"), plan).await.map_err(Failure::new)?);
    }
    let dir = disk(anyway)?;
    mention(format!("in {}, three times {seconds} s", dir.path().display()));
    if let Some(readings) = backlog {
        let plan = backlog::Plan { connections, window: in_flight, rate_per_s: rate.unwrap_or(2_000.0), time, readings };
        return line(&backlog::run(world, dir.path(), plan).await.map_err(Failure::new)?);
    }
    line(&ingest::run(world, dir.path(), plan).await.map_err(Failure::new)?)
}

async fn run_chart(world: &World, asked: Chart) -> Result<(), Failure> {
    let Chart { days, step, points, year_days, rounds, week } = asked;
    if days == 0 || step == 0 || rounds == 0 || !(1..=MOST_POINTS).contains(&points) {
        return Err(Failure::wrong_use(format!("--days, --step and --rounds are above 0, --points is 1 to {MOST_POINTS}")));
    }
    let week = week.map(|file| std::fs::read_to_string(&file).map_err(|e| Failure::new(format!("{}: {e}", file.display()))));
    let (days, year_days) = (i64::from(days), i64::from(year_days));
    let plan = chart::Plan { step_ms: i64::from(step) * 1_000, days, year_days, points, rounds, week: week.transpose()? };
    let dir = folder()?;
    mention(format!("in {}", dir.path().display()));
    chart::run(world, dir.path(), &plan, tell).await.map_err(Failure::new)
}

async fn run_devices(world: &World, asked: Devices) -> Result<(), Failure> {
    let Devices { devices, rounds, database } = asked;
    if devices == 0 || rounds == 0 {
        return Err(Failure::wrong_use("--devices and --rounds are above 0"));
    }
    let dir = folder()?;
    mention(format!("in {}, {devices} devices", dir.path().display()));
    let plan = devices::Plan { devices, rounds, database };
    devices::run(world, dir.path(), &plan, tell).await.map_err(Failure::new)
}

async fn run_fanout(world: &World, asked: Fanout) -> Result<(), Failure> {
    let Fanout { clients, stalled, seconds, anyway } = asked;
    if clients == 0 || seconds == 0 {
        return Err(Failure::wrong_use("--clients and --seconds are above 0"));
    }
    let program = std::env::current_exe().map_err(Failure::new)?;
    for stalled in if stalled == 0 { vec![0] } else { vec![0, stalled] } {
        let dir = disk(anyway)?;
        mention(format!("in {}, {clients} clients and {stalled} that do not read, {seconds} s", dir.path().display()));
        let plan = fanout::Plan { program: program.clone(), clients, stalled, messages: seconds, pause: Duration::from_secs(1) };
        line(&fanout::run(world, dir.path(), &plan).await.map_err(Failure::new)?)?;
    }
    Ok(())
}

async fn run_soak(world: &World, asked: Soak) -> Result<(), Failure> {
    let Soak { connections, seconds, rate, anyway } = asked;
    if connections == 0 || seconds == 0 || !is_rate(rate) {
        return Err(Failure::wrong_use("--connections, --seconds and --rate are above 0"));
    }
    let dir = disk(anyway)?;
    mention(format!("in {}, {seconds} s", dir.path().display()));
    let plan = soak::Plan { connections, rate_per_s: rate, time: Duration::from_secs(seconds) };
    soak::run(world, dir.path(), plan, tell).await.map_err(Failure::new)
}

/// A rate that time can be divided by: neither NaN nor without end.
fn is_rate(rate: f64) -> bool {
    rate.is_finite() && rate > 0.0
}

/// A folder on a disk: what is measured is what an acknowledgement costs that survives a power cut.
fn disk(anyway: bool) -> Result<tempfile::TempDir, Failure> {
    let dir = folder()?;
    match machine::memory_only(dir.path()).filter(|_| !anyway) {
        None => Ok(dir),
        Some(kind) => Err(Failure::new(format!(
            "{} is in memory only ({kind}): writing there waits for no disk, and the figures would be of something else; set TMPDIR to a folder on a disk, or add --anyway",
            std::env::temp_dir().display()
        ))),
    }
}

fn folder() -> Result<tempfile::TempDir, Failure> {
    tempfile::Builder::new().prefix("vigia-bench-").tempdir().map_err(Failure::new)
}

fn line(line: &impl Serialize) -> Result<(), Failure> {
    say(serde_json::to_string(line).map_err(Failure::new)?)
}

/// A figure as soon as it is there. Whoever reads them no more ends the bench by other means.
fn tell(figure: &impl Serialize) {
    let _ = line(figure);
}
