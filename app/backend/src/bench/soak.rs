//! `vigia bench soak`: a steady load for as long as asked, with sealing, a short retention and readers, and what the memory does meanwhile.

use std::net::Ipv4Addr;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;
use vigia_domain::ids::DeviceNumber;

use super::ingest::{self, BenchError, STEP_MS, failed, round};
use super::machine;
use crate::app::App;
use crate::config::{Guard, Settings};
use crate::fleet::FleetGate;
use crate::lifecycle::{Lifecycle, Phase};
use crate::mqtt::embedded::EmbeddedBroker;
use crate::simulate::latencies::Latencies;
use crate::simulate::load::{self, Load};
use crate::telemetry::Question;
use crate::world::World;

/// After so long a figure is told.
const STRETCH: Duration = Duration::from_secs(15);
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// How often what is older is removed.
const RETENTION: Duration = Duration::from_secs(5);
/// Readers at the same time, and how long each rests between two questions.
const READERS: i64 = 4;
const REST: Duration = Duration::from_millis(50);

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Connections, one device each.
    pub connections: usize,
    /// Messages a second of all together.
    pub rate_per_s: f64,
    /// How long.
    pub time: Duration,
}

/// One line: a stretch of the soak, or all of it.
#[derive(Debug, Serialize)]
pub struct Line {
    bench: &'static str,
    engine: &'static str,
    /// `stretch` or `all`.
    part: &'static str,
    /// Since the beginning.
    seconds: f64,
    messages: u64,
    messages_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    questions: u64,
    question_p95_ms: f64,
    sealed_values: u64,
    retired_values: u64,
    errors: u64,
    /// `false` where files are in memory only: nothing of it is what a disk takes then.
    durable_medium: bool,
    rss_mb: Option<f64>,
    /// Of `all`: at the end of the first quarter of the time, when everything has its size.
    #[serde(skip_serializing_if = "Option::is_none")]
    rss_mb_early: Option<f64>,
}

#[derive(Default)]
struct Counts {
    questions: AtomicU64,
    errors: AtomicU64,
    retired: AtomicU64,
    /// The newest time that devices have sent about, ms since the epoch.
    newest_ms: AtomicI64,
    times_ms: Mutex<Vec<f64>>,
}

/// Runs the soak in `dir`, an empty folder; each line is told as soon as it is there.
///
/// # Errors
/// [`BenchError`]: a connection failed, or something did not start.
pub async fn run(world: &World, dir: &Path, plan: Plan, mut tell: impl FnMut(&Line)) -> Result<(), BenchError> {
    let mut settings = Settings::default();
    settings.data.dir = dir.join("data");
    let lifecycle = Lifecycle::default();
    let app = App::open(settings, world.clone(), lifecycle.clone()).await.map_err(failed)?;
    let devices = ingest::register(world, &app, plan.connections).await?;
    // Each message of a device is a second after the one before, so that days, quarters and chunks come and go.
    let begin_ms = world.clock.now_ms() - i64::try_from(plan.time.as_millis()).map_err(failed)? - DAY_MS - messages_of_one(plan) * STEP_MS;
    let counts = Arc::new(Counts { newest_ms: AtomicI64::new(begin_ms), ..Counts::default() });
    for reader in 1..=READERS {
        read(&app, &lifecycle, Arc::clone(&counts), DeviceNumber(reader));
    }
    retire(&app, &lifecycle, Arc::clone(&counts), begin_ms);
    let (broker, listening) =
        EmbeddedBroker::bind((Ipv4Addr::LOCALHOST, 0).into(), Guard::Anyone, Arc::new(FleetGate::of(&app))).await.map_err(failed)?;
    lifecycle.spawn("broker", Phase::Intake, |stop| listening.serve(stop));
    let load = Load {
        values: load::VALUES,
        broker: broker.address().to_string(),
        devices,
        window: 16,
        rate_per_s: Some(plan.rate_per_s),
        time: plan.time,
        from_ms: begin_ms,
        step_ms: STEP_MS,
        keep: false,
    };
    let latencies = Arc::new(Latencies::default());
    let started = world.clock.instant();
    // One broker and the same connections from the first to the last message: what grows in them is seen.
    let mut sending = pin!(load::run_counting(load, CancellationToken::new(), &latencies));
    let (mut messages, mut early, mut worst_p99, mut told_s) = (0_u64, None, 0.0_f64, 0.0_f64);
    let outcome = loop {
        let ended = tokio::select! {
            outcome = &mut sending => Some(outcome),
            () = tokio::time::sleep(STRETCH) => None,
        };
        let seconds = (world.clock.instant() - started).as_secs_f64();
        let (here, [p50, p99]) = latencies.take([0.5, 0.99]);
        messages += here;
        let newest_ms = begin_ms + i64::try_from(messages / plan.connections.max(1) as u64).unwrap_or_default() * STEP_MS;
        counts.newest_ms.store(newest_ms, Ordering::Relaxed);
        worst_p99 = worst_p99.max(p99.as_secs_f64() * 1_000.0);
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let line = Line {
            part: "stretch",
            messages: here,
            messages_per_s: (here as f64 / (seconds - told_s).max(1e-9)).round(),
            p50_ms: round(p50.as_secs_f64() * 1_000.0),
            p99_ms: round(p99.as_secs_f64() * 1_000.0),
            ..line(&app, &counts, seconds)
        };
        told_s = seconds;
        if early.is_none() && seconds * 4.0 >= plan.time.as_secs_f64() {
            early = line.rss_mb;
        }
        tell(&line);
        if let Some(outcome) = ended {
            break outcome;
        }
    };
    if let Some(reason) = outcome.first_failure {
        return Err(failed(format!("{} connections failed, the first because: {reason}", outcome.failed)));
    }
    let seconds = (world.clock.instant() - started).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let messages_per_s = (messages as f64 / seconds.max(1e-9)).round();
    let all = Line { messages, messages_per_s, p99_ms: round(worst_p99), rss_mb_early: early, ..line(&app, &counts, seconds) };
    lifecycle.stop().await;
    app.databases().close().await;
    tell(&all);
    Ok(())
}

/// Of one connection, in the whole time.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a count, rounded up")]
fn messages_of_one(plan: Plan) -> i64 {
    (plan.rate_per_s / plan.connections.max(1) as f64 * plan.time.as_secs_f64()).ceil() as i64
}

fn line(app: &App, counts: &Counts, seconds: f64) -> Line {
    let mut times = std::mem::take(&mut *counts.times_ms.lock().unwrap_or_else(PoisonError::into_inner));
    times.sort_by(f64::total_cmp);
    let p95 = times.get((times.len() * 95).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default();
    Line {
        bench: "soak",
        engine: "sqlite",
        part: "all",
        seconds: round(seconds),
        messages: 0,
        messages_per_s: 0.0,
        p50_ms: 0.0,
        p99_ms: 0.0,
        questions: counts.questions.load(Ordering::Relaxed),
        question_p95_ms: round(p95),
        sealed_values: app.metrics().store.sealed.get(),
        retired_values: counts.retired.load(Ordering::Relaxed),
        errors: counts.errors.load(Ordering::Relaxed) + app.metrics().ingest.failed.get(),
        durable_medium: machine::memory_only(&app.settings().data.dir).is_none(),
        rss_mb: machine::rss_mb().map(round),
        rss_mb_early: None,
    }
}

/// Somebody who looks at a device's chart again and again.
fn read(app: &App, lifecycle: &Lifecycle, counts: Arc<Counts>, device: DeviceNumber) {
    let app = app.clone();
    lifecycle.spawn("a reader of the soak", Phase::Intake, |stop| async move {
        while !stop.is_cancelled() {
            let begun = app.world().clock.instant();
            let to_ms = counts.newest_ms.load(Ordering::Relaxed) + 60_000;
            let question = Question { device, metric: "power_w", from_ms: to_ms - 3_600_000, to_ms, points: 700 };
            let answer = app.store().aggregate(&question).await;
            let took_ms = (app.world().clock.instant() - begun).as_secs_f64() * 1_000.0;
            counts.questions.fetch_add(1, Ordering::Relaxed);
            match answer {
                Ok(_) => counts.times_ms.lock().unwrap_or_else(PoisonError::into_inner).push(took_ms),
                Err(error) => {
                    tracing::error!(%error, "a question of the soak");
                    counts.errors.fetch_add(1, Ordering::Relaxed);
                }
            }
            tokio::time::sleep(REST).await;
        }
    });
}

/// Removes what is older than half of what was sent.
fn retire(app: &App, lifecycle: &Lifecycle, counts: Arc<Counts>, begin_ms: i64) {
    let app = app.clone();
    lifecycle.every("the soak's retention", RETENTION, move || {
        let (app, counts) = (app.clone(), Arc::clone(&counts));
        async move {
            let newest_ms = counts.newest_ms.load(Ordering::Relaxed);
            match app.store().delete_before(begin_ms + (newest_ms - begin_ms) / 2).await {
                Ok(gone) => drop(counts.retired.fetch_add(gone, Ordering::Relaxed)),
                Err(error) => {
                    tracing::error!(%error, "the soak's retention");
                    counts.errors.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    });
}
