//! What the process counts, in a registry of its own; `/metrics` writes it out.

mod rate;
mod turned;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

pub use self::rate::Rate;
pub(crate) use self::turned::Turned;

/// Every count of the process.
pub struct Metrics {
    registry: Registry,
    /// The way in.
    pub ingest: IngestMetrics,
    /// The time-series store.
    pub store: StoreMetrics,
    /// Requests by route and status.
    pub http: Family<HttpLabels, Counter>,
    /// The connection to an external broker.
    pub external: ExternalMetrics,
    /// Live connections that stand: WebSockets and streams of events.
    pub live: Gauge,
    /// Our own broker.
    pub broker: BrokerMetrics,
    /// Connections that the web server hung up on before anything was asked.
    pub http_turned_away: TurnedAway,
    /// Passwords that were hashed or checked.
    pub passwords: Counter,
}

/// Connections that were sent away, by the reason. Clones count the same.
#[derive(Clone, Default)]
pub struct TurnedAway(Family<ReasonLabels, Counter>);

/// Labels of a refusal.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

impl TurnedAway {
    /// Counts one more.
    pub fn count(&self, reason: &'static str) {
        self.0.get_or_create(&ReasonLabels { reason }).inc();
    }
}

/// Counts of our own broker.
#[derive(Clone, Default)]
pub struct BrokerMetrics {
    /// Connections that were not let in.
    pub turned_away: TurnedAway,
    /// Those who were let in and are there.
    pub connections: Gauge,
    /// Those who are there and have not said who they are.
    pub strangers: Gauge,
    /// Messages that found no room in the queue of their receiver.
    pub dropped: Counter,
    /// Messages that were passed on and not kept for who comes later.
    pub not_retained: TurnedAway,
    /// Bytes of the retained messages of all devices.
    pub retained_bytes: Gauge,
}

impl BrokerMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register("mqtt_turned_away", "MQTT connections that were not let in", self.turned_away.0.clone());
        registry.register("mqtt_connections", "MQTT connections that stand", self.connections.clone());
        registry.register("mqtt_strangers", "Connections that have not said yet who they are", self.strangers.clone());
        registry.register("mqtt_dropped", "Messages that found no room in the queue of their receiver", self.dropped.clone());
        registry.register("mqtt_not_retained", "Messages that were to be retained and were only passed on", self.not_retained.0.clone());
        registry.register("mqtt_retained_bytes", "Bytes of the retained messages of all devices", self.retained_bytes.clone());
    }
}

/// Counts of the connection to an external broker.
#[derive(Clone, Default)]
pub struct ExternalMetrics {
    /// Messages of registered devices, stored.
    pub messages: Counter,
    /// Messages of devices that nobody registered.
    pub strangers: Counter,
    /// Messages that the broker had kept, of which nothing has a time of its own.
    pub passed_over: Counter,
    /// Messages of QoS 0 that came while the store was away.
    pub unstored: Counter,
    /// Connections lost, or not made.
    pub losses: Counter,
    /// How often the broker had forgotten us.
    pub forgotten: Counter,
    waiting: Gauge,
}

/// One message that waits for the store, until it is dropped.
pub struct Waiting(Gauge);

impl ExternalMetrics {
    /// Counts a message that the store did not take at once.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        self.waiting.inc();
        Waiting(self.waiting.clone())
    }

    /// How many messages wait for the store now.
    #[must_use]
    pub fn unstored_now(&self) -> i64 {
        self.waiting.get()
    }

    fn register(&self, registry: &mut Registry) {
        registry.register("external_messages", "Messages of the external broker that were stored", self.messages.clone());
        registry.register("external_strangers", "Messages of devices that nobody registered", self.strangers.clone());
        registry.register(
            "external_passed_over",
            "Retained messages without a time of their own; they say nothing",
            self.passed_over.clone(),
        );
        registry.register("external_unstored", "Messages of QoS 0 that came while the store was away", self.unstored.clone());
        registry.register("external_losses", "Connections to the external broker that were lost, or not made", self.losses.clone());
        registry.register("external_forgotten", "How often the external broker had forgotten us", self.forgotten.clone());
        registry.register("external_waiting", "Messages that the store did not take yet; not acknowledged", self.waiting.clone());
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Counts of the time-series store.
#[derive(Clone, Default)]
pub struct StoreMetrics {
    /// Values that another one for the same device, instant and metric replaced.
    pub replaced: Counter,
    /// Values that became columns.
    pub sealed: Counter,
    /// Chunks, blocks and rows of quarters whose bytes could not be believed.
    pub damaged: Counter,
    /// Database files that were damaged and set aside.
    pub set_aside: Counter,
    /// Values that were removed because their time is over.
    pub retired: Counter,
}

impl StoreMetrics {
    fn register(&self, registry: &mut Registry) {
        let counts = [
            ("telemetry_replaced_values", "Values that another one for the same device, instant and metric replaced", &self.replaced),
            ("telemetry_sealed_values", "Values that were moved from the log into chunks", &self.sealed),
            ("telemetry_damaged_rows", "Chunks, blocks and rows of quarters whose bytes could not be believed", &self.damaged),
            ("telemetry_files_set_aside", "Damaged database files that were set aside", &self.set_aside),
            ("telemetry_retired_values", "Values that were removed because their time is over", &self.retired),
        ];
        for (name, help, counter) in counts {
            registry.register(name, help, counter.clone());
        }
    }
}

/// Labels of a request.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct HttpLabels {
    /// The route's pattern, never the address itself.
    pub route: String,
    /// The status.
    pub status: u16,
}

/// Counts of the way in.
#[derive(Clone)]
pub struct IngestMetrics {
    /// Messages stored.
    pub messages: Counter,
    /// Messages stored in the last seconds.
    pub rate: Rate,
    /// Readings stored.
    pub readings: Counter,
    /// Messages, or parts of them, not taken.
    pub quarantined: Counter,
    /// Messages of gateways that are of no registered device, and greetings.
    pub unplaced: Counter,
    /// What gateways tried and may not.
    pub refused: Counter,
    /// Messages that the store could not take.
    pub failed: Counter,
    /// How long a transaction took.
    pub commit_seconds: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let ingest = IngestMetrics {
            messages: Counter::default(),
            rate: Rate::default(),
            readings: Counter::default(),
            quarantined: Counter::default(),
            unplaced: Counter::default(),
            refused: Counter::default(),
            failed: Counter::default(),
            commit_seconds: Histogram::new(exponential_buckets(0.0005, 2.0, 14)),
        };
        let http = Family::<HttpLabels, Counter>::default();
        let live = Gauge::default();
        let mut registry = Registry::with_prefix("vigia");
        registry.register("ingest_messages", "Messages stored", ingest.messages.clone());
        registry.register("ingest_readings", "Readings stored", ingest.readings.clone());
        registry.register("ingest_quarantined", "Messages, or parts of them, that were not taken", ingest.quarantined.clone());
        registry.register(
            "ingest_unplaced",
            "Messages of gateways that are of no registered device, and greetings",
            ingest.unplaced.clone(),
        );
        registry.register(
            "ingest_refused",
            "Messages, subscriptions and connections of gateways that were refused",
            ingest.refused.clone(),
        );
        registry.register("ingest_failed", "Messages that the store could not take", ingest.failed.clone());
        registry.register("ingest_commit_seconds", "Time of a transaction", ingest.commit_seconds.clone());
        let store = StoreMetrics::default();
        store.register(&mut registry);
        registry.register("http_requests", "Requests by route and status", http.clone());
        registry.register("live_connections", "Live connections that stand", live.clone());
        let external = ExternalMetrics::default();
        external.register(&mut registry);
        let broker = BrokerMetrics::default();
        broker.register(&mut registry);
        let http_turned_away = TurnedAway::default();
        registry.register(
            "http_turned_away",
            "HTTP connections that were hung up on before anything was asked",
            http_turned_away.0.clone(),
        );
        let passwords = Counter::default();
        registry.register("password_hashes", "Passwords that were hashed or checked", passwords.clone());
        Self { registry, ingest, store, http, external, live, broker, http_turned_away, passwords }
    }
}

impl Metrics {
    /// Everything in the OpenMetrics text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).expect("writing to a String does not fail");
        text
    }
}
