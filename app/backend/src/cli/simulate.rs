//! `vigia simulate --scenario S --devices N --rate HZ --broker URL [--seconds S]`

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;

use super::Failure;
use super::failure::{mention, say};
use crate::config::Settings;
use crate::db::Databases;
use crate::db::audit;
use crate::fleet::{self, NewDevice};
use crate::simulate::device::{Device, Faults, Script, Temper};
use crate::simulate::{Actor, Client, Line, Scenario, credentials, replay};
use crate::world::World;

/// The most devices of one call. Each is registered, stays so, and is the same one in the next call.
const MOST_DEVICES: usize = 10_000;
/// The most with bad lines: each line takes four of the process's files.
const MOST_LINES: usize = 2_000;
/// How long the broker may take to be reached.
const REACH: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// household, shelly, biodigester, dispenser or mixed
    #[arg(long, default_value = "household")]
    scenario: Scenario,
    /// How many devices, 1 to 10000
    #[arg(long, default_value_t = 1)]
    devices: usize,
    /// Messages a second of each device
    #[arg(long, default_value_t = 1.0, value_name = "HZ")]
    rate: f64,
    /// The broker, mqtt://host:port [default: the one of the settings]
    #[arg(long, value_name = "URL")]
    broker: Option<String>,
    /// How long; without it until Ctrl-C
    #[arg(long, value_name = "S")]
    seconds: Option<u64>,
    /// Lines of `id token`; without it the devices are registered in the database of the settings
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// Instead of a scenario, send this CSV (ts_local,metric,...) with its own times, as one device
    #[arg(long, value_name = "CSV")]
    replay: Option<PathBuf>,
    /// Connections break in the midst of a message and come back; some messages are said twice
    #[arg(long)]
    flaky: bool,
    /// Now and then there is no connection; what is measured meanwhile is sent afterwards, in lists
    #[arg(long)]
    outage: bool,
    /// The devices' clocks jump, a little or back to 1970
    #[arg(long)]
    clock_jumps: bool,
    /// The same number, the same homes and the same accidents
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The zone of the CSV's times and of the simulated homes
    #[arg(long, default_value = "America/Mexico_City")]
    zone: String,
}

pub(super) async fn run(asked: Simulate, settings: &Settings, world: &World, stop: CancellationToken) -> Result<(), Failure> {
    check(&asked)?;
    let zone = TimeZone::get(&asked.zone).map_err(|_| Failure::wrong_use(format!("--zone: {:?} is no IANA time zone", asked.zone)))?;
    let broker = asked.broker.clone().unwrap_or_else(|| format!("mqtt://{}", settings.mqtt.listen));
    let (host, port) = credentials::broker(&broker).map_err(Failure::wrong_use)?;
    let mut plans: Vec<(DeviceId, DeviceKind, Box<dyn Device>)> = Vec::new();
    let mut rate_hz = asked.rate;
    if let Some(file) = &asked.replay {
        let csv = std::fs::read_to_string(file).map_err(|e| Failure::new(format!("{}: {e}", file.display())))?;
        let readings = replay::parse(&csv, &zone).map_err(|e| Failure::new(format!("{}: {e}", file.display())))?;
        let id = DeviceId::new("sim-replay").expect("letters and a hyphen");
        let script = Script::new(replay::messages(&id, &readings, 1));
        plans.push((id, DeviceKind::EnergyMeter, Box::new(script)));
        rate_hz = rate_hz.max(1_000.0);
    } else {
        for n in 0..asked.devices {
            let id = asked.scenario.id(n);
            let device = asked.scenario.device_since(n, &id, asked.seed, &zone, world.clock.now_ms());
            plans.push((id, asked.scenario.kind(n), device));
        }
    }
    let faults = Faults { clock_jumps: asked.clock_jumps, repeats: asked.flaky };
    if faults.clock_jumps || faults.repeats {
        let temper = |(n, (id, kind, device)): (usize, (DeviceId, DeviceKind, Box<dyn Device>))| {
            let device: Box<dyn Device> = Box::new(Temper::new(device, faults, asked.seed.wrapping_add(n as u64)));
            (id, kind, device)
        };
        plans = plans.into_iter().enumerate().map(temper).collect();
    }
    let actors = match &asked.credentials {
        Some(file) => given(file, plans)?,
        None => {
            // Before anything is written: devices that nobody will hear of should not stand in the list.
            reach(&broker, &host, port).await?;
            tokio::select! {
                actors = registered(settings, world, plans) => actors?,
                () = stop.cancelled() => return Ok(()),
            }
        }
    };
    mention(format!("{} devices speak to {broker}", actors.len()));
    let client = Client {
        host,
        port,
        rate_hz,
        time: asked.seconds.map(Duration::from_secs),
        clock: std::sync::Arc::clone(&world.clock),
        acknowledged: None,
    };
    let line = (asked.flaky || asked.outage).then_some(Line { flaky: asked.flaky, outages: asked.outage, seed: asked.seed });
    let report = client.run_over(line, actors, stop).await;
    say(format!("sent {}, acknowledged {}", report.sent, report.acknowledged))?;
    if report.connected == 0 {
        return Err(Failure::new(format!("no device could connect to {broker}; is the server running, and are the credentials its own?")));
    }
    if report.lost > 0 {
        mention(format!("{} connections failed or broke, {} messages were sent again", report.lost, report.repeated));
    }
    if report.dropped > 0 {
        mention(format!("{} messages were dropped while there was no connection", report.dropped));
    }
    if asked.credentials.is_none() {
        mention("The devices stay registered; the next simulation speaks as the same ones, and their registers go on.");
    }
    Ok(())
}

fn check(asked: &Simulate) -> Result<(), Failure> {
    if !(1..=MOST_DEVICES).contains(&asked.devices) {
        return Err(Failure::wrong_use(format!("--devices {}: write 1 to {MOST_DEVICES}", asked.devices)));
    }
    if !(0.001..=10_000.0).contains(&asked.rate) {
        return Err(Failure::wrong_use(format!("--rate {}: write 0.001 to 10000 messages a second", asked.rate)));
    }
    if (asked.flaky || asked.outage) && asked.devices > MOST_LINES {
        return Err(Failure::wrong_use(format!("--devices {}: write 1 to {MOST_LINES} with --flaky or --outage", asked.devices)));
    }
    if asked.seconds == Some(0) {
        return Err(Failure::wrong_use("--seconds 0: write 1 or more, or leave it out to go on until Ctrl-C"));
    }
    Ok(())
}

async fn reach(broker: &str, host: &str, port: u16) -> Result<(), Failure> {
    let reason = match timeout(REACH, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(reason)) => reason.to_string(),
        Err(_) => format!("no answer in {} s", REACH.as_secs()),
    };
    Err(Failure::new(format!("{broker} cannot be reached: {reason}; start the server, or name another broker with --broker")))
}

fn given(file: &std::path::Path, plans: Vec<(DeviceId, DeviceKind, Box<dyn Device>)>) -> Result<Vec<Actor>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|e| Failure::new(format!("{}: {e}", file.display())))?;
    let known = credentials::parse(&text).map_err(|e| Failure::wrong_use(format!("{}: {e}", file.display())))?;
    plans
        .into_iter()
        .map(|(id, _, device)| {
            let token = known.iter().find(|(known, _)| *known == id).map(|(_, token)| token.clone());
            let token = token.ok_or_else(|| Failure::wrong_use(format!("{} has no line for {id}", file.display())))?;
            Ok(Actor { id, token, device })
        })
        .collect()
}

async fn registered(
    settings: &Settings,
    world: &World,
    plans: Vec<(DeviceId, DeviceKind, Box<dyn Device>)>,
) -> Result<Vec<Actor>, Failure> {
    let databases = Databases::open(settings).await.map_err(Failure::new)?;
    let mut actors = Vec::with_capacity(plans.len());
    for (id, kind, device) in plans {
        let new = NewDevice { actor: &audit::Actor::COMMAND_LINE, id: &id, kind, name: None, owner: None };
        let token = fleet::adopt(&databases.registry, world, new).await.map_err(Failure::new)?.token;
        actors.push(Actor { id, token, device });
    }
    databases.close().await;
    Ok(actors)
}
