//! `vigia bench ingest`: messages from real connections through the broker into the store, acknowledged after the commit;
//! and, in the same run, the same broker with no store behind it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::{DeviceId, DeviceNumber};

use super::machine;
use super::nowhere::Nowhere;
use crate::app::App;
use crate::auth::oidc::Providers;
use crate::config::{Guard, Settings};
use crate::db::Databases;
use crate::fleet::{self, FleetGate, NewDevice};
use crate::lifecycle::{Lifecycle, Phase};
use crate::metrics::Metrics;
use crate::mqtt::embedded::EmbeddedBroker;
use crate::mqtt::{DeviceIdentity, Gate, Offence, Unavailable};
use crate::simulate::load::{self, Load, Outcome};
use crate::world::World;

/// Values in each message of the load.
pub(super) const VALUES: u64 = 10;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Connections, one device each.
    pub connections: usize,
    /// Messages under way on each.
    pub window: u16,
    /// How long.
    pub time: Duration,
    /// Messages a second of all together; as many as go through when `None`.
    pub rate_per_s: Option<f64>,
}

/// One line of the bench.
#[derive(Debug, Serialize)]
pub struct Line {
    bench: &'static str,
    engine: &'static str,
    broker: &'static str,
    connections: usize,
    in_flight: u16,
    values_per_message: u64,
    durable: bool,
    /// `false` where files are in memory only: nothing of it is what a disk takes then.
    durable_medium: bool,
    seconds: f64,
    messages: u64,
    messages_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// Of the process, which holds the load's own connections, too.
    rss_mb: Option<f64>,
    fsync_ms: f64,
    /// The same, with a store that keeps nothing: signing in, rights, decoding, checks and announcements are all there.
    without_store_messages_per_s: f64,
    /// The broker with nothing at all behind it.
    broker_only_messages_per_s: f64,
    /// Processor time for a message, the load's own share in it: beside the throughput, because it depends less on who else uses the machine.
    cpu_us_per_message: Option<f64>,
    without_store_cpu_us_per_message: Option<f64>,
    bytes_per_value: f64,
}

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A part did not start, or a connection failed.
    #[error("the bench could not run: {0}")]
    Failed(String),
}

pub(super) fn failed(reason: impl std::fmt::Display) -> BenchError {
    BenchError::Failed(reason.to_string())
}

/// Runs the bench in `dir`, an empty folder.
///
/// # Errors
/// [`BenchError`].
pub async fn run(world: &World, dir: &Path, plan: Plan) -> Result<Line, BenchError> {
    let fsync_ms = machine::fsync_ms(world, dir).map_err(failed)?;
    let bare = broker_only(world, plan).await?;
    let started = machine::cpu_us();
    let nowhere = without_store(world, dir, plan).await?;
    let between = machine::cpu_us();
    let (durable, rss_mb, bytes) = stored(world, dir, plan).await?;
    let ended = machine::cpu_us();
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let cpu_us = |from: Option<f64>, to: Option<f64>, of: &Outcome| Some(round((to? - from?) / of.acknowledged.max(1) as f64));
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let bytes_per_value = bytes as f64 / (durable.acknowledged * VALUES).max(1) as f64;
    Ok(Line {
        bench: "ingest",
        engine: "sqlite",
        broker: "embedded",
        connections: plan.connections,
        in_flight: plan.window,
        values_per_message: VALUES,
        durable: true,
        durable_medium: machine::memory_only(dir).is_none(),
        seconds: round(durable.elapsed.as_secs_f64()),
        messages: durable.acknowledged,
        messages_per_s: durable.messages_per_s().round(),
        p50_ms: round(durable.p50.as_secs_f64() * 1000.0),
        p99_ms: round(durable.p99.as_secs_f64() * 1000.0),
        rss_mb: rss_mb.map(round),
        fsync_ms: round(fsync_ms),
        without_store_messages_per_s: nowhere.messages_per_s().round(),
        broker_only_messages_per_s: bare.messages_per_s().round(),
        cpu_us_per_message: cpu_us(between, ended, &durable),
        without_store_cpu_us_per_message: cpu_us(started, between, &nowhere),
        bytes_per_value: round(bytes_per_value),
    })
}

pub(super) fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

async fn stored(world: &World, dir: &Path, plan: Plan) -> Result<(Outcome, Option<f64>, u64), BenchError> {
    let lifecycle = Lifecycle::default();
    let app = App::open(settings(dir.join("data")), world.clone(), lifecycle.clone()).await.map_err(failed)?;
    let outcome = over(world, &app, plan).await?;
    let rss_mb = machine::rss_mb();
    lifecycle.stop().await;
    app.databases().close().await;
    let bytes = std::fs::metadata(dir.join("data/telemetry.db")).map_err(failed)?.len();
    Ok((outcome, rss_mb, bytes))
}

async fn without_store(world: &World, dir: &Path, plan: Plan) -> Result<Outcome, BenchError> {
    let (settings, lifecycle, metrics) = (settings(dir.join("nowhere")), Lifecycle::default(), Metrics::default());
    let databases = Databases::open(&settings).await.map_err(failed)?;
    let providers = Providers::none(&settings, world);
    let app = App::over(settings, world.clone(), lifecycle.clone(), databases, Arc::new(Nowhere), metrics, providers);
    let outcome = over(world, &app, plan).await;
    lifecycle.stop().await;
    app.databases().close().await;
    outcome
}

fn settings(dir: PathBuf) -> Settings {
    let mut settings = Settings::default();
    settings.data.dir = dir;
    settings
}

async fn over(world: &World, app: &App, plan: Plan) -> Result<Outcome, BenchError> {
    let devices = register(world, app, plan.connections).await?;
    let gate = Arc::new(FleetGate::of(app));
    through(a_year_ago(world), app.lifecycle(), gate, devices, plan).await
}

async fn broker_only(world: &World, plan: Plan) -> Result<Outcome, BenchError> {
    let lifecycle = Lifecycle::default();
    let devices = ids(plan.connections).into_iter().map(|id| (id, String::from("x"))).collect();
    let outcome = through(a_year_ago(world), &lifecycle, Arc::new(Nothing), devices, plan).await;
    lifecycle.stop().await;
    outcome
}

pub(super) fn ids(count: usize) -> Vec<DeviceId> {
    (0..count).map(|n| DeviceId::new(format!("bench-{n}")).expect("letters and digits")).collect()
}

/// A device's messages are as far apart as those of the quickest meters, not as they are sent: by that it is measured how time is kept, and the
/// quarters of an hour reckoned.
pub(super) const STEP_MS: i64 = 1_000;

/// A year back is room for all messages of a device.
pub(super) fn a_year_ago(world: &World) -> i64 {
    world.clock.now_ms() - 365 * 24 * 60 * 60 * 1000
}

/// Registers so many devices.
pub(super) async fn register(world: &World, app: &App, count: usize) -> Result<Vec<(DeviceId, String)>, BenchError> {
    let mut devices = Vec::with_capacity(count);
    for id in ids(count) {
        let new =
            NewDevice { actor: &crate::db::audit::Actor::named("bench"), id: &id, kind: DeviceKind::EnergyMeter, name: None, owner: None };
        let made = fleet::register(app.registry(), world, new).await.map_err(failed)?;
        devices.push((id, made.token));
    }
    Ok(devices)
}

/// Sends the load through a broker of its own; the devices' first messages tell of `from_ms`.
pub(super) async fn through(
    from_ms: i64,
    lifecycle: &Lifecycle,
    gate: Arc<dyn Gate>,
    devices: Vec<(DeviceId, String)>,
    plan: Plan,
) -> Result<Outcome, BenchError> {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (broker, listening) = EmbeddedBroker::bind(anywhere, Guard::Anyone, gate).await.map_err(failed)?;
    lifecycle.spawn("broker", Phase::Intake, |stop| listening.serve(stop));
    send(broker.address().to_string(), from_ms, devices, plan).await
}

/// Sends the load to the broker at `host:port`.
pub(super) async fn send(broker: String, from_ms: i64, devices: Vec<(DeviceId, String)>, plan: Plan) -> Result<Outcome, BenchError> {
    let load = Load {
        values: load::VALUES,
        broker,
        devices,
        window: plan.window,
        rate_per_s: plan.rate_per_s,
        time: plan.time,
        from_ms,
        step_ms: STEP_MS,
        keep: false,
    };
    let outcome = load::run(load, CancellationToken::new()).await;
    match outcome.first_failure {
        Some(reason) => Err(failed(format!("{} connections failed, the first because: {reason}", outcome.failed))),
        None => Ok(outcome),
    }
}

/// A gate that stores nothing: what the broker costs by itself.
struct Nothing;

#[async_trait]
impl Gate for Nothing {
    async fn authenticate(&self, user: &str, _: &[u8]) -> Result<Option<DeviceIdentity>, Unavailable> {
        Ok(DeviceId::new(user).ok().map(|id| DeviceIdentity { id, number: DeviceNumber(1) }))
    }

    async fn accept(&self, _: &DeviceIdentity, _: &str, _: Bytes, _: u8) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn refused(&self, _: &DeviceIdentity, _: Offence, _: &str, _: &[u8]) {}

    async fn connected(&self, _: &DeviceIdentity) {}

    async fn disconnected(&self, _: &DeviceIdentity) {}
}
