//! What a running installation is made of; every request and job gets a handle to it.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use crate::auth::changes::Changes;
use crate::auth::oidc::Providers;
use crate::auth::passkeys;
use crate::auth::password::Passwords;
use crate::auth::requests::Requests;
use crate::auth::sealing::{self, Sealing};
use crate::auth::signing::Signing;
use crate::auth::store::Sessions;
use crate::auth::tries::Tries;
use crate::config::Settings;
use crate::db::probe::Probe;
use crate::db::{Databases, Db, DbError, OpenError};
use crate::fleet::{self, Connections, Downlink, Provisioning, Roster};
use crate::ingest::{self, Ingest};
use crate::lifecycle::Lifecycle;
use crate::live::Hub;
use crate::metrics::{Metrics, StoreMetrics};
use crate::mqtt::Broker;
use crate::notify::{self, MailsWait};
use crate::outbound::OutboundError;
use crate::report::Exports;
use crate::telemetry::sql::{Retention, SqlStore};
use crate::telemetry::{self, Minutes, TelemetryStore};
use crate::world::World;

/// A handle to the installation.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    world: World,
    databases: Databases,
    probe: Probe,
    sessions: Sessions,
    passwords: Passwords,
    tries: Tries,
    asked_links: Tries,
    providers: Providers,
    asked_passkeys: Tries,
    signing: Signing,
    sealing: Sealing,
    mails: MailsWait,
    changes: Changes,
    requests: Requests,
    exports: Exports,
    store: Arc<dyn TelemetryStore>,
    minutes: Minutes,
    roster: Roster,
    ingest: Ingest,
    hub: Hub,
    connections: Connections,
    downlink: Downlink,
    provisioning: Provisioning,
    metrics: Metrics,
    lifecycle: Lifecycle,
    broker: OnceLock<Arc<dyn Broker>>,
    http_address: OnceLock<SocketAddr>,
    mqtt_port: OnceLock<u16>,
}

/// Why an installation could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A question to a database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The client for what goes out.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
}

/// Opens the store. A file in which it meets damage is set aside; the store goes on with a new one.
async fn open_store(db: &Db, settings: &Settings, world: &World, metrics: &StoreMetrics) -> Result<SqlStore, StartError> {
    let days = |days: u32| (days > 0).then_some(days);
    let retention = Retention { raw_days: days(settings.telemetry.raw_days), quarters_days: days(settings.telemetry.quarters_days) };
    let open = || SqlStore::open(db.clone(), world, retention, settings.telemetry.seal_readings, metrics.clone());
    match open().await {
        Err(error) if error.is_damage() => {
            db.replace_damaged(world.clock.now_ms(), &error.to_string(), async |_| Ok(())).await?;
            metrics.set_aside.inc();
            Ok(open().await?)
        }
        opened => Ok(opened?),
    }
}

impl App {
    /// Opens databases and store, and starts the writer and the watch over who is there. Doors (HTTP, MQTT) are opened by the caller.
    ///
    /// # Errors
    /// [`StartError`], one line.
    pub async fn open(settings: Settings, world: World, lifecycle: Lifecycle) -> Result<Self, StartError> {
        let providers = Providers::new(&settings, &world)?;
        let databases = Databases::open_setting_aside(&settings, world.clock.now_ms()).await?;
        let metrics = Metrics::default();
        let store = Arc::new(open_store(&databases.telemetry, &settings, &world, &metrics.store).await?);
        Ok(Self::over(settings, world, lifecycle, databases, store, metrics, providers))
    }

    /// The same over another store.
    pub(crate) fn over(
        settings: Settings,
        world: World,
        lifecycle: Lifecycle,
        databases: Databases,
        store: Arc<dyn TelemetryStore>,
        metrics: Metrics,
        providers: Providers,
    ) -> Self {
        let sessions = Sessions::new(databases.registry.clone(), world.clone());
        let hub = Hub::default();
        let rules = ingest::Rules { routes: settings.mqtt.routes(), limits: settings.ingest.limits.clone() };
        let minutes = Minutes::default();
        let ingest =
            Ingest::start(Arc::clone(&store), minutes.clone(), hub.clone(), world.clone(), metrics.ingest.clone(), rules, &lifecycle);
        let connections = Connections::default();
        let app = Self {
            inner: Arc::new(Inner {
                passwords: Passwords::new(&world, metrics.passwords.clone()),
                probe: Probe::new(databases.clone(), world.clone()),
                tries: Tries::new(settings.sign_in.most_tries(), Arc::clone(&world.clock)),
                asked_links: Tries::new(settings.sign_in.most_links(), Arc::clone(&world.clock)),
                providers,
                asked_passkeys: Tries::new(passkeys::MOST_ASKED, Arc::clone(&world.clock)),
                mails: MailsWait::default(),
                signing: Signing::new(databases.registry.clone(), world.clone(), &settings.data.dir),
                sealing: Sealing::new(databases.registry.clone(), world.clone(), &settings.data.dir),
                changes: Changes::new(Arc::clone(&world.clock)),
                requests: Requests::new(&settings.limits, &world.clock),
                exports: Exports::default(),
                downlink: Downlink::new(databases.registry.clone(), world.clone(), hub.clone(), connections.clone()),
                provisioning: Provisioning::new(databases.clone(), world.clone()),
                roster: Roster::new(databases.registry.clone(), world.clone()),
                minutes,
                connections,
                broker: OnceLock::new(),
                http_address: OnceLock::new(),
                mqtt_port: OnceLock::new(),
                settings,
                world,
                databases,
                sessions,
                store,
                ingest,
                hub,
                metrics,
                lifecycle,
            }),
        };
        app.hub().seats().count_in(&app.metrics().live);
        fleet::watch(&app);
        fleet::deliver(&app);
        notify::send_mails(&app);
        sealing::share(&app);
        telemetry::tidy(Arc::clone(&app.inner.store), app.inner.world.clone(), &app.inner.lifecycle);
        app
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Time and randomness.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.inner.world
    }

    /// Signs and checks the tokens of apps.
    #[must_use]
    pub fn signing(&self) -> &Signing {
        &self.inner.signing
    }

    /// Seals the secrets of second steps.
    #[must_use]
    pub fn sealing(&self) -> &Sealing {
        &self.inner.sealing
    }

    /// Devices, users, keys.
    #[must_use]
    pub fn registry(&self) -> &Db {
        &self.inner.databases.registry
    }

    /// The database of what devices sent.
    #[must_use]
    pub fn telemetry_db(&self) -> &Db {
        &self.inner.databases.telemetry
    }

    /// Both databases.
    #[must_use]
    pub fn databases(&self) -> &Databases {
        &self.inner.databases
    }

    /// Whether the databases can be written.
    #[must_use]
    pub fn probe(&self) -> &Probe {
        &self.inner.probe
    }

    /// Browser sessions.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.inner.sessions
    }

    /// Hashing of passwords.
    #[must_use]
    pub fn passwords(&self) -> &Passwords {
        &self.inner.passwords
    }

    /// Who was wrong how often.
    #[must_use]
    pub fn tries(&self) -> &Tries {
        &self.inner.tries
    }

    /// Who asked for links by mail how often.
    #[must_use]
    pub fn asked_links(&self) -> &Tries {
        &self.inner.asked_links
    }

    /// The providers by which people sign in.
    #[must_use]
    pub fn providers(&self) -> &Providers {
        &self.inner.providers
    }

    /// Who began to sign in with a passkey how often.
    #[must_use]
    pub fn asked_passkeys(&self) -> &Tries {
        &self.inner.asked_passkeys
    }

    /// Says that a mail waits.
    #[must_use]
    pub fn mails(&self) -> &MailsWait {
        &self.inner.mails
    }

    /// Who changed their account how often.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.inner.changes
    }

    /// Who asked how often for anything.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        &self.inner.requests
    }

    /// Who has how many files under way.
    #[must_use]
    pub fn exports(&self) -> &Exports {
        &self.inner.exports
    }

    /// The time-series store.
    #[must_use]
    pub fn store(&self) -> &dyn TelemetryStore {
        &*self.inner.store
    }

    /// The last hour of devices that somebody looks at.
    #[must_use]
    pub fn minutes(&self) -> &Minutes {
        &self.inner.minutes
    }

    /// Who is registered, in memory.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.inner.roster
    }

    /// The way in.
    #[must_use]
    pub fn ingest(&self) -> &Ingest {
        &self.inner.ingest
    }

    /// The live hub.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    /// Which devices are connected.
    #[must_use]
    pub fn connections(&self) -> &Connections {
        &self.inner.connections
    }

    /// What goes down to devices.
    #[must_use]
    pub fn downlink(&self) -> &Downlink {
        &self.inner.downlink
    }

    /// Devices that nobody knows yet.
    #[must_use]
    pub fn provisioning(&self) -> &Provisioning {
        &self.inner.provisioning
    }

    /// What the process counts.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// The process's tasks.
    #[must_use]
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.inner.lifecycle
    }

    /// The broker, once it is started.
    #[must_use]
    pub fn broker(&self) -> Option<&Arc<dyn Broker>> {
        self.inner.broker.get()
    }

    /// Names the broker; once.
    pub fn set_broker(&self, broker: Arc<dyn Broker>) {
        if self.inner.broker.set(broker).is_err() {
            tracing::warn!("a second broker was named; the first stays");
        }
    }

    /// The address that links begin with: the public one, else the one we listen on.
    #[must_use]
    pub fn base_url(&self) -> String {
        let http = &self.inner.settings.http;
        http.base_url(self.inner.http_address.get().copied().unwrap_or(http.listen))
    }

    /// The origin that passkeys belong to; `None` where there can be none.
    #[must_use]
    pub fn passkey_origin(&self) -> Option<String> {
        let http = &self.inner.settings.http;
        http.passkey_origin(self.inner.http_address.get().copied().unwrap_or(http.listen))
    }

    /// The port that devices connect to.
    #[must_use]
    pub fn mqtt_port(&self) -> u16 {
        self.inner.mqtt_port.get().copied().unwrap_or_else(|| self.inner.settings.mqtt.listen.port())
    }

    /// Names the broker's port, where the settings left it open; once.
    pub fn set_mqtt_port(&self, port: u16) {
        let _ = self.inner.mqtt_port.set(port);
    }

    /// Names the address we listen on, where the settings left the port open; once.
    pub fn set_http_address(&self, bound: SocketAddr) {
        let _ = self.inner.http_address.set(bound);
    }
}
