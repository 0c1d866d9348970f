//! One stream of server-sent events: what it follows, when it speaks, when it ends.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;
use vigia_domain::device::Presence;
use vigia_domain::ids::{DeviceId, DeviceNumber};

use super::live_right::Standing;
use super::stream_card as card;
use crate::app::App;
use crate::db::devices::{self, Device};
use crate::db::{DbError, state};
use crate::fleet::{self, FRESH_MS, presence_of};
use crate::http::Problem;
use crate::lifecycle::Phase;
use crate::live::{Listener, Seat, Visible};

/// How many devices one stream follows. Somebody with more names one, or follows topics over the WebSocket.
const MOST_DEVICES: usize = 10_000;
/// How often something is said in a silence: proxies end what is quiet for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often it is looked whether the right has to be asked again.
const LOOK: Duration = Duration::from_secs(1);
/// How long a device's changes are gathered after the last ones were told; the first is told at once.
const GATHER: Duration = Duration::from_millis(250);
/// How long is waited while the database is away.
const AWAY: Duration = Duration::from_secs(1);
/// How many devices are told of at a time, so that the text stays small.
const AT_A_TIME: usize = 100;
/// A commit takes its time: whoever saw an event may have missed what was on its way in then, in milliseconds.
const ON_ITS_WAY_MS: i64 = 30_000;

/// Which devices are wanted.
pub(super) struct Filter {
    /// Only this one.
    pub(super) serial: Option<DeviceId>,
    /// Only those with an owner, or only those without.
    pub(super) claimed: Option<bool>,
}

/// A stream. It is pulled: while its client does not read, nothing is made and nothing is kept but which devices changed.
pub(super) struct Stream {
    app: App,
    standing: Standing,
    filter: Filter,
    listener: Listener,
    /// What it should follow by the last answer, and whose each of these was.
    known: Arc<Visible>,
    fleet: watch::Receiver<()>,
    /// Devices that changed and were not told of.
    changed: BTreeSet<DeviceNumber>,
    greeted: bool,
    /// When it was last asked what it should follow, ms since the epoch; `None`: never.
    followed_ms: Option<i64>,
    tell_at: Instant,
    heartbeat: Interval,
    look: Interval,
    stop: CancellationToken,
    _seat: Seat,
}

impl Stream {
    /// A stream that follows what its principal may see. With `since_ms` whatever was heard of since counts as changed.
    ///
    /// # Errors
    /// A [`Problem`] when the registry cannot be asked, or there are too many devices.
    pub(super) async fn open(app: App, standing: Standing, seat: Seat, filter: Filter, since_ms: Option<i64>) -> Result<Self, Problem> {
        let now = Instant::now();
        let every = |period| {
            let mut interval = interval_at(now + period, period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        };
        let mut stream = Self {
            listener: app.hub().listen(),
            known: Arc::default(),
            fleet: app.hub().fleet(),
            // A stream is an answer that the door still gives: it ends when the doors close, and its client comes again.
            stop: app.lifecycle().stopping(Phase::Intake),
            app,
            standing,
            filter,
            changed: BTreeSet::new(),
            greeted: false,
            followed_ms: None,
            tell_at: now,
            heartbeat: every(HEARTBEAT),
            look: every(LOOK),
            _seat: seat,
        };
        if !stream.follow().await? {
            let detail =
                format!("a stream follows at most {MOST_DEVICES} devices and you may see more: name one with serial, or use /api/v1/live");
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
        }
        if let Some(since_ms) = since_ms {
            let since_ms = since_ms.saturating_sub(ON_ITS_WAY_MS);
            let numbers: Vec<_> = stream.listener.follows().values().copied().collect();
            stream.changed = numbers.into_iter().filter(|number| stream.may_have_changed(*number, since_ms)).collect();
        }
        Ok(stream)
    }

    /// The next bytes, and the stream after them; `None` at its end.
    pub(super) async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        let text = self.text().await?;
        Some((Ok(Bytes::from(text)), self))
    }

    async fn text(&mut self) -> Option<String> {
        if !self.greeted {
            self.greeted = true;
            return Some(self.event("hello"));
        }
        let stop = self.stop.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                // Before anything is told: what may not be seen any more is not told.
                _ = self.look.tick() => if !self.ask_again().await {
                    return None;
                },
                Ok(()) = self.fleet.changed() => if !self.follow().await.unwrap_or(true) {
                    return None;
                },
                messages = self.listener.next() => {
                    let follows = self.listener.follows();
                    let number = |device: &str| DeviceId::new(device).ok().and_then(|id| follows.get(&id).copied());
                    self.changed.extend(messages.iter().filter_map(|message| number(message.device())));
                }
                () = sleep_until(self.tell_at), if !self.changed.is_empty() => {
                    let told = self.tell().await;
                    self.tell_at = Instant::now() + if told.is_err() { AWAY } else if self.changed.is_empty() { GATHER } else { Duration::ZERO };
                    if let Some(text) = told.ok().filter(|text| !text.is_empty()) {
                        self.heartbeat.reset();
                        return Some(text);
                    }
                }
                _ = self.heartbeat.tick() => return Some(self.event("ping")),
            }
        }
    }

    /// An event without content. An id says until when everything was told: it has none while something waits.
    fn event(&self, name: &str) -> String {
        let id = if self.changed.is_empty() { format!("id: {}\n", self.app.world().clock.now_ms()) } else { String::new() };
        format!("event: {name}\ndata: {{}}\n{id}\n")
    }

    /// The next of the changed devices as they are now; they stay where they are when that cannot be asked.
    async fn tell(&mut self) -> Result<String, DbError> {
        let numbers: Vec<_> = self.changed.iter().copied().take(AT_A_TIME).collect();
        let now_ms = self.app.world().clock.now_ms();
        let found = devices::by_numbers(self.app.registry(), &numbers).await?;
        if self.app.hub().has_neighbours() {
            // What another process stored may be known here only by its announcement.
            self.app.store().catch_up().await?;
        }
        let mut words = state::described(self.app.telemetry_db(), &numbers).await?;
        for number in numbers {
            self.changed.remove(&number);
        }
        let mut text = String::new();
        let mut wanted = found.into_iter().filter(|device| self.wants(device)).peekable();
        while let Some(device) = wanted.next() {
            let words = words.remove(&device.number).unwrap_or_default();
            let is_last = self.changed.is_empty() && wanted.peek().is_none();
            card::write(&mut text, &self.app, &device, words, is_last.then_some(now_ms));
        }
        Ok(text)
    }

    fn wants(&self, device: &Device) -> bool {
        self.standing.may_follow(&device.id, device.owner) && self.filter.claimed.is_none_or(|claimed| claimed == device.owner.is_some())
    }

    /// Asks the right again when it is time, and follows what came and leaves what went. `false`: it has to end.
    async fn ask_again(&mut self) -> bool {
        if !self.standing.is_due(&self.app) {
            return true;
        }
        if self.standing.ask_again(&self.app).await.is_err() {
            return false;
        }
        // When the registry cannot be asked, the next time tells; the standing itself says for how long that may go on.
        self.follow().await.unwrap_or(true)
    }

    /// Follows all that it should and nothing else. `false`: that is too much.
    async fn follow(&mut self) -> Result<bool, DbError> {
        let should = match &self.filter.serial {
            Some(serial) => {
                let device = devices::by_id(self.app.registry(), serial).await?.filter(|device| self.wants(device));
                Arc::new(device.map(|device| (device.id, (device.number, device.owner))).into_iter().collect())
            }
            None => self.visible().await?,
        };
        if should.len() > MOST_DEVICES {
            return Ok(false);
        }
        let gone: Vec<_> = self.listener.follows().keys().filter(|id| !should.contains_key(*id)).cloned().collect();
        for id in gone {
            self.listener.leave(&id);
        }
        let is_first = !self.greeted;
        for (id, owned) in should.iter() {
            let number = owned.0;
            if !self.listener.follows().contains_key(id) {
                self.listener.follow_quietly(id, number, || presence_of(&self.app, number) == Presence::Online);
            } else if self.known.get(id) == Some(owned) {
                continue;
            }
            // A device that was added, or handed over, while the stream stands is news itself.
            if !is_first {
                self.changed.insert(number);
            }
        }
        self.known = should;
        Ok(true)
    }

    /// All that its principal may see, as far as a stream goes. It takes the answer that another stream of the same principal got since it
    /// last asked: the whole registry is read once for all of them.
    async fn visible(&mut self) -> Result<Arc<Visible>, DbError> {
        let (memo, now_ms) = (self.app.hub().visible(), self.app.world().clock.now_ms());
        let key = format!("{:?}", self.standing.principal());
        if let Some((at_ms, found)) = self.followed_ms.and_then(|asked_ms| memo.since(&key, asked_ms, now_ms)) {
            self.followed_ms = Some(at_ms);
            return Ok(found);
        }
        let found = fleet::visible_devices(self.app.registry(), self.standing.principal(), MOST_DEVICES + 1).await?;
        let found: Arc<Visible> = Arc::new(found.into_iter().collect());
        memo.keep(key, now_ms, Arc::clone(&found));
        self.followed_ms = Some(now_ms);
        Ok(found)
    }

    /// Whether a device was heard of since, said goodbye since, or may have fallen silent since.
    fn may_have_changed(&self, number: DeviceNumber, since_ms: i64) -> bool {
        let store = self.app.store();
        let silent = || presence_of(&self.app, number) != Presence::Online;
        store.goodbye_ms(number).is_some_and(|at_ms| at_ms >= since_ms)
            || store.seen_ms(number).is_some_and(|at_ms| at_ms >= since_ms || at_ms + FRESH_MS >= since_ms && silent())
    }
}
