//! The way in: decode, check, batch, commit, acknowledge, announce.

mod checks;
mod clock;
mod lines;
mod messages;
mod stamp;
mod strikes;
mod trial;
mod writer;

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use vigia_domain::decode::route::{Found, Routes};
use vigia_domain::decode::{self, Decoded, Decoder};
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::{DeviceId, DeviceNumber};
use vigia_domain::limits::METRICS_PER_DEVICE;
use vigia_domain::plausible::Limit;
use vigia_domain::reading::Reading;
use vigia_domain::reason::Reason;

use crate::lifecycle::{Lifecycle, Phase};
use crate::live::Hub;
use crate::metrics::IngestMetrics;
use crate::mqtt::{DeviceIdentity, Unavailable};
use crate::telemetry::{Entry, Minutes, Refused, TelemetryStore};
use crate::world::World;
use checks::Checks;
use clock::Clocks;
pub use lines::{LinesNotTaken, OfDevice};
use messages::{Came, Messages};
pub use messages::{Look, MESSAGES_KEPT, Message, PAYLOAD_SHOWN};
use stamp::Stamps;
use strikes::Strikes;
pub use trial::{Trial, Try};
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
    routes: Routes,
    checks: Checks,
    clocks: Clocks,
    messages: Messages,
    world: World,
    metrics: IngestMetrics,
}

/// What the settings say of the way in.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Whose a topic is and what reads it.
    pub routes: Routes,
    /// What a value may be.
    pub limits: Vec<Limit>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { routes: Routes::built_in(), limits: Vec::new() }
    }
}

/// Where a message stood, and what reads it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The topic.
    pub topic: &'a str,
    /// What reads it.
    pub decoder: Decoder,
    /// The device's name in the topic; empty where it has none.
    pub name: &'a str,
    /// What follows it there.
    pub rest: &'a str,
    /// Its quality of service, where that is known.
    pub qos: Option<u8>,
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
    pub fn start(
        store: Arc<dyn TelemetryStore>,
        minutes: Minutes,
        hub: Hub,
        world: World,
        metrics: IngestMetrics,
        rules: Rules,
        lifecycle: &Lifecycle,
    ) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE);
        let writer = Writer { store: Arc::clone(&store), minutes, hub, requests, metrics: metrics.clone(), world: world.clone() };
        lifecycle.spawn("writer", Phase::Store, |stop| writer.run(stop));
        Self {
            inner: Arc::new(Inner {
                queue,
                store,
                stamps: Stamps::default(),
                strikes: Strikes::per_minute(100),
                strangers: Strikes::per_minute(1),
                routes: rules.routes,
                checks: Checks::new(rules.limits),
                clocks: Clocks::default(),
                messages: Messages::default(),
                world,
                metrics,
            }),
        }
    }

    /// Whose a topic is and what reads it.
    #[must_use]
    pub fn routes(&self) -> &Routes {
        &self.inner.routes
    }

    /// How far a device's clock is ahead of ours, in ms, from its live messages; behind is negative. `None` while too few came.
    #[must_use]
    pub fn clock_offset_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.inner.clocks.offset_ms(device)
    }

    /// The last messages of a device that somebody looks at, from the first look on; see [`Look`]. `after`: the look and the message
    /// that one knows already.
    #[must_use]
    pub fn look(&self, device: DeviceNumber, after: Option<(i64, u64)>) -> Look {
        self.inner.messages.look(device, self.inner.world.clock.now_ms(), after)
    }

    /// Learns what a device is, for limits of its kind.
    pub fn know(&self, device: DeviceNumber, kind: DeviceKind) {
        self.inner.checks.know(device, kind);
    }

    /// A message that is nobody's was taken and counted.
    pub fn unplaced(&self) {
        self.inner.metrics.unplaced.inc();
    }

    /// A gateway tried what it may not, and that was counted.
    pub fn refused_gateway(&self) {
        self.inner.metrics.refused.inc();
    }

    /// Takes a message from a topic that is the device's own by its id. Returns after the commit; what cannot be taken is quarantined.
    ///
    /// # Errors
    /// [`Unavailable`]: nothing was stored.
    pub async fn message(&self, device: &DeviceIdentity, topic: &str, payload: &[u8]) -> Result<(), Unavailable> {
        match self.inner.routes.find(topic, |name| decode::is_called(&device.id, name).then_some(())) {
            Found::Up { decoder, name, rest, .. } => self.placed(device, Source { topic, decoder, name, rest, qos: None }, payload).await,
            Found::Hello => Ok(()),
            Found::Down { .. } | Found::Nobodys => {
                self.quarantine(device, topic, Reason::UnknownTopic, payload, true).await;
                Ok(())
            }
        }
    }

    /// Takes a message of a device. Returns after the commit; what cannot be taken is quarantined.
    ///
    /// # Errors
    /// [`Unavailable`]: nothing was stored.
    pub async fn placed(&self, device: &DeviceIdentity, source: Source<'_>, payload: &[u8]) -> Result<(), Unavailable> {
        let inner = &self.inner;
        let note = |reason: Reason| refusal(source.topic, reason, payload);
        let (decoded, refused) = match source.decoder.decode(source.name, source.rest, payload) {
            Err(reason) => (Decoded::default(), vec![note(reason)]),
            Ok(mut decoded) => {
                let now_ms = inner.world.clock.now_ms();
                let mut reasons = std::mem::take(&mut decoded.refused);
                self.hear_clock(device.number, &decoded.readings, now_ms);
                let mut is_in_time = |at_ms| stamp::check(at_ms, now_ms).map_err(|bad| reasons.push(bad.into())).is_ok();
                decoded.readings.retain(|reading| is_in_time(reading.at_ms));
                decoded.events.retain(|event| is_in_time(event.at_ms));
                self.check(device.number, &mut decoded.readings, now_ms, |reason| reasons.push(reason));
                if self.leave_out_new_metrics(device, &mut decoded) {
                    reasons.push(Reason::TooManyMetrics);
                }
                let more = reasons.len().saturating_sub(TOLD_ONE_BY_ONE) as u64;
                reasons.truncate(TOLD_ONE_BY_ONE);
                let mut refused: Vec<_> = reasons.into_iter().map(note).collect();
                if more > 0 {
                    refused.push(note(Reason::More { count: more }));
                }
                (decoded, refused)
            }
        };
        let came = Came { source: source.topic, decoder: Some(source.decoder), qos: source.qos, payload };
        self.take(device, came, decoded, refused, true).await
    }

    /// Takes of a message that a broker had kept what has a time of its own: storing that twice is harmless. Its device does not
    /// count as heard, and all else is left: nobody knows when it was true. Says whether there was anything.
    ///
    /// # Errors
    /// [`Unavailable`]: nothing was stored.
    pub async fn kept(&self, device: &DeviceIdentity, source: Source<'_>, payload: &[u8]) -> Result<bool, Unavailable> {
        let Ok(mut decoded) = source.decoder.decode(source.name, source.rest, payload) else { return Ok(false) };
        let now_ms = self.inner.world.clock.now_ms();
        let has_time = |at_ms: Option<i64>| at_ms.is_some() && stamp::check(at_ms, now_ms).is_ok();
        decoded.readings.retain(|reading| has_time(reading.at_ms));
        decoded.events.retain(|event| has_time(event.at_ms));
        let mut refused = Vec::new();
        self.check(device.number, &mut decoded.readings, now_ms, |reason| refused.push(refusal(source.topic, reason, payload)));
        if self.leave_out_new_metrics(device, &mut decoded) {
            refused.push(refusal(source.topic, Reason::TooManyMetrics, payload));
        }
        if decoded.readings.is_empty() && decoded.events.is_empty() && refused.is_empty() {
            return Ok(false);
        }
        let timed = Decoded { readings: decoded.readings, events: decoded.events, ..Decoded::default() };
        let came = Came { source: source.topic, decoder: Some(source.decoder), qos: source.qos, payload };
        self.take(device, came, timed, refused, false).await?;
        Ok(true)
    }

    /// When the device last said goodbye, ms since the epoch, if it did not come back.
    #[must_use]
    pub fn goodbye_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.inner.store.goodbye_ms(device)
    }

    /// Only a message of one reading says something of the clock: a list is a backlog.
    fn hear_clock(&self, device: DeviceNumber, readings: &[Reading], now_ms: i64) {
        if let [Reading { at_ms: Some(at_ms), .. }] = readings {
            self.inner.clocks.hear(device, *at_ms, now_ms);
        }
    }

    /// Takes out what cannot be, and readings of which nothing is left.
    fn check(&self, device: DeviceNumber, readings: &mut Vec<Reading>, now_ms: i64, mut refused: impl FnMut(Reason)) {
        let newest = self.newest_of(device);
        for reading in &mut *readings {
            self.inner.checks.check(device, reading, now_ms, &newest, &mut refused);
        }
        readings.retain(|reading| !reading.values.is_empty());
    }

    /// Instant and value of the newest of a metric.
    fn newest_of(&self, device: DeviceNumber) -> impl Fn(&str) -> Option<(i64, f64)> {
        move |metric| {
            let latest = self.inner.store.latest(device);
            latest.into_iter().find(|value| value.metric == metric).map(|value| (value.at_ms, value.value))
        }
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
        self.hear_clock(device.number, &decoded.readings, now_ms);
        self.check_all(device.number, &mut decoded.readings, now_ms)?;
        if self.leave_out_new_metrics(device, &mut decoded) {
            return Err(Reason::TooManyMetrics.into());
        }
        let count = decoded.readings.len();
        let came = Came { source: "HTTP", decoder: Some(Decoder::Native), qos: None, payload };
        self.take(device, came, decoded, Vec::new(), true).await?;
        Ok(count)
    }

    /// All or nothing: the first reason that any reading gives.
    fn check_all(&self, device: DeviceNumber, readings: &mut Vec<Reading>, now_ms: i64) -> Result<(), Reason> {
        for reading in &*readings {
            stamp::check(reading.at_ms, now_ms)?;
        }
        let mut first = None;
        self.check(device, readings, now_ms, |reason| {
            first.get_or_insert(reason);
        });
        first.map_or(Ok(()), Err)
    }

    /// Puts something that was not taken where the device's page shows it. A device that tries without end is cut short, and a
    /// stranger who uses its name is noted once a minute and never counts as the device.
    pub async fn quarantine(&self, device: &DeviceIdentity, source: &str, reason: Reason, payload: &[u8], by_itself: bool) {
        // Whoever does not know the password is not the device, and said nothing in its name.
        let watched = (by_itself && self.inner.messages.is_watched(device.number)).then(|| reason.clone());
        let entry = self.entry(device, Decoded::default(), vec![refusal(source, reason, payload)], by_itself);
        let message = watched.map(|reason| Message::of(Came { source, decoder: None, qos: None, payload }, &entry, vec![reason]));
        let is_stored = entry.refused.is_empty() || self.store(vec![(device.id.clone(), entry)]).await.is_ok();
        if !is_stored {
            tracing::warn!(device = %device.id, "a refusal could not be written down: the database is away");
        }
        self.keep(device.number, message, is_stored);
    }

    /// Stores what a message came to, and shows it to whoever looks at the device.
    async fn take(
        &self,
        device: &DeviceIdentity,
        came: Came<'_>,
        decoded: Decoded,
        refused: Vec<Refused>,
        heard: bool,
    ) -> Result<(), Unavailable> {
        let is_watched = self.inner.messages.is_watched(device.number);
        let reasons = is_watched.then(|| refused.iter().map(|refused| refused.reason.clone()).collect());
        let entry = self.entry(device, decoded, refused, heard);
        let message = reasons.map(|reasons| Message::of(came, &entry, reasons));
        let stored = self.store(vec![(device.id.clone(), entry)]).await;
        self.keep(device.number, message, stored.is_ok());
        stored
    }

    fn keep(&self, device: DeviceNumber, message: Option<Message>, is_stored: bool) {
        if let Some(message) = message {
            self.inner.messages.keep(device, Message { is_stored, ..message });
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

    /// Stores all of it or nothing.
    async fn store(&self, entries: Vec<(DeviceId, Entry)>) -> Result<(), Unavailable> {
        let (done, stored) = oneshot::channel();
        self.inner.queue.send(Request { entries, done }).await.map_err(|_| Unavailable)?;
        stored.await.unwrap_or(Err(Unavailable))
    }
}

/// A row for the quarantine, cut to what a page can show: a device chooses its topics.
fn refusal(source: &str, reason: Reason, payload: &[u8]) -> Refused {
    let excerpt = payload[..payload.len().min(EXCERPT_BYTES)].to_vec();
    Refused { source: source.chars().take(SOURCE_CHARACTERS).collect(), reason, excerpt, bytes: payload.len() }
}
