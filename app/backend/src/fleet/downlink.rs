//! What goes down to devices: commands, configuration, and the tokens of those that were claimed. All of it stands in the
//! database; here is what the process has to know of it to send it at the right moment. [`super::deliver`] sends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::Notify;
use vigia_domain::command::{Answer, Applied, CommandState};
use vigia_domain::ids::{DeviceId, DeviceNumber};
use vigia_domain::reason::Reason;
use vigia_domain::time;

use super::Connections;
use crate::db::{Db, DbError, commands, device_config};
use crate::live::Hub;
use crate::mqtt::DeviceIdentity;
use crate::world::World;

/// How long a device counts as there after its last message, where the broker does not tell of connections, in milliseconds.
const FRESH_MS: i64 = 5 * 60 * 1000;

/// The way down. Clones are handles to the same one.
#[derive(Clone)]
pub struct Downlink {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Db,
    world: World,
    hub: Hub,
    connections: Connections,
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    /// Devices with commands that wait.
    waiting: HashMap<DeviceNumber, Waiting>,
    /// Devices that came, or whose configuration changed: they are told what holds, at this instant or after it.
    greeted: HashMap<DeviceNumber, i64>,
    /// When devices were heard that hold no connection that the broker told of, in milliseconds since the epoch.
    heard: HashMap<DeviceNumber, i64>,
}

/// A device with commands that wait. Instants are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) id: DeviceId,
    /// When the first of them may be sent.
    pub(super) due_ms: i64,
    /// When the first of them expires.
    pub(super) expires_ms: i64,
    /// When the device came since: what was sent before that may have been lost, however lately.
    pub(super) came_ms: Option<i64>,
}

/// What a device's message on one of its answering topics came to.
#[derive(Debug)]
pub(super) enum Answered {
    /// It was no answer.
    Nothing,
    /// It is noted.
    Read,
    /// It cannot be read.
    Unreadable(Reason),
}

impl Downlink {
    /// One that knows of nothing yet; the first round of [`super::deliver`] looks into the database.
    #[must_use]
    pub fn new(registry: Db, world: World, hub: Hub, connections: Connections) -> Self {
        Self { inner: Arc::new(Inner { registry, world, hub, connections, state: Mutex::default(), wake: Notify::new() }) }
    }

    /// A device has a command that waits since now.
    pub(super) fn waits(&self, device: &DeviceIdentity, expires_ms: i64) {
        let waiting = Waiting { id: device.id.clone(), due_ms: 0, expires_ms, came_ms: None };
        self.keep(device.number, waiting);
        self.inner.wake.notify_one();
    }

    /// Keeps that a device has commands that wait, beside what is known of it already.
    pub(super) fn keep(&self, device: DeviceNumber, new: Waiting) {
        let mut state = self.state();
        let known = state.waiting.entry(device).or_insert_with(|| new.clone());
        known.due_ms = known.due_ms.min(new.due_ms);
        known.expires_ms = known.expires_ms.min(new.expires_ms);
        known.came_ms = known.came_ms.max(new.came_ms);
    }

    /// A device came, or its configuration changed.
    pub fn greet(&self, device: DeviceNumber) {
        self.greet_who_came(device, self.now_ms());
    }

    /// A device came at this instant. What another process has sent since need not be sent again.
    fn greet_who_came(&self, device: DeviceNumber, came_ms: i64) {
        let mut state = self.state();
        state.greeted.insert(device, 0);
        state.came(device, came_ms);
        drop(state);
        self.inner.wake.notify_one();
    }

    /// These are to be told what holds, from this instant on: there is no hurry, or it could not be done.
    pub(super) fn greet_from(&self, devices: impl IntoIterator<Item = DeviceNumber>, due_ms: i64) {
        let mut state = self.state();
        for device in devices {
            state.greeted.entry(device).or_insert(due_ms);
        }
    }

    /// A message of a device that came at `now_ms` is stored; `goodbye_ms` is what was known before it. Where the broker tells of connections this is nothing new; elsewhere it is all that is known.
    pub(super) fn heard(&self, device: &DeviceIdentity, now_ms: i64, goodbye_ms: Option<i64>) {
        if self.inner.connections.has(device.number) {
            return;
        }
        let before = self.state().heard.insert(device.number, now_ms);
        // Not at every status: a device may send one whenever it is told something.
        if was_away(before, now_ms, goodbye_ms) {
            // Another process may hear of it and send within the same millisecond: that was after it came.
            self.greet_who_came(device.number, now_ms - 1);
        }
    }

    /// Another process heard the device at `at_ms`, and tells it what holds. It can be reached from here, too, and what waits here and was not
    /// sent since is due when it came back.
    pub(super) fn heard_elsewhere(&self, device: DeviceNumber, at_ms: i64, goodbye_ms: Option<i64>) {
        let mut state = self.state();
        let before = state.heard.get(&device).copied();
        state.heard.insert(device, before.map_or(at_ms, |before_ms| before_ms.max(at_ms)));
        if was_away(before, at_ms, goodbye_ms) && state.came(device, at_ms - 1) {
            drop(state);
            self.inner.wake.notify_one();
        }
    }

    /// Whether the device can be reached: it holds a connection, or was heard lately and has not said goodbye since.
    pub(super) fn reaches(&self, device: DeviceNumber, goodbye_ms: Option<i64>) -> bool {
        if self.inner.connections.has(device) {
            return true;
        }
        let heard_ms = self.state().heard.get(&device).copied();
        heard_ms.is_some_and(|heard| self.now_ms() - heard < FRESH_MS && goodbye_ms.is_none_or(|goodbye| goodbye < heard))
    }

    /// Looks whether a message answers a command or tells of a configuration, and notes it.
    ///
    /// # Errors
    /// [`DbError`]: nothing was noted, so the message must not be acknowledged.
    pub(super) async fn answered(&self, device: &DeviceIdentity, topic: &str, payload: &[u8]) -> Result<Answered, DbError> {
        let leaf = topic.strip_prefix("vigia/").and_then(|rest| rest.strip_prefix(device.id.as_str())).unwrap_or_default();
        let is_result = match leaf {
            "/command/result" => true,
            "/config/applied" => false,
            _ => return Ok(Answered::Nothing),
        };
        // What is no JSON is refused further in, as on every topic.
        let Ok(value) = serde_json::from_slice::<Value>(payload) else { return Ok(Answered::Nothing) };
        let now_ms = self.now_ms();
        if is_result {
            let answer = match Answer::of(value) {
                Ok(answer) => answer,
                Err(reason) => return Ok(Answered::Unreadable(reason)),
            };
            if commands::finish(&self.inner.registry, device.number, &answer, now_ms).await? {
                self.tell(&device.id, &answer.id, answer.state);
            }
        } else {
            match Applied::of(value) {
                Ok(applied) => device_config::applied(&self.inner.registry, device.number, &applied, now_ms).await?,
                Err(reason) => return Ok(Answered::Unreadable(reason)),
            }
        }
        Ok(Answered::Read)
    }

    /// Tells who listens how far a command has come.
    pub(super) fn tell(&self, device: &DeviceId, command: &str, state: CommandState) {
        self.inner.hub.command(device, &time::to_text(self.now_ms()), command, state);
    }

    /// Who is to be told what holds now, `most` at once; asked once. Whom it cannot be told is given back by [`Self::greet_from`].
    pub(super) fn take_greeted(&self, most: usize) -> Vec<DeviceNumber> {
        let now_ms = self.now_ms();
        let mut state = self.state();
        let due = state.greeted.iter().filter(|(_, due_ms)| **due_ms <= now_ms).map(|(device, _)| *device);
        let taken: Vec<_> = due.take(most).collect();
        for device in &taken {
            state.greeted.remove(device);
        }
        drop(state);
        if taken.len() == most {
            self.inner.wake.notify_one();
        }
        taken
    }

    /// Devices whose commands may be due or may have expired. What is kept of each while it is seen to comes on top.
    pub(super) fn take_due(&self, reaches: impl Fn(DeviceNumber) -> bool) -> Vec<(DeviceNumber, Waiting)> {
        let now_ms = self.now_ms();
        let ripe: Vec<_> = self
            .state()
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.expires_ms <= now_ms || waiting.due_ms <= now_ms)
            .map(|(device, waiting)| (*device, waiting.expires_ms <= now_ms))
            .collect();
        // Asked without the lock, which it takes, too.
        let ripe: Vec<_> = ripe.into_iter().filter(|(device, expired)| *expired || reaches(*device)).collect();
        let mut state = self.state();
        let mut take = |device| {
            let kept = state.waiting.get_mut(&device)?;
            let emptied = Waiting { id: kept.id.clone(), due_ms: i64::MAX, expires_ms: i64::MAX, came_ms: None };
            Some((device, std::mem::replace(kept, emptied)))
        };
        ripe.into_iter().filter_map(|(device, _)| take(device)).collect()
    }

    /// Forgets a device that has no command any more, unless one came in the meantime.
    pub(super) fn forget(&self, device: DeviceNumber) {
        let mut state = self.state();
        if state.waiting.get(&device).is_some_and(|waiting| waiting.expires_ms == i64::MAX) {
            state.waiting.remove(&device);
        }
    }

    /// Returns when there is something to do sooner than at the next look.
    pub(super) async fn woken(&self) {
        self.inner.wake.notified().await;
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.inner.world.clock.now_ms()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A device came at this instant: what waits for it is due. Says whether anything does.
    fn came(&mut self, device: DeviceNumber, came_ms: i64) -> bool {
        let Some(waiting) = self.waiting.get_mut(&device) else { return false };
        (waiting.due_ms, waiting.came_ms) = (0, waiting.came_ms.max(Some(came_ms)));
        true
    }
}

/// Whether a device that is heard at `now_ms` was not there: silent since `before` for too long, or it had said goodbye since.
fn was_away(before: Option<i64>, now_ms: i64, goodbye_ms: Option<i64>) -> bool {
    !before.is_some_and(|before_ms| now_ms - before_ms < FRESH_MS && goodbye_ms.is_none_or(|goodbye_ms| goodbye_ms < before_ms))
}
