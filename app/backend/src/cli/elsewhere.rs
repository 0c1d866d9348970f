//! Opens the way to devices at somebody else's broker, and keeps up there what the registry says: what is heard, who is let in, what they may.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vigia_domain::ids::{DeviceId, DeviceNumber};

use super::Failure;
use super::across::Across;
use super::broker::{Devices, GATEWAYS};
use crate::app::App;
use crate::config::External;
use crate::db::{DbError, devices, gateways};
use crate::fleet::{Abroad, Directory, FleetGate};
use crate::lifecycle::Phase;
use crate::mqtt::Credentials as _;
use crate::mqtt::external::dynsec::{DynamicSecurity, Found};
use crate::mqtt::external::{ExternalBroker, House};

/// The pauses between tries to compare the broker's credentials with the registry: the first, the longest.
const COMPARE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Starts it. The broker is reached when it is there.
pub(super) async fn start(app: &App, external: External, gate: Arc<FleetGate>) -> Result<Devices, Failure> {
    let place = format!("{}:{}", external.host, external.port);
    app.set_mqtt_port(external.port);
    let directory = Arc::new(Directory::of(app, FleetGate::clone(&gate)));
    directory.refresh().await.map_err(Failure::new)?;
    for (one, other) in app.ingest().routes().crossings() {
        tracing::warn!("mqtt.routes: {one} and {other} cross: a topic that fits both is for the device alone that {one} names");
    }
    let (tell, filters) = watch::channel(directory.abroad().filters(app.ingest().routes()));
    follow(app, Arc::clone(&directory), tell);
    if external.dynamic_security {
        let security = DynamicSecurity::new(external.clone(), app.world().clone()).map_err(Failure::new)?;
        let (app, filters) = (app.clone(), filters.clone());
        app.clone()
            .lifecycle()
            .spawn("the broker's credentials", Phase::Intake, |stop| async move { keep(&app, &security, filters, stop).await });
    }
    let across = match external.group {
        Some(_) => Some(Across::new(app, directory.clone()).await.map_err(Failure::new)?),
        None => None,
    };
    let neighbours = across.as_ref().map(|across| across.neighbours(app));
    let house = House { gate, directory, filters, neighbours, world: app.world().clone(), metrics: app.metrics().external.clone() };
    let (broker, pump) = ExternalBroker::new(external, &app.settings().data.dir, house).map_err(Failure::new)?;
    if let Some(across) = across {
        across.relay(app, Arc::clone(&broker));
    }
    app.lifecycle().spawn("the connection to the broker", Phase::Intake, |stop| pump.run(stop));
    app.set_broker(broker);
    Ok(Devices::There(place))
}

/// What a verb changes of names in topics and of gateways holds within a second. Whoever looks at the filters hears of each change, also of one
/// that leaves them as they are.
fn follow(app: &App, directory: Arc<Directory>, tell: watch::Sender<Vec<String>>) {
    let (following, tell) = (app.clone(), Arc::new(tell));
    app.lifecycle().every("names in topics", GATEWAYS, move || {
        let (directory, app, tell) = (Arc::clone(&directory), following.clone(), Arc::clone(&tell));
        async move {
            match directory.refresh().await {
                Ok(true) => drop(tell.send_replace(directory.abroad().filters(app.ingest().routes()))),
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "what devices are called could not be read; it stays as it was"),
            }
        }
    });
}

/// At the start, and whenever names or gateways have changed. Whoever registers a device or gateway hands its credential over by themselves.
async fn keep(app: &App, security: &DynamicSecurity, mut changed: watch::Receiver<Vec<String>>, stop: CancellationToken) {
    let (mut pause, mut is_first) = (COMPARE.0, true);
    loop {
        changed.mark_unchanged();
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = compare(app, security) => outcome,
        };
        match outcome {
            Ok((found, removed)) => {
                tell(&found, removed, is_first);
                (pause, is_first) = (COMPARE.0, false);
                tokio::select! {
                    () = stop.cancelled() => return,
                    more = changed.changed() => if more.is_err() {
                        return;
                    }
                }
            }
            Err(reason) => {
                tracing::warn!(reason, "the broker's credentials cannot be compared with the registry");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(COMPARE.1);
            }
        }
    }
}

fn tell(found: &Found, removed: usize, is_first: bool) {
    if is_first {
        for user in &found.unknown {
            tracing::warn!(%user, "the broker has no credential for this device or gateway; for a device make a new one with: vigia device token {user}");
        }
        for what in &found.open {
            tracing::error!("the broker's plugin allows {what} to everybody by default: deny it there (setDefaultACLAccess)");
        }
    }
    for gateway in &found.too_large {
        tracing::error!(%gateway, "it has more devices than a role of the broker's plugin holds and keeps the rights that it had: give it fewer with vigia gateway set");
    }
    tracing::info!(unknown = found.unknown.len(), mended = found.mended, removed, "the broker's credentials were compared");
}

/// What was found, and how many were withdrawn.
async fn compare(app: &App, security: &DynamicSecurity) -> Result<(Found, usize), String> {
    // Read before the devices: rights of one that is registered meanwhile are given by who does it.
    let abroad = Abroad::read(app.registry()).await.map_err(|e| e.to_string())?;
    let mut registered = registered(app).await.map_err(|e| e.to_string())?;
    registered.extend(abroad.gateways().cloned());
    let routes = app.ingest().routes();
    let found = security.reconcile(&registered, &|user| abroad.rights(routes, user)).await.map_err(|e| e.to_string())?;
    let mut removed = 0;
    for user in &found.gone {
        // Asked again: it may have been registered while the broker told its list.
        let device = devices::by_id(app.registry(), user).await.map_err(|e| e.to_string())?;
        if device.is_none() && gateways::by_name(app.registry(), user).await.map_err(|e| e.to_string())?.is_none() {
            security.withdraw(user).await.map_err(|e| e.to_string())?;
            removed += 1;
        }
    }
    Ok((found, removed))
}

async fn registered(app: &App) -> Result<BTreeSet<DeviceId>, DbError> {
    const PAGE: i64 = 1_000;
    let mut ids = BTreeSet::new();
    let mut below: Option<DeviceNumber> = None;
    loop {
        let page = devices::page(app.registry(), None, below, PAGE).await?;
        let more = i64::try_from(page.len()).is_ok_and(|count| count == PAGE);
        below = page.last().map(|device| device.number);
        ids.extend(page.into_iter().map(|device| device.id));
        if !more {
            return Ok(ids);
        }
    }
}
