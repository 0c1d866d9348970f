//! `vigia bench ingest --backlog N`: a device returns after an outage and sends what it has gathered, while others go on as ever. The
//! figures are those of the others, without it and with it.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;

use super::ingest::{BenchError, STEP_MS, failed, register, round};
use super::machine;
use crate::app::App;
use crate::config::{Guard, Settings};
use crate::fleet::{self, FleetGate, NewDevice};
use crate::lifecycle::{Lifecycle, Phase};
use crate::mqtt::embedded::EmbeddedBroker;
use crate::simulate::load::{self, Load, Outcome};
use crate::simulate::speaker::Speaker;
use crate::world::World;

/// Readings in each message of the returning device, with ten values each: 100 KB, as a device with some memory sends.
const READINGS_PER_MESSAGE: usize = 500;
const RETURNING: &str = "bench-returns";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The others, one connection each.
    pub connections: usize,
    /// Messages under way on each of theirs.
    pub window: u16,
    /// Their messages a second, all together.
    pub rate_per_s: f64,
    /// How long they speak, without and then with the one that returns.
    pub time: Duration,
    /// Readings that it brings.
    pub readings: usize,
}

/// One line of the bench.
#[derive(Debug, Serialize)]
pub struct Line {
    bench: &'static str,
    engine: &'static str,
    broker: &'static str,
    connections: usize,
    in_flight: u16,
    durable: bool,
    /// `false` where files are in memory only: nothing of it is what a disk takes then.
    durable_medium: bool,
    messages_per_s: f64,
    backlog_readings: usize,
    backlog_readings_per_message: usize,
    /// Until the last of them was acknowledged.
    backlog_s: f64,
    p50_alone_ms: f64,
    p99_alone_ms: f64,
    p50_ms: f64,
    p99_ms: f64,
    rss_mb: Option<f64>,
    fsync_ms: f64,
}

/// Runs the bench in `dir`, an empty folder.
///
/// # Errors
/// [`BenchError`].
pub async fn run(world: &World, dir: &Path, plan: Plan) -> Result<Line, BenchError> {
    let fsync_ms = machine::fsync_ms(world, dir).map_err(failed)?;
    let mut settings = Settings::default();
    settings.data.dir = dir.join("data");
    let lifecycle = Lifecycle::default();
    let app = App::open(settings, world.clone(), lifecycle.clone()).await.map_err(failed)?;
    let devices = register(world, &app, plan.connections).await?;
    let returning = DeviceId::new(RETURNING).map_err(failed)?;
    let new = NewDevice {
        actor: &crate::db::audit::Actor::named("bench"),
        id: &returning,
        kind: DeviceKind::EnergyMeter,
        name: None,
        owner: None,
    };
    let token = fleet::register(app.registry(), world, new).await.map_err(failed)?.token;
    let gate = FleetGate::of(&app);
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (broker, listening) = EmbeddedBroker::bind(anywhere, Guard::Anyone, Arc::new(gate)).await.map_err(failed)?;
    lifecycle.spawn("broker", Phase::Intake, |stop| listening.serve(stop));
    let broker = broker.address().to_string();
    let now_ms = world.clock.now_ms();
    let load = |from_ms| Load {
        values: load::VALUES,
        broker: broker.clone(),
        devices: devices.clone(),
        window: plan.window,
        rate_per_s: Some(plan.rate_per_s),
        time: plan.time,
        from_ms,
        step_ms: STEP_MS,
        keep: false,
    };
    let alone = whole(load::run(load(now_ms - DAY_MS), CancellationToken::new()).await)?;
    let returns = async {
        // In the midst of it.
        tokio::time::sleep(plan.time / 4).await;
        bring(&broker, &token, now_ms - DAY_MS, plan.readings).await
    };
    let (beside, brought) = tokio::join!(load::run(load(now_ms - DAY_MS / 2), CancellationToken::new()), returns);
    let (beside, brought) = (whole(beside)?, brought.map_err(failed)?);
    let rss_mb = machine::rss_mb();
    lifecycle.stop().await;
    app.databases().close().await;
    let ms = |duration: Duration| round(duration.as_secs_f64() * 1000.0);
    Ok(Line {
        bench: "backlog",
        engine: "sqlite",
        broker: "embedded",
        connections: plan.connections,
        in_flight: plan.window,
        durable: true,
        durable_medium: machine::memory_only(dir).is_none(),
        messages_per_s: beside.messages_per_s().round(),
        backlog_readings: plan.readings,
        backlog_readings_per_message: READINGS_PER_MESSAGE,
        backlog_s: round(brought.as_secs_f64()),
        p50_alone_ms: ms(alone.p50),
        p99_alone_ms: ms(alone.p99),
        p50_ms: ms(beside.p50),
        p99_ms: ms(beside.p99),
        rss_mb: rss_mb.map(round),
        fsync_ms: round(fsync_ms),
    })
}

fn whole(outcome: Outcome) -> Result<Outcome, BenchError> {
    match outcome.first_failure {
        Some(reason) => Err(failed(format!("{} connections failed, the first because: {reason}", outcome.failed))),
        None => Ok(outcome),
    }
}

/// Sends so many readings, a second apart, as quickly as they are acknowledged; says how long that took.
async fn bring(broker: &str, token: &str, from_ms: i64, readings: usize) -> std::io::Result<Duration> {
    let mut speaker = Speaker::sign_in(broker, RETURNING, token).await?;
    let began = Instant::now();
    let mut at_ms = from_ms;
    for left in (1..=readings).rev().step_by(READINGS_PER_MESSAGE) {
        let mut payload = String::from("[");
        for n in 0..left.min(READINGS_PER_MESSAGE) {
            let comma = if n == 0 { "" } else { "," };
            write!(payload, "{comma}{}", load::payload(at_ms, load::VALUES)).expect("a text takes any text");
            at_ms += STEP_MS;
        }
        payload.push(']');
        speaker.say(payload.as_bytes()).await?;
    }
    Ok(began.elapsed())
}
