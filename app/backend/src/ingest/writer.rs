//! The one writer: gathers what came while it was committing into the next transaction, then acknowledges, then announces.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use vigia_domain::ids::DeviceId;
use vigia_domain::live::Update;
use vigia_domain::time;

use crate::db::DbError;
use crate::live::Hub;
use crate::metrics::IngestMetrics;
use crate::mqtt::Unavailable;
use crate::telemetry::{Entry, Minutes, TelemetryStore, Won};
use crate::world::World;

/// The most messages in one transaction.
const MESSAGES: usize = 1_000;
/// The most readings, texts and events in one transaction, unless a single message has more.
const READINGS: usize = 20_000;
/// How often the last values are written down.
const SETTLE: Duration = Duration::from_secs(5);

/// What waits for its commit: a message, or a request of several devices, all or nothing.
pub(super) struct Request {
    pub(super) entries: Vec<(DeviceId, Entry)>,
    pub(super) done: oneshot::Sender<Result<(), Unavailable>>,
}

/// Who waits: how many entries of the batch are theirs, whose these are, and where the answer goes.
struct Sender {
    devices: Vec<DeviceId>,
    done: oneshot::Sender<Result<(), Unavailable>>,
}

pub(super) struct Writer {
    pub(super) store: Arc<dyn TelemetryStore>,
    pub(super) minutes: Minutes,
    pub(super) hub: Hub,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) metrics: IngestMetrics,
    pub(super) world: World,
}

impl Writer {
    /// Runs until it is told to stop, then writes what still waits.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut settle = tokio::time::interval(SETTLE);
        settle.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                // First, or a queue that is never empty would never let it happen.
                _ = settle.tick() => self.settle().await,
                first = self.requests.recv() => match first {
                    Some(first) => self.commit(first).await,
                    None => break,
                },
                // Whoever is still sending has its answer: the channel takes no more, and hands out what it holds.
                () = stop.cancelled(), if !self.requests.is_closed() => self.requests.close(),
            }
        }
        self.settle().await;
    }

    async fn settle(&self) {
        if let Err(error) = self.store.settle().await {
            tracing::warn!(%error, "the last values could not be written down; they will be next time");
        }
    }

    async fn commit(&mut self, first: Request) {
        let mut entries = Vec::new();
        let mut senders = Vec::new();
        let mut readings = 0;
        let mut next = Some(first);
        while let Some(request) = next {
            let mut devices = Vec::with_capacity(request.entries.len());
            for (device, entry) in request.entries {
                // A text and an event are a row each, which costs more than a reading in a block.
                readings += entry.readings.len() + entry.attributes.len() + entry.events.len();
                entries.push(entry);
                devices.push(device);
            }
            senders.push(Sender { devices, done: request.done });
            if entries.len() >= MESSAGES || readings >= READINGS {
                break;
            }
            next = self.requests.try_recv().ok();
        }
        let started = self.world.clock.instant();
        let outcome = self.store.append(&entries).await;
        self.metrics.commit_seconds.observe(self.world.clock.instant().saturating_duration_since(started).as_secs_f64());
        match outcome {
            Ok(won) => self.stored(&entries, &won, senders),
            Err(error) if senders.len() > 1 && !error.is_unreachable() => self.one_by_one(entries, senders, &error).await,
            Err(error) => self.failed(senders, &error),
        }
    }

    /// One message that the database refuses must not hold up the others of its batch.
    async fn one_by_one(&self, entries: Vec<Entry>, senders: Vec<Sender>, error: &DbError) {
        tracing::warn!(%error, messages = entries.len(), "a batch was refused; trying its messages one by one");
        let mut entries = entries.as_slice();
        let mut waiting = senders.into_iter();
        while let Some(sender) = waiting.next() {
            let (own, others) = entries.split_at(sender.devices.len());
            entries = others;
            match self.store.append(own).await {
                Ok(won) => self.stored(own, &won, vec![sender]),
                Err(error) if error.is_unreachable() => return self.failed(std::iter::once(sender).chain(waiting).collect(), &error),
                Err(error) => self.failed(vec![sender], &error),
            }
        }
    }

    fn failed(&self, senders: Vec<Sender>, error: &DbError) {
        tracing::error!(%error, messages = senders.len(), "not stored, so not acknowledged");
        self.metrics.failed.inc_by(senders.len() as u64);
        for sender in senders {
            let _ = sender.done.send(Err(Unavailable));
        }
    }

    fn stored(&self, entries: &[Entry], won: &[Won], senders: Vec<Sender>) {
        let heard = entries.iter().filter(|e| e.heard).count() as u64;
        self.metrics.messages.inc_by(heard);
        self.metrics.rate.count(heard, self.world.clock.now_ms());
        self.metrics.readings.inc_by(entries.iter().map(|e| e.readings.len() as u64).sum());
        let mut devices = Vec::with_capacity(entries.len());
        for sender in senders {
            // A sender that is gone will send again; storing is idempotent.
            let _ = sender.done.send(Ok(()));
            devices.extend(sender.devices);
        }
        self.minutes.feed(entries);
        for ((entry, device), won) in entries.iter().zip(devices).zip(won) {
            let heard = entry.heard.then_some(entry.device);
            self.hub.publish_at(&device, heard, Some(entry.received_ms), || announcements(entry, won, &device));
        }
    }
}

/// What listeners hear of a message: the values that are the newest now, by their instants. Of a backfill of old readings they
/// hear nothing, for no number on a page may go back.
fn announcements(entry: &Entry, won: &[bool], device: &DeviceId) -> Vec<Update> {
    let values = entry.readings.iter().flat_map(|reading| reading.values.iter().map(|(name, value)| (name, reading.at_ms, *value)));
    // The last to win is the newest; those before it in the same message were the newest only for a moment.
    let newest: BTreeMap<&String, (i64, f64)> =
        values.zip(won).filter(|(_, won)| **won).map(|((name, at, v), _)| (name, (at, v))).collect();
    let mut by_instant: BTreeMap<i64, BTreeMap<String, f64>> = BTreeMap::new();
    for (name, (at_ms, value)) in newest {
        by_instant.entry(at_ms).or_default().insert(name.clone(), value);
    }
    // Words without a number are news, too: a device that says only how it is, is there.
    let says = !entry.attributes.is_empty() && entry.heard;
    let mut online = entry.online;
    if by_instant.is_empty() && (online.is_some() || says) {
        online.get_or_insert(true);
        by_instant.insert(entry.received_ms, BTreeMap::new());
    }
    let update = |(at_ms, values)| Update { topic: Hub::topic(device), at: time::to_text(at_ms), values, online, seen_at: None };
    by_instant.into_iter().map(update).collect()
}
