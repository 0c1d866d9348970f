//! Opens the way to the devices: our own broker, or the connection to another's.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vigia_domain::ids::{DeviceId, DeviceNumber};

use super::{Failure, doors};
use crate::app::App;
use crate::config::External;
use crate::db::devices;
use crate::fleet::{Directory, FleetGate};
use crate::lifecycle::Phase;
use crate::mqtt::Credentials as _;
use crate::mqtt::embedded::EmbeddedBroker;
use crate::mqtt::external::dynsec::DynamicSecurity;
use crate::mqtt::external::{ExternalBroker, House};

/// The pauses between tries to compare the broker's credentials with the registry: the first, the longest.
const COMPARE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How often it is looked whether a gateway, or a device's token or name in topics, was changed.
const GATEWAYS: Duration = Duration::from_millis(700);

/// Where devices connect.
pub(super) enum Devices {
    /// To our own broker, here.
    Here {
        /// Where it listens first.
        address: SocketAddr,
        /// Where simulated devices come in, which speak no TLS.
        simulated: SocketAddr,
    },
    /// To another's, `host:port`.
    There(String),
}

/// Starts it. Returns when our own broker listens; another's is reached when it is there.
pub(super) async fn start(app: &App, with_demo: bool) -> Result<Devices, Failure> {
    let gate = Arc::new(FleetGate::of(app));
    match app.settings().mqtt.external() {
        Some(external) => there(app, external, gate),
        None => here(app, gate, with_demo).await,
    }
}

async fn here(app: &App, gate: Arc<FleetGate>, with_demo: bool) -> Result<Devices, Failure> {
    // Once before anybody can sign in: what is withdrawn later is a change then, and heard of.
    if let Err(error) = gate.refresh().await {
        tracing::debug!(%error, "the gateways could not be read yet");
    }
    follow_grants(app, FleetGate::clone(&gate));
    let mqtt = &app.settings().mqtt;
    let has_own_door = with_demo && mqtt.tls.is_some();
    let metrics = app.metrics().broker.clone();
    let (broker, listening) =
        EmbeddedBroker::open_counted(doors::of(app, has_own_door)?, mqtt.guard(), gate, metrics).await.map_err(Failure::new)?;
    let address = broker.address();
    let simulated = broker.addresses().last().copied().filter(|_| has_own_door).unwrap_or(address);
    let lifecycle = app.lifecycle().clone();
    app.lifecycle().spawn("broker", Phase::Intake, |stop| async move {
        listening.serve(stop.clone()).await;
        if !stop.is_cancelled() {
            lifecycle.crash("the MQTT listener ended");
        }
    });
    app.set_mqtt_port(address.port());
    app.set_broker(broker);
    Ok(Devices::Here { address, simulated })
}

/// What a verb changes of a gateway, or of a device's token or name in topics, holds within a second, connected or not: who lost something has to
/// sign in anew.
fn follow_grants(app: &App, gate: FleetGate) {
    let following = app.clone();
    app.lifecycle().every("gateways", GATEWAYS, move || {
        let (gate, app) = (gate.clone(), following.clone());
        async move {
            match (gate.refresh().await, app.broker()) {
                (Ok(withdrawn), Some(broker)) => {
                    for user in &withdrawn {
                        tracing::info!(%user, "its token or rights were withdrawn; its connections are ended");
                        broker.disconnect(user).await;
                    }
                }
                // Nobody is connected yet.
                (Ok(_), None) => {}
                (Err(error), _) => tracing::debug!(%error, "the gateways could not be read; they stay as they were"),
            }
        }
    });
}

fn there(app: &App, external: External, gate: Arc<FleetGate>) -> Result<Devices, Failure> {
    let place = format!("{}:{}", external.host, external.port);
    app.set_mqtt_port(external.port);
    if external.dynamic_security {
        let security = DynamicSecurity::new(external.clone(), app.world().clone()).map_err(Failure::new)?;
        let app = app.clone();
        app.clone().lifecycle().spawn(
            "the broker's credentials",
            Phase::Intake,
            |stop| async move { compare(&app, &security, stop).await },
        );
    }
    let directory = Arc::new(Directory::of(app));
    let house = House { gate, directory, world: app.world().clone(), metrics: app.metrics().external.clone() };
    let (broker, pump) = ExternalBroker::new(external, &app.settings().data.dir, house).map_err(Failure::new)?;
    app.lifecycle().spawn("the connection to the broker", Phase::Intake, |stop| pump.run(stop));
    app.set_broker(broker);
    Ok(Devices::There(place))
}

/// Until it was done once. Whoever registers a device while we run hands its credential over by themselves.
async fn compare(app: &App, security: &DynamicSecurity, stop: CancellationToken) {
    let mut pause = COMPARE.0;
    loop {
        let compared = async {
            let registered = registered(app).await.map_err(|e| e.to_string())?;
            let found = security.reconcile(&registered).await.map_err(|e| e.to_string())?;
            let mut removed = 0;
            for device in &found.gone {
                // Asked again: it may have been registered while the broker told its list.
                if devices::by_id(app.registry(), device).await.map_err(|e| e.to_string())?.is_none() {
                    security.withdraw(device).await.map_err(|e| e.to_string())?;
                    removed += 1;
                }
            }
            Ok::<_, String>((found, removed))
        };
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = compared => outcome,
        };
        match outcome {
            Ok((found, removed)) => {
                for device in &found.unknown {
                    tracing::warn!(%device, "the broker has no credential for this device; make a new one with: vigia device token {device}");
                }
                for what in &found.open {
                    tracing::error!("the broker's plugin allows {what} to everybody by default: deny it there (setDefaultACLAccess)");
                }
                tracing::info!(unknown = found.unknown.len(), mended = found.mended, removed, "the broker's credentials were compared");
                return;
            }
            Err(reason) => tracing::warn!(reason, "the broker's credentials cannot be compared with the registry"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(COMPARE.1);
    }
}

async fn registered(app: &App) -> Result<BTreeSet<DeviceId>, crate::db::DbError> {
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
