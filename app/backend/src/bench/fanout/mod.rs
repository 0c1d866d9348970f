//! `vigia bench fanout`: many WebSocket clients that follow one device, which says something once a second. The server is a process of
//! its own, as it always is; the clients are in this one.

mod listener;
mod server;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;
use vigia_domain::rights::Scope;

use self::listener::Listener;
use self::server::Server;
use super::ingest::{BenchError, failed, round};
use super::machine;
use crate::auth::token::{self, Kind};
use crate::config::Settings;
use crate::db::Databases;
use crate::db::audit::{Actor, By};
use crate::db::keys::{self, NewKey};
use crate::fleet::{self, NewDevice};
use crate::live::MOST_SOCKETS;
use crate::simulate::speaker::Speaker;
use crate::world::World;

/// The device that all of them follow.
const DEVICE: &str = "bench-fanout";
/// A talkative one that only those follow who do not read: what it says fills their connections, so that the server really waits for them.
const NOISE: &str = "bench-noise";
/// Metrics in each message of it, 3 KB together, and from one message to the next.
const NOISE_METRICS: usize = 100;
const NOISE_PAUSE: Duration = Duration::from_millis(50);
/// Connections that are opened at the same time.
const OPENING: usize = 64;
/// How long the first message may take to reach everybody, and the last one.
const REACHED: Duration = Duration::from_secs(60);
/// How often it is looked whether everybody listens.
const AGAIN: Duration = Duration::from_millis(500);
const LAST: Duration = Duration::from_secs(5);

/// What is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program, whose verb `serve` is the server.
    pub program: PathBuf,
    /// Clients that read.
    pub clients: usize,
    /// Clients beside them that follow the same device and never read.
    pub stalled: usize,
    /// Messages that are told.
    pub messages: usize,
    /// From one to the next.
    pub pause: Duration,
}

/// One line of the bench.
#[derive(Debug, Serialize)]
pub struct Line {
    bench: &'static str,
    engine: &'static str,
    broker: &'static str,
    connections: usize,
    stalled: usize,
    durable: bool,
    /// `false` where files are in memory only: nothing of it is what a disk takes then.
    durable_medium: bool,
    messages: usize,
    messages_per_s: f64,
    /// What the clients heard, all together; each message once by each, or it is missing.
    heard: usize,
    missing: usize,
    /// Connections that ended on their own.
    lost: usize,
    /// From the publish to the client, through broker, commit and hub.
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    /// Of the server, with every connection standing.
    rss_mb: Option<f64>,
    fsync_ms: f64,
}

/// Runs the bench in `dir`, an empty folder.
///
/// # Errors
/// [`BenchError`].
pub async fn run(world: &World, dir: &Path, plan: &Plan) -> Result<Line, BenchError> {
    let fsync_ms = machine::fsync_ms(world, dir).map_err(failed)?;
    let data = dir.join("data");
    let all = plan.clients + plan.stalled;
    let (tokens, keys) = prepare(world, &data, all.div_ceil(MOST_SOCKETS)).await?;
    let server = Server::start(&plan.program, &data).await.map_err(failed)?;
    let outcome = measure(world, &server, plan, &tokens, &keys).await;
    server.stop().await;
    let (mut latencies, lost, rss_mb) = outcome?;
    latencies.sort_unstable();
    let heard = latencies.len();
    Ok(Line {
        bench: "fanout",
        engine: "sqlite",
        broker: "embedded",
        connections: plan.clients,
        stalled: plan.stalled,
        durable: true,
        durable_medium: machine::memory_only(dir).is_none(),
        messages: plan.messages,
        messages_per_s: round(1.0 / plan.pause.as_secs_f64()),
        heard,
        missing: (plan.clients * plan.messages).saturating_sub(heard),
        lost,
        p50_ms: at(&latencies, 50),
        p99_ms: at(&latencies, 99),
        max_ms: at(&latencies, 100),
        rss_mb: rss_mb.map(round),
        fsync_ms: round(fsync_ms),
    })
}

/// The latency that so many of a hundred do not exceed, in ms; of a sorted list in µs.
fn at(latencies_us: &[u32], percent: usize) -> f64 {
    let place = (latencies_us.len().saturating_sub(1)) * percent / 100;
    round(latencies_us.get(place).map_or(0.0, |us| f64::from(*us) / 1000.0))
}

/// Registers both devices and so many keys; one key holds only its share of connections.
async fn prepare(world: &World, data: &Path, count: usize) -> Result<([String; 2], Vec<String>), BenchError> {
    let mut settings = Settings::default();
    settings.data.dir = data.to_owned();
    let databases = Databases::open(&settings).await.map_err(failed)?;
    let mut tokens = [String::new(), String::new()];
    for (id, token) in [DEVICE, NOISE].into_iter().zip(&mut tokens) {
        let id = DeviceId::new(id).map_err(failed)?;
        let new = NewDevice { actor: &Actor::named("bench"), id: &id, kind: DeviceKind::EnergyMeter, name: None, owner: None };
        *token = fleet::register(&databases.registry, world, new).await.map_err(failed)?.token;
    }
    let mut made = Vec::with_capacity(count);
    for n in 0..count {
        let key = token::make(world, Kind::ApiKey);
        let by = By { actor: &Actor::named("bench"), at_ms: world.clock.now_ms() };
        let hash = token::hash(key.as_bytes());
        let name = format!("bench-{n}");
        let new = NewKey { name: &name, hash: &hash, scopes: &[Scope::TelemetryRead], owner: None, expires_ms: None };
        keys::insert(&databases.registry, new, by).await.map_err(failed)?;
        made.push(key);
    }
    databases.close().await;
    Ok((tokens, made))
}

/// When each message left, and how many clients have heard the first.
struct Board {
    left: Vec<OnceLock<Instant>>,
    ready: AtomicUsize,
}

type Measured = (Vec<u32>, usize, Option<f64>);

async fn measure(
    world: &World,
    server: &Server,
    plan: &Plan,
    [token, noise]: &[String; 2],
    keys: &[String],
) -> Result<Measured, BenchError> {
    let board = Arc::new(Board { left: (0..=plan.messages).map(|_| OnceLock::new()).collect(), ready: AtomicUsize::new(0) });
    let stop = CancellationToken::new();
    // Among the others and not after them: they stand in the same lists.
    let (stalled, listeners) = open(server, plan, keys).await?;
    let mut noises = JoinSet::new();
    if plan.stalled > 0 {
        noises.spawn(make_noise(world.clone(), server.mqtt.to_string(), noise.clone(), stop.clone()));
    }
    let mut tasks = JoinSet::new();
    for listener in listeners {
        tasks.spawn(listen(listener, Arc::clone(&board), stop.clone()));
    }
    let mut speaker = Speaker::sign_in(&server.mqtt.to_string(), DEVICE, token).await.map_err(failed)?;
    let began = Instant::now();
    // Those before the first show that everybody listens, and are not counted: a client that began to listen after one of them hears the next.
    while board.ready.load(Ordering::Relaxed) < plan.clients {
        speak(world, &mut speaker, &board, 0).await?;
        if began.elapsed() > REACHED {
            let ready = board.ready.load(Ordering::Relaxed);
            return Err(failed(format!("only {ready} of {} clients heard the first message in {} s", plan.clients, REACHED.as_secs())));
        }
        sleep(AGAIN).await;
    }
    let began = Instant::now();
    for n in 1..=plan.messages {
        sleep_until(began + plan.pause * u32::try_from(n).map_err(failed)?).await;
        speak(world, &mut speaker, &board, n).await?;
    }
    sleep(LAST.min(plan.pause * 5)).await;
    let rss_mb = machine::rss_mb_of(server.id());
    stop.cancel();
    let (mut latencies, mut lost) = (Vec::with_capacity(plan.clients * plan.messages), 0);
    while let Some(done) = tasks.join_next().await {
        let Ok((heard, is_lost)) = done else { continue };
        latencies.extend(heard);
        lost += usize::from(is_lost);
    }
    drop(stalled);
    // Without it there was nobody to wait for, and the figures would say less than they seem to.
    while let Some(noise) = noises.join_next().await {
        noise.map_err(failed)?.map_err(failed)?;
    }
    Ok((latencies, lost, rss_mb))
}

async fn make_noise(world: World, broker: String, token: String, stop: CancellationToken) -> std::io::Result<()> {
    let mut speaker = Speaker::sign_in(&broker, NOISE, &token).await?;
    while !stop.is_cancelled() {
        let at_ms = world.clock.now_ms();
        let values = (0..NOISE_METRICS).map(|n| (format!("a_rather_long_name_{n}"), json!(at_ms % 1_000)));
        let body: serde_json::Map<_, _> = values.chain([("ts".to_owned(), json!(at_ms))]).collect();
        speaker.say(serde_json::Value::Object(body).to_string().as_bytes()).await?;
        sleep(NOISE_PAUSE).await;
    }
    Ok(())
}

async fn speak(world: &World, speaker: &mut Speaker, board: &Board, n: usize) -> Result<(), BenchError> {
    let body = json!({ "ts": world.clock.now_ms(), "n": n, "power_w": 512.3, "voltage_v": 127.1, "energy_wh": 1_000_000.0 });
    let _ = board.left[n].set(Instant::now());
    speaker.say(body.to_string().as_bytes()).await.map_err(failed)
}

/// Opens the connections; those that never read, and those that do.
async fn open(server: &Server, plan: &Plan, keys: &[String]) -> Result<(Vec<TcpStream>, Vec<Listener>), BenchError> {
    let (mut opening, mut listeners, mut stalled) = (JoinSet::new(), Vec::new(), Vec::new());
    let all = plan.clients + plan.stalled;
    let mut waiting = (0..all).map(|n| (n < plan.stalled, keys[n / MOST_SOCKETS].clone()));
    loop {
        while opening.len() < OPENING
            && let Some((is_stalled, key)) = waiting.next()
        {
            let address = server.http;
            opening.spawn(async move {
                let devices: &[&str] = if is_stalled { &[DEVICE, NOISE] } else { &[DEVICE] };
                Listener::connect(address, &key, devices, is_stalled).await.map(|listener| (is_stalled, listener))
            });
        }
        match opening.join_next().await {
            Some(Ok(Ok((true, listener)))) => stalled.push(listener.into_stream()),
            Some(Ok(Ok((false, listener)))) => listeners.push(listener),
            Some(Ok(Err(reason))) => return Err(failed(format!("a client could not connect: {reason}"))),
            Some(Err(_)) => return Err(failed("a client panicked")),
            None => return Ok((stalled, listeners)),
        }
    }
}

/// Hears until it is told to stop; how long each message took in µs, and whether the connection was lost.
async fn listen(mut listener: Listener, board: Arc<Board>, stop: CancellationToken) -> (Vec<u32>, bool) {
    let mut heard: BTreeMap<usize, u32> = BTreeMap::new();
    let mut ready = false;
    let lost = loop {
        let next = tokio::select! {
            next = listener.next() => next,
            () = stop.cancelled() => break false,
        };
        let Ok(numbers) = next else { break true };
        let now = Instant::now();
        for n in numbers {
            if !std::mem::replace(&mut ready, true) {
                board.ready.fetch_add(1, Ordering::Relaxed);
            }
            if let (1.., Some(left)) = (n, board.left.get(n).and_then(OnceLock::get)) {
                heard.entry(n).or_insert_with(|| u32::try_from((now - *left).as_micros()).unwrap_or(u32::MAX));
            }
        }
    };
    (heard.into_values().collect(), lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_whole_list() {
        let latencies: Vec<u32> = (1..=1_000).map(|n| n * 1_000).collect();
        assert_eq!([at(&latencies, 50), at(&latencies, 99), at(&latencies, 100)], [500.0, 990.0, 1_000.0]);
        assert!(at(&[], 99).abs() < f64::EPSILON);
    }
}
