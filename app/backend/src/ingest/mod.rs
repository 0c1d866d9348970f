//! The way in: decode, check, batch, commit, acknowledge, announce.

mod stamp;
mod strikes;
mod writer;

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use vigia_domain::decode::{self, Decoded};
use vigia_domain::ids::DeviceId;
use vigia_domain::limits::METRICS_PER_DEVICE;
use vigia_domain::reason::Reason;

use crate::lifecycle::{Lifecycle, Phase};
use crate::live::Hub;
use crate::metrics::IngestMetrics;
use crate::mqtt::{DeviceIdentity, Unavailable};
use crate::telemetry::{Entry, Refused, TelemetryStore};
use crate::world::World;
use stamp::Stamps;
use strikes::Strikes;
use writer::{Request, Writer};

/// How many messages may wait for the writer; then senders wait, which is the back-pressure.
const QUEUE: usize = 4_096;
/// How many bad readings of one message are each told; of the rest only the count.
const TOLD_ONE_BY_ONE: usize = 10;
/// How much of a refused payload is kept.
const EXCERPT_BYTES: usize = 2_048;
/// How much of its source.
const SOURCE_CHARACTERS: usize = 300;

/// The way in. Clones are handles to the same one.
#[derive(Clone)]
pub struct Ingest {
    inner: Arc<Inner>,
}

struct Inner {
    queue: mpsc::Sender<Request>,
    store: Arc<dyn TelemetryStore>,
    stamps: Stamps,
    strikes: Strikes,
    strangers: Strikes,
    world: World,
    metrics: IngestMetrics,
}

/// Why readings over HTTP were not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The sender can mend it.
    #[error(transparent)]
    Refused(#[from] Reason),
    /// The store is away; send it again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Ingest {
    /// Starts the writer.
    #[must_use]
    pub fn start(store: Arc<dyn TelemetryStore>, hub: Hub, world: World, metrics: IngestMetrics, lifecycle: &Lifecycle) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE);
        let writer = Writer { store: Arc::clone(&store), hub, requests, metrics: metrics.clone(), world: world.clone() };
        lifecycle.spawn("writer", Phase::Store, |stop| writer.run(stop));
        Self {
            inner: Arc::new(Inner {
                queue,
                store,
                stamps: Stamps::default(),
                strikes: Strikes::per_minute(100),
                strangers: Strikes::per_minute(1),
                world,
                metrics,
            }),
        }
    }

    /// Takes a message from a topic of the device's own. Returns after the commit; what cannot be taken is quarantined.
    ///
    /// # Errors
    /// [`Unavailable`]: nothing was stored.
    pub async fn message(&self, device: &DeviceIdentity, topic: &str, payload: &[u8]) -> Result<(), Unavailable> {
        let inner = &self.inner;
        let mut refused = Vec::new();
        let note = |reason: Reason| refusal(topic, reason, payload);
        let entry = match decode::decode(&device.id, topic, payload) {
            Err(reason) => {
                refused.push(note(reason));
                self.entry(device, Decoded::default(), refused, true)
            }
            Ok(mut decoded) => {
                let mut elements = std::mem::take(&mut decoded.refused);
                let more = elements.len().saturating_sub(TOLD_ONE_BY_ONE) as u64;
                elements.truncate(TOLD_ONE_BY_ONE);
                refused.extend(elements.into_iter().map(note));
                if more > 0 {
                    refused.push(note(Reason::More { count: more }));
                }
                let now_ms = inner.world.clock.now_ms();
                decoded.readings.retain(|reading| match stamp::check(reading.at_ms, now_ms) {
                    Ok(()) => true,
                    Err(reason) => {
                        refused.push(note(reason.into()));
                        false
                    }
                });
                decoded.events.retain(|event| match stamp::check(event.at_ms, now_ms) {
                    Ok(()) => true,
                    Err(reason) => {
                        refused.push(note(reason.into()));
                        false
                    }
                });
                if self.leave_out_new_metrics(device, &mut decoded) {
                    refused.push(note(Reason::TooManyMetrics));
                }
                self.entry(device, decoded, refused, true)
            }
        };
        self.store(entry, &device.id).await
    }

    /// Takes one reading or an array of them, all or nothing. Returns how many were stored, after the commit.
    ///
    /// # Errors
    /// [`NotTaken`]: nothing was stored.
    pub async fn readings(&self, device: &DeviceIdentity, payload: &[u8]) -> Result<usize, NotTaken> {
        if payload.len() > vigia_domain::limits::PAYLOAD_BYTES {
            return Err(Reason::TooLarge { bytes: payload.len() as u64 }.into());
        }
        let mut decoded = decode::native_readings(payload)?;
        if let Some(first) = decoded.refused.drain(..).next() {
            return Err(first.into());
        }
        let now_ms = self.inner.world.clock.now_ms();
        for reading in &decoded.readings {
            stamp::check(reading.at_ms, now_ms).map_err(Reason::from)?;
        }
        if self.leave_out_new_metrics(device, &mut decoded) {
            return Err(Reason::TooManyMetrics.into());
        }
        let count = decoded.readings.len();
        let entry = self.entry(device, decoded, Vec::new(), true);
        self.store(entry, &device.id).await?;
        Ok(count)
    }

    /// Puts something that was not taken where the device's page shows it. A device that tries without end is cut short, and a
    /// stranger who uses its name is noted once a minute and never counts as the device.
    pub async fn quarantine(&self, device: &DeviceIdentity, source: &str, reason: Reason, payload: &[u8], by_itself: bool) {
        let entry = self.entry(device, Decoded::default(), vec![refusal(source, reason, payload)], by_itself);
        if entry.refused.is_empty() {
            return;
        }
        if self.store(entry, &device.id).await.is_err() {
            tracing::warn!(device = %device.id, "a refusal could not be written down: the database is away");
        }
    }

    fn entry(&self, device: &DeviceIdentity, decoded: Decoded, mut refused: Vec<Refused>, heard: bool) -> Entry {
        let inner = &self.inner;
        let received_ms = inner.world.clock.now_ms();
        let counted = refused.len();
        let strikes = if heard { &inner.strikes } else { &inner.strangers };
        refused.truncate(strikes.room(device.number, received_ms, counted));
        inner.metrics.quarantined.inc_by(counted as u64);
        Entry {
            device: device.number,
            received_ms,
            readings: inner.stamps.stamp(device.number, decoded.readings, received_ms, || inner.store.newest_ms(device.number)),
            events: decoded
                .events
                .into_iter()
                .map(|mut e| {
                    e.at_ms.get_or_insert(received_ms);
                    e
                })
                .collect(),
            attributes: decoded.attributes.into_iter().collect(),
            online: decoded.online,
            refused,
            heard,
        }
    }

    /// Takes values of new names out when there would be too many names. Says whether it did.
    fn leave_out_new_metrics(&self, device: &DeviceIdentity, decoded: &mut Decoded) -> bool {
        let values = decoded.readings.iter().map(|r| r.values.len()).sum::<usize>();
        // Enough for all but a device near the limit, and cheap.
        if self.inner.store.known_metrics(device.number) + values <= METRICS_PER_DEVICE {
            return false;
        }
        let mut names: HashSet<String> = self.inner.store.latest(device.number).into_iter().map(|v| v.metric).collect();
        let mut left_out = false;
        for reading in &mut decoded.readings {
            reading.values.retain(|(name, _)| {
                let fits = names.contains(name) || names.len() < METRICS_PER_DEVICE && names.insert(name.clone());
                left_out |= !fits;
                fits
            });
        }
        decoded.readings.retain(|reading| !reading.values.is_empty());
        left_out
    }

    async fn store(&self, entry: Entry, device: &DeviceId) -> Result<(), Unavailable> {
        let (done, stored) = oneshot::channel();
        let request = Request { entry, device: device.clone(), done };
        self.inner.queue.send(request).await.map_err(|_| Unavailable)?;
        stored.await.unwrap_or(Err(Unavailable))
    }
}

/// A row for the quarantine, cut to what a page can show: a device chooses its topics.
fn refusal(source: &str, reason: Reason, payload: &[u8]) -> Refused {
    let excerpt = payload[..payload.len().min(EXCERPT_BYTES)].to_vec();
    Refused { source: source.chars().take(SOURCE_CHARACTERS).collect(), reason, excerpt, bytes: payload.len() }
}
