//! Opens the way to the devices: our own broker, or the connection to another's.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Failure, doors, elsewhere};
use crate::app::App;
use crate::fleet::FleetGate;
use crate::lifecycle::Phase;
use crate::mqtt::embedded::EmbeddedBroker;

/// How often it is looked whether a gateway, or a device's token or name in topics, was changed.
pub(super) const GATEWAYS: Duration = Duration::from_millis(700);

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
        Some(external) => elsewhere::start(app, external, gate).await,
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
