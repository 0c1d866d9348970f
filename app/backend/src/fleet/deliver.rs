//! Sends what goes down: commands to devices that are there until they answer, configuration to those that come, tokens to
//! those that were claimed; and ends commands whose time has passed.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;
use vigia_domain::command::CommandState;
use vigia_domain::ids::DeviceNumber;

use super::downlink::{Downlink, Waiting};
use crate::app::App;
use crate::db::{DbError, commands, device_config};
use crate::lifecycle::Phase;
use crate::mqtt::{Broker, BrokerError};

/// How often it looks: how late an expiry or a repetition may be.
const LOOK: Duration = Duration::from_millis(500);
/// How often it asks the database what else waits: another process may have taken a command.
const REFRESH_MS: i64 = 30_000;
/// How long it leaves a database or a broker alone that failed, in milliseconds.
const PAUSE_MS: i64 = 5_000;
/// How long until it looks again after a device or a broker that was not there, in milliseconds.
const LATER_MS: i64 = 1_000;
/// How long it waits for an answer before a command is sent again, in milliseconds; the last holds for all further times.
const AGAIN_MS: [i64; 5] = [2_000, 5_000, 15_000, 60_000, 300_000];
/// How often a command is sent at most.
pub const MOST_ATTEMPTS: i64 = 20;
/// How long the broker may take for a message.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many devices are asked for at once.
const BATCH: usize = 500;
/// How many configurations may not be taken one after the other before the rest is left for later.
const MOST_REFUSED: usize = 3;

/// Delivers until the process stops.
pub fn deliver(app: &App) {
    let delivery = Delivery { app: app.clone(), down: app.downlink().clone(), fresh_ms: None, stood: 0 };
    app.lifecycle().spawn("downlink", Phase::Intake, |stop| delivery.run(stop));
}

/// What the broker says, within the time that one message may hold up the others.
pub(super) async fn in_time(published: impl Future<Output = Result<(), BrokerError>>) -> Result<(), BrokerError> {
    timeout(PATIENCE, published).await.unwrap_or_else(|_| Err(BrokerError::Failed("it did not take it in time".to_owned())))
}

struct Delivery {
    app: App,
    down: Downlink,
    /// Until when the database need not be asked what waits.
    fresh_ms: Option<i64>,
    /// What [`Broker::stood`] said last.
    stood: u64,
}

impl Delivery {
    async fn run(mut self, stop: CancellationToken) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.down.woken() => self.greet().await,
                _ = look.tick() => {
                    self.refresh().await;
                    self.greet().await;
                }
            }
            self.commands().await;
        }
    }

    /// What waited when the process began, and what others have taken since.
    async fn refresh(&mut self) {
        let now_ms = self.now_ms();
        if self.fresh_ms.is_some_and(|fresh_ms| now_ms < fresh_ms) {
            return;
        }
        match commands::waiting_devices(self.app.registry()).await {
            Ok(found) => {
                for found in found {
                    let waiting = Waiting { id: found.id, due_ms: found.due_ms, expires_ms: found.expires_ms, came_ms: None };
                    self.down.keep(found.device, waiting);
                }
                self.fresh_ms = Some(now_ms + REFRESH_MS);
            }
            Err(error) => {
                tracing::warn!(%error, "it cannot be asked now which commands wait");
                self.fresh_ms = Some(now_ms + PAUSE_MS);
            }
        }
        self.app.provisioning().tidy(&self.app, now_ms).await;
    }

    /// Tells devices that came what holds for them.
    async fn greet(&mut self) {
        let Some(broker) = self.app.broker().cloned() else { return };
        self.app.provisioning().hand_out(&self.app, &*broker).await;
        self.see_whether_it_came_back(&*broker).await;
        let greeted = self.down.take_greeted(BATCH);
        let (known, unclaimed): (Vec<_>, Vec<_>) = greeted.into_iter().partition(|device| device.0 > 0);
        for device in unclaimed {
            self.app.provisioning().came(device);
        }
        if broker.connections().is_none() {
            self.down.greet_from(known, self.now_ms() + LATER_MS);
        } else if let Err(error) = self.configure(&known, &*broker).await {
            tracing::warn!(%error, "configurations cannot be read now; their devices are told later");
            self.down.greet_from(known, self.now_ms() + PAUSE_MS);
        }
    }

    /// What another's broker keeps for devices may be gone when the connection to it stands again.
    async fn see_whether_it_came_back(&mut self, broker: &dyn Broker) {
        let stood = broker.stood();
        if stood == self.stood {
            return;
        }
        match device_config::configured(self.app.registry()).await {
            Ok(devices) => {
                self.down.greet_from(devices, 0);
                self.stood = stood;
            }
            Err(error) => tracing::debug!(%error, "it cannot be asked now who has a configuration"),
        }
    }

    async fn configure(&self, devices: &[DeviceNumber], broker: &dyn Broker) -> Result<(), DbError> {
        let (mut refused, mut left) = (0, Vec::new());
        for (device, id, config) in device_config::of(self.app.registry(), devices).await? {
            if config.version == 0 {
                continue;
            }
            if refused == MOST_REFUSED {
                left.push(device);
                continue;
            }
            self.app.provisioning().evict(&id, broker).await;
            let topic = format!("vigia/{id}/config");
            if let Err(error) = in_time(broker.publish(&topic, Bytes::from(config.to_payload()), true)).await {
                tracing::warn!(device = %id, %error, "a configuration could not be published; it will be again");
                // Later than the others, which one that is refused for ever does not hold up.
                self.down.greet_from([device], self.now_ms() + REFRESH_MS);
                refused += 1;
            }
        }
        self.down.greet_from(left, self.now_ms() + PAUSE_MS);
        Ok(())
    }

    async fn commands(&self) {
        let due = self.down.take_due(|device| self.down.reaches(device, self.app.store().goodbye_ms(device)));
        for (device, waiting) in due {
            if let Err(error) = self.visit(device, &waiting).await {
                tracing::warn!(device = %waiting.id, %error, "its commands cannot be seen to now");
                let later_ms = self.now_ms() + PAUSE_MS;
                self.down.keep(device, Waiting { due_ms: later_ms, expires_ms: later_ms, ..waiting });
            }
        }
    }

    /// Ends the commands of a device that have expired, sends those that are due, and keeps when to look again.
    async fn visit(&self, device: DeviceNumber, known: &Waiting) -> Result<(), DbError> {
        let registry = self.app.registry();
        let now_ms = self.now_ms();
        if known.expires_ms <= now_ms {
            for id in commands::expire(registry, device, now_ms).await? {
                self.down.tell(&known.id, &id, CommandState::Expired);
            }
        }
        let broker = self.app.broker().filter(|broker| broker.connections().is_some());
        let broker = broker.filter(|_| self.down.reaches(device, self.app.store().goodbye_ms(device)));
        if let Some(broker) = broker {
            self.app.provisioning().evict(&known.id, &**broker).await;
        }
        let mut next: Option<(i64, i64)> = None;
        for (command, next_ms) in commands::waiting(registry, device).await? {
            // Those before it may have held it up for longer than it is good.
            let now_ms = self.now_ms();
            let mut due_ms = if command.attempts < MOST_ATTEMPTS { next_ms } else { i64::MAX };
            if command.attempts < MOST_ATTEMPTS
                && (next_ms <= now_ms || came_since(known.came_ms, command.attempts, next_ms))
                && let Some(broker) = broker
            {
                due_ms = now_ms + pause_after(command.attempts + 1);
                if commands::attempt(registry, device, &command, now_ms, due_ms).await? {
                    let topic = format!("vigia/{}/command", known.id);
                    let left = Duration::from_millis(u64::try_from(command.expires_ms - self.now_ms()).unwrap_or(0));
                    match in_time(broker.publish_for(&topic, Bytes::from(command.to_payload()), left)).await {
                        Ok(()) if commands::sent(registry, device, &command.id, now_ms).await? => {
                            self.down.tell(&known.id, &command.id, CommandState::Sent);
                        }
                        Ok(()) => {}
                        Err(error) => tracing::warn!(device = %known.id, %error, "a command could not be sent; it will be again"),
                    }
                }
            }
            let (due, expires) = next.unwrap_or((i64::MAX, i64::MAX));
            next = Some((due.min(due_ms), expires.min(command.expires_ms)));
        }
        match next {
            Some((due_ms, expires_ms)) => {
                // What could not be sent is still due: with the next look, not in a circle.
                let due_ms = if broker.is_none() { due_ms.max(now_ms + LATER_MS) } else { due_ms };
                let came_ms = known.came_ms.filter(|_| broker.is_none());
                self.down.keep(device, Waiting { id: known.id.clone(), due_ms, expires_ms, came_ms });
            }
            None => self.down.forget(device),
        }
        Ok(())
    }

    fn now_ms(&self) -> i64 {
        self.app.world().clock.now_ms()
    }
}

/// How long an answer is waited for after an attempt, which is counted from 1, in milliseconds.
fn pause_after(attempt: i64) -> i64 {
    let before = usize::try_from(attempt - 1).unwrap_or_default();
    AGAIN_MS[before.min(AGAIN_MS.len() - 1)]
}

/// Whether the device came back after the last of these attempts, after which the next was to be at `next_ms`. Another process that heard it come
/// may have sent the command since: each coming back is worth one attempt, however many processes hear of it.
fn came_since(came_ms: Option<i64>, attempts: i64, next_ms: i64) -> bool {
    came_ms.is_some_and(|came_ms| attempts == 0 || next_ms - pause_after(attempts) <= came_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coming_back_makes_due_what_was_sent_before_it_and_nothing_else() {
        let after = |attempt_ms: i64, attempts| attempt_ms + pause_after(attempts);
        assert!(came_since(Some(1_000), 0, 0), "never sent");
        for attempts in [1, 2, 5, 6, MOST_ATTEMPTS] {
            assert!(came_since(Some(1_000), attempts, after(999, attempts)), "{attempts}");
            assert!(!came_since(Some(1_000), attempts, after(1_001, attempts)), "another process was first");
            assert!(!came_since(None, attempts, after(999, attempts)));
        }
    }
}
