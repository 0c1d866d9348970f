//! `vigia serve [--demo]`

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::failure::{mention, say};
use super::{Failure, Process, demo, lock};
use crate::app::App;
use crate::auth::links;
use crate::config::Settings;
use crate::db::{self, users};
use crate::fleet::FleetGate;
use crate::http;
use crate::lifecycle::{Ending, Lifecycle, Phase};
use crate::mqtt::embedded::EmbeddedBroker;

/// How often sessions that are over are removed.
const TIDY: Duration = Duration::from_secs(60 * 60);
/// How often it is looked whether a gateway was changed.
const GATEWAYS: Duration = Duration::from_millis(700);

pub(super) async fn run(settings: Settings, with_demo: bool, process: Process) -> Result<(), Failure> {
    let lifecycle = Lifecycle::default();
    listen_for_signals(&lifecycle)?;
    db::prepare(&settings.data.dir).map_err(Failure::new)?;
    let _lock = lock::take(&settings.data.dir)?;
    let opened = tokio::select! {
        opened = App::open(settings, process.world, lifecycle.clone()) => opened.map_err(Failure::new),
        // A migration that is left is rolled back, as after a crash.
        () = lifecycle.ended() => {
            lifecycle.stop().await;
            return Ok(());
        }
    };
    let app = opened?;
    let started = start(&app, with_demo, process.router).await;
    if started.is_ok() {
        lifecycle.ended().await;
        tracing::info!("stopping: taking nothing new, finishing what is under way");
    }
    let ending = lifecycle.stop().await;
    app.databases().close().await;
    started?;
    match ending {
        Ending::Clean => Ok(()),
        Ending::Crashed => Err(Failure::new("a part of the process failed; the log above says which")),
    }
}

async fn start(app: &App, with_demo: bool, router: fn(&App) -> axum::Router) -> Result<(), Failure> {
    let gate = Arc::new(FleetGate::new(app.registry().clone(), app.ingest().clone(), app.connections().clone()));
    follow_gateways(app, FleetGate::clone(&gate));
    let mqtt = &app.settings().mqtt;
    let (broker, listening) = EmbeddedBroker::bind(mqtt.listen, mqtt.guard(), gate).await.map_err(Failure::new)?;
    let broker_address = broker.address();
    let lifecycle = app.lifecycle().clone();
    app.lifecycle().spawn("broker", Phase::Intake, |stop| async move {
        listening.serve(stop.clone()).await;
        if !stop.is_cancelled() {
            lifecycle.crash("the MQTT listener ended");
        }
    });
    app.set_mqtt_port(broker_address.port());
    app.set_broker(broker);
    let address = http::serve(app, router(app)).await.map_err(Failure::new)?;
    tidy_sessions(app);
    mention(format!("Vigía listens on {}://{address} and mqtt://{broker_address}", app.settings().http.scheme()));
    for (key, plaintext) in [("http", app.settings().http.plaintext), ("mqtt", mqtt.plaintext)] {
        if plaintext.is_some() {
            tracing::warn!("{key}.plaintext: whoever is on this network can read along; only private addresses are served");
        }
    }
    if with_demo {
        return demo::start(app, broker_address).await;
    }
    if !users::has_admin(app.registry()).await.map_err(Failure::new)? {
        let link = links::setup(app.registry(), app.world(), &app.base_url()).await.map_err(Failure::new)?;
        mention("There is no administrator yet. Make one with this link; it works once, for a day:");
        say(link)?;
    }
    Ok(())
}

pub(super) fn listen_for_signals(lifecycle: &Lifecycle) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::new)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::new)?;
    let ends = lifecycle.clone();
    lifecycle.spawn("signals", Phase::Intake, |stop| async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = stop.cancelled() => {}
        }
        ends.end();
    });
    Ok(())
}

/// What a verb changes of a gateway holds within a second, connected or not.
fn follow_gateways(app: &App, gate: FleetGate) {
    app.lifecycle().every("gateways", GATEWAYS, move || {
        let gate = gate.clone();
        async move {
            if let Err(error) = gate.refresh().await {
                tracing::debug!(%error, "the gateways could not be read; they stay as they were");
            }
        }
    });
}

fn tidy_sessions(app: &App) {
    let sessions = app.sessions().clone();
    app.lifecycle().every("session tidying", TIDY, move || {
        let sessions = sessions.clone();
        async move {
            if let Err(error) = sessions.tidy().await {
                tracing::warn!(%error, "old sessions could not be removed");
            }
        }
    });
}
