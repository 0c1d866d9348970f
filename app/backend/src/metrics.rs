//! What the process counts, in a registry of its own; `/metrics` writes it out.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Every count of the process.
pub struct Metrics {
    registry: Registry,
    /// The way in.
    pub ingest: IngestMetrics,
    /// Requests by route and status.
    pub http: Family<HttpLabels, Counter>,
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
    /// Readings stored.
    pub readings: Counter,
    /// Messages, or parts of them, not taken.
    pub quarantined: Counter,
    /// Messages of gateways that are of no registered device, and greetings.
    pub unplaced: Counter,
    /// Messages that the store could not take.
    pub failed: Counter,
    /// How long a transaction took.
    pub commit_seconds: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let ingest = IngestMetrics {
            messages: Counter::default(),
            readings: Counter::default(),
            quarantined: Counter::default(),
            unplaced: Counter::default(),
            failed: Counter::default(),
            commit_seconds: Histogram::new(exponential_buckets(0.0005, 2.0, 14)),
        };
        let http = Family::<HttpLabels, Counter>::default();
        let mut registry = Registry::with_prefix("vigia");
        registry.register("ingest_messages", "Messages stored", ingest.messages.clone());
        registry.register("ingest_readings", "Readings stored", ingest.readings.clone());
        registry.register("ingest_quarantined", "Messages, or parts of them, that were not taken", ingest.quarantined.clone());
        registry.register(
            "ingest_unplaced",
            "Messages of gateways that are of no registered device, and greetings",
            ingest.unplaced.clone(),
        );
        registry.register("ingest_failed", "Messages that the store could not take", ingest.failed.clone());
        registry.register("ingest_commit_seconds", "Time of a transaction", ingest.commit_seconds.clone());
        registry.register("http_requests", "Requests by route and status", http.clone());
        Self { registry, ingest, http }
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
