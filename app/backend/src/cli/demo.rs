//! `vigia serve --demo`: homes that are not there, with a month behind them, and one that was.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::tz::TimeZone;
use serde_json::json;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::{DeviceId, DeviceNumber, UserId};
use vigia_domain::reading::Reading;
use vigia_domain::user::Role;

use super::Failure;
use super::failure::{mention, say};
use crate::app::App;
use crate::auth::links;
use crate::db::audit::{self, By};
use crate::db::settings;
use crate::db::users::{self, NewUser};
use crate::fleet::{self, NewDevice, Registered};
use crate::lifecycle::Phase;
use crate::mqtt::DeviceIdentity;
use crate::simulate::device::{Device, Outgoing, telemetry};
use crate::simulate::{Actor, Client, Scenario, replay};

/// Nobody's address: `.invalid` never exists.
const VISITOR: &str = "demo@vigia.invalid";
const ZONE: &str = "America/Mexico_City";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How much history the first start makes.
const HISTORY_MS: i64 = 30 * DAY_MS;
/// How far apart its readings are.
const STEP_MS: i64 = 60_000;
/// How often the history is looked at before the visitor is let in, and how many times at most.
const LOOK: Duration = Duration::from_millis(200);
const LOOKS: u32 = 150;
/// Messages of one device's history under way at once.
const UNDER_WAY: usize = 64;
const SEED: u64 = 20_260_301;

const REAL_SOURCE: &str = "UCI: Individual household electric power consumption, Hebrail and Berard, CC BY 4.0; a week of 2007, repeated";

/// Devices by id, name, scenario with its number, and messages a second.
const CAST: [(&str, &str, Scenario, usize, f64); 5] = [
    ("casa-jardines", "Casa Jardines, general", Scenario::Household, 0, 1.0),
    ("shellyplus1pm-c049ef8b1a20", "Refrigerador", Scenario::Shelly, 0, 0.5),
    ("shellyplus1pm-c049ef8b3f44", "Bomba de agua", Scenario::Shelly, 8, 0.5),
    ("biodigestor-1", "Biodigestor del establo", Scenario::Biodigester, 0, 0.2),
    ("pastillero-cocina", "Pastillero de la cocina", Scenario::Dispenser, 0, 0.2),
];

/// Makes the visitor and the devices, prints the visitor's link, and lets the devices speak.
pub(super) async fn start(app: &App, broker: std::net::SocketAddr) -> Result<(), Failure> {
    let visitor = match users::by_email(app.registry(), VISITOR).await.map_err(Failure::new)? {
        Some(user) => user.id,
        None => {
            let new = NewUser { email: VISITOR, name: "Demo", role: Role::Admin, password_hash: None };
            users::insert(app.registry(), &new, By { actor: &audit::Actor::SYSTEM, at_ms: app.world().clock.now_ms() })
                .await
                .map_err(Failure::new)?
        }
    };
    let since_ms = since(app).await?;
    let begun_ms = app.world().clock.now_ms();
    let mut cast = Vec::new();
    let zone = TimeZone::get(ZONE).map_err(Failure::new)?;
    for (id, name, scenario, n, rate_hz) in CAST {
        let id = DeviceId::new(id).map_err(Failure::new)?;
        let device = scenario.device(n, &id, SEED, &zone);
        cast.push(speak(app, broker, (id, name, scenario.kind(n)), device, rate_hz, since_ms).await?);
    }
    let id = DeviceId::new("casa-real").map_err(Failure::new)?;
    let device = Box::new(RealHome::new(&id, &zone)?);
    cast.push(speak(app, broker, (id, "Casa real, semana de 2007", DeviceKind::EnergyMeter), device, 1.0, since_ms).await?);
    invite(app, visitor, cast, begun_ms);
    Ok(())
}

/// Prints the visitor's link as soon as there is something to see: whoever comes before the history does finds an hour without data.
fn invite(app: &App, visitor: UserId, cast: Vec<DeviceNumber>, begun_ms: i64) {
    let app = app.clone();
    app.clone().lifecycle().spawn("the demo's invitation", Phase::Intake, |stop| async move {
        let is_told = |device: &DeviceNumber| app.store().newest_ms(*device).is_some_and(|newest| newest >= begun_ms - 10 * STEP_MS);
        let mut looks = 0;
        while looks < LOOKS && !cast.iter().all(is_told) {
            if looks == 0 {
                mention("The demo's homes tell their last thirty days; the link follows in a moment.");
            }
            looks += 1;
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        match links::enter(app.registry(), app.world(), &app.base_url(), visitor).await {
            Ok(link) => {
                mention("Open this link to look around; it signs you in, once, within a day:");
                let _ = say(link);
            }
            Err(error) => tracing::error!(%error, "the visitor's link could not be made"),
        }
    });
}

/// When the demo's story begins: written down at the first start, so that every later one tells the same story.
async fn since(app: &App) -> Result<i64, Failure> {
    const KEY: &str = "demo.since_ms";
    if let Some(text) = settings::get(app.registry(), KEY).await.map_err(Failure::new)? {
        return text.parse().map_err(|_| Failure::new(format!("setting {KEY} holds {text:?}; remove the demo's data folder")));
    }
    let since_ms = (app.world().clock.now_ms() - HISTORY_MS) / STEP_MS * STEP_MS;
    settings::set(app.registry(), KEY, &since_ms.to_string()).await.map_err(Failure::new)?;
    Ok(since_ms)
}

async fn speak(
    app: &App,
    broker: std::net::SocketAddr,
    (id, name, kind): (DeviceId, &str, DeviceKind),
    mut device: Box<dyn Device>,
    rate_hz: f64,
    since_ms: i64,
) -> Result<DeviceNumber, Failure> {
    let new = NewDevice { actor: &audit::Actor::SYSTEM, id: &id, kind, name: Some(name), owner: None };
    let Registered { device: identity, token } = fleet::adopt(app.registry(), app.world(), new).await.map_err(Failure::new)?;
    let client = Client {
        host: broker.ip().to_string(),
        port: broker.port(),
        rate_hz,
        time: None,
        clock: Arc::clone(&app.world().clock),
        acknowledged: None,
    };
    let (app, number) = (app.clone(), identity.number);
    app.clone().lifecycle().spawn("a device of the demo", Phase::Intake, |stop| async move {
        tokio::select! {
            () = history(&app, &identity, &mut *device, since_ms) => {}
            () = stop.cancelled() => return,
        }
        client.run(vec![Actor { id, token, device }], stop).await;
    });
    Ok(number)
}

/// Tells the device's story from its beginning to now. What is known already is told to nobody: the device only gets its
/// registers back to where they stood.
async fn history(app: &App, identity: &DeviceIdentity, device: &mut dyn Device, since_ms: i64) {
    let known_ms = app.store().newest_ms(identity.number).unwrap_or(i64::MIN);
    let now_ms = app.world().clock.now_ms();
    let mut messages: VecDeque<Outgoing> = VecDeque::new();
    let mut at_ms = since_ms;
    while at_ms < now_ms {
        messages.extend(device.past(at_ms).into_iter().filter(|_| at_ms > known_ms));
        at_ms += STEP_MS;
        if messages.len() >= 4_096 || at_ms >= now_ms {
            let told = futures_util::stream::iter(messages.drain(..).collect::<Vec<_>>())
                .map(|m| async move { app.ingest().message(identity, &m.topic, &m.payload).await })
                .buffered(UNDER_WAY)
                .all(|stored| async move { stored.is_ok() });
            if !told.await {
                tracing::warn!(device = %identity.id, "the demo's history could not be stored to its end");
                return;
            }
        }
    }
}

/// The measured week, again and again, at the same weekday and minute.
struct RealHome {
    id: DeviceId,
    zone: TimeZone,
    week: Vec<Reading>,
}

impl RealHome {
    fn new(id: &DeviceId, zone: &TimeZone) -> Result<Self, Failure> {
        let week = replay::parse(replay::REAL_WEEK, &TimeZone::UTC).map_err(Failure::new)?;
        Ok(Self { id: id.clone(), zone: zone.clone(), week })
    }
}

impl Device for RealHome {
    fn will(&self) -> Option<(String, Vec<u8>)> {
        Some((format!("vigia/{}/status", self.id), br#"{"online":false}"#.to_vec()))
    }

    fn hello(&mut self, at_ms: i64) -> Vec<Outgoing> {
        let body = json!({ "online": true, "source": REAL_SOURCE });
        vec![Outgoing { topic: format!("vigia/{}/status", self.id), payload: body.to_string().into_bytes(), retain: true, at_ms }]
    }

    fn step(&mut self, at_ms: i64) -> Vec<Outgoing> {
        let Ok(at) = jiff::Timestamp::from_millisecond(at_ms) else { return Vec::new() };
        let at = at.to_zoned(self.zone.clone());
        let minute = (i64::from(at.weekday().to_monday_zero_offset()) * 24 + i64::from(at.hour())) * 60 + i64::from(at.minute());
        // The week in the file begins on a Monday.
        let Some(reading) = usize::try_from(minute).ok().and_then(|minute| self.week.get(minute)) else { return Vec::new() };
        let reading = Reading { at_ms: Some(at_ms), values: reading.values.clone() };
        vec![telemetry(&self.id, &reading, at_ms)]
    }
}
