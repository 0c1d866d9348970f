//! `vigia bench ingest|chart|soak`

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use serde::Serialize;

use super::Failure;
use super::failure::{mention, say};
use crate::bench::ingest::{self, Plan};
use crate::bench::{chart, soak};
use crate::telemetry::MOST_POINTS;
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
    /// Charts over a month and a year, and what storing them takes
    Chart {
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
    },
    /// A steady load with sealing, a short retention and readers; memory over time
    Soak {
        /// Connections, one device each
        #[arg(long, default_value_t = 100)]
        connections: usize,
        /// How long
        #[arg(long, default_value_t = 1_800)]
        seconds: u64,
        /// Messages a second of all connections together
        #[arg(long, default_value_t = 3_000.0)]
        rate: f64,
    },
}

pub(super) async fn run(verb: Bench, world: &World) -> Result<(), Failure> {
    match verb {
        Bench::Ingest { connections, in_flight, seconds, rate } => run_ingest(world, connections, in_flight, seconds, rate).await,
        Bench::Chart { days, step, points, year_days, rounds, week } => {
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
        Bench::Soak { connections, seconds, rate } => {
            if connections == 0 || seconds == 0 || rate <= 0.0 {
                return Err(Failure::wrong_use("--connections, --seconds and --rate are above 0"));
            }
            let dir = folder()?;
            mention(format!("in {}, {seconds} s", dir.path().display()));
            let plan = soak::Plan { connections, rate_per_s: rate, time: Duration::from_secs(seconds) };
            soak::run(world, dir.path(), plan, tell).await.map_err(Failure::new)
        }
    }
}

fn folder() -> Result<tempfile::TempDir, Failure> {
    tempfile::Builder::new().prefix("vigia-bench-").tempdir().map_err(Failure::new)
}

/// A figure as soon as it is there. Whoever reads them no more ends the bench by other means.
fn tell(line: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(line) {
        let _ = say(text);
    }
}

async fn run_ingest(world: &World, connections: usize, in_flight: u16, seconds: u64, rate: Option<f64>) -> Result<(), Failure> {
    if connections == 0 || in_flight == 0 || seconds == 0 || rate.is_some_and(|r| r <= 0.0) {
        return Err(Failure::wrong_use("--connections, --in-flight, --seconds and --rate are above 0"));
    }
    let dir = folder()?;
    mention(format!("in {}, twice {seconds} s", dir.path().display()));
    let plan = Plan { connections, window: in_flight, time: Duration::from_secs(seconds), rate_per_s: rate };
    let line = ingest::run(world, dir.path(), plan).await.map_err(Failure::new)?;
    say(serde_json::to_string(&line).map_err(Failure::new)?)
}
