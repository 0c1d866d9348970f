//! `vigia serve [--demo]`

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::broker::{self, Devices};
use super::failure::{mention, say};
use super::{Failure, Process, demo, lock};
use crate::app::App;
use crate::auth::links;
use crate::config::Settings;
use crate::db::{self, device_tokens, registrations, users};
use crate::http;
use crate::lifecycle::{Ending, Lifecycle, Phase};

/// How often sessions that are over are removed.
const TIDY: Duration = Duration::from_secs(60 * 60);
/// How long links are kept that nobody can use any more, in milliseconds.
const LINKS_KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

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
    let devices = broker::start(app, with_demo).await?;
    let address = http::serve(app, router(app)).await.map_err(Failure::new)?;
    tidy_sessions(app);
    let web = format!("Vigía listens on {}://{address}", app.settings().http.scheme());
    match &devices {
        Devices::Here { address, .. } => mention(format!("{web} and {}://{address}", app.settings().mqtt.scheme())),
        Devices::There(broker) => mention(format!("{web} and hears what devices tell the broker at {broker}")),
    }
    for (key, plaintext) in [("http", app.settings().http.plaintext), ("mqtt", app.settings().mqtt.plaintext)] {
        if plaintext.is_some() {
            tracing::warn!("{key}.plaintext: whoever is on this network can read along; only private addresses are served");
        }
    }
    if let (true, Devices::Here { simulated, .. }) = (with_demo, &devices) {
        return demo::start(app, *simulated).await;
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

fn tidy_sessions(app: &App) {
    let (sessions, app) = (app.sessions().clone(), app.clone());
    app.clone().lifecycle().every("session tidying", TIDY, move || {
        let (sessions, app) = (sessions.clone(), app.clone());
        async move {
            if let Err(error) = sessions.tidy().await {
                tracing::warn!(%error, "old sessions could not be removed");
            }
            if let Err(error) = app.signing().tidy().await {
                tracing::warn!(%error, "old keys of access tokens could not be removed");
            }
            if let Err(error) = db::links::tidy(app.registry(), app.world().clock.now_ms() - LINKS_KEPT_MS).await {
                tracing::warn!(%error, "old links could not be removed");
            }
            if let Err(error) = device_tokens::end_overdue(app.registry(), app.world().clock.now_ms()).await {
                tracing::warn!(%error, "tokens of devices whose time is over could not be ended");
            }
            if let Err(error) = registrations::tidy(app.registry(), app.world().clock.now_ms()).await {
                tracing::warn!(%error, "registrations that nobody confirmed could not be removed");
            }
        }
    });
}
