//! What the broker's parts share: the gate, who is expected after a good CONNECT, and which connections of a device stand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmqtt::session::Session;
use rmqtt::types::{DashMap, Id, Tx};
use tokio::sync::Mutex;
use tokio::time::Instant;
use vigia_domain::ids::DeviceId;

use super::limits::EXPECTED_TIME;
use super::shares::Shares;

use crate::config::Guard;
use crate::mqtt::{DeviceIdentity, Gate};

/// Where a session keeps whose it is. It goes with the session, so nothing has to be cleared away.
const DEVICE: &str = "device";

pub(super) struct House {
    pub(super) gate: Arc<dyn Gate>,
    /// Which peers are talked to at all.
    pub(super) peers: Guard,
    /// Let in by the door and since when, their session not begun yet.
    expected: DashMap<Id, (Arc<DeviceIdentity>, Instant)>,
    /// Sessions with a connection, or with one that died before it was told so.
    live: DashMap<Id, (Arc<DeviceIdentity>, Tx)>,
    /// Connections per device. The lock is held while the gate is told, so that a reconnect is never overtaken by its "gone".
    counts: DashMap<DeviceId, Arc<Mutex<usize>>>,
    /// What each device holds.
    pub(super) shares: Shares,
    stopping: AtomicBool,
}

impl House {
    pub(super) fn new(gate: Arc<dyn Gate>, peers: Guard) -> Self {
        Self {
            gate,
            peers,
            expected: DashMap::default(),
            live: DashMap::default(),
            counts: DashMap::default(),
            shares: Shares::default(),
            stopping: AtomicBool::new(false),
        }
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Expects a session of this device. `false`: it holds as many connections as it may.
    pub(super) fn expect(&self, id: Id, device: DeviceIdentity, now: Instant) -> bool {
        let admitted = self.shares.connect(&id);
        if admitted {
            self.expected.insert(id, (Arc::new(device), now));
        }
        admitted
    }

    pub(super) fn is_expected(&self, id: &Id) -> bool {
        self.expected.contains_key(id)
    }

    /// Expects it no longer; nothing happens when its session has begun.
    pub(super) fn forget(&self, id: &Id) {
        if self.expected.remove(id).is_some() {
            self.shares.disconnect(id);
        }
    }

    /// Forgets those whose session should have begun long ago: their handshake died where nobody was told.
    pub(super) fn forget_late(&self, now: Instant) {
        let is_late = |since: Instant| now.saturating_duration_since(since) > EXPECTED_TIME;
        let late: Vec<Id> = self.expected.iter().filter(|entry| is_late(entry.value().1)).map(|entry| entry.key().clone()).collect();
        late.iter().for_each(|id| self.forget(id));
    }

    /// Makes an expected client's session its device's. `None`: nobody let it in.
    pub(super) async fn begin(&self, session: &Session, tx: &Tx) -> Option<()> {
        let (_, (device, _)) = self.expected.remove(&session.id)?;
        session.extra_attrs.write().await.insert(DEVICE.into(), Arc::clone(&device));
        self.live.insert(session.id.clone(), (device, tx.clone()));
        Some(())
    }

    /// Whose session this is.
    pub(super) async fn device(session: &Session) -> Option<Arc<DeviceIdentity>> {
        session.extra_attrs.read().await.get::<Arc<DeviceIdentity>>(DEVICE).cloned()
    }

    pub(super) async fn connected(&self, session: &Session) {
        let Some(device) = Self::device(session).await else { return };
        let count = self.count(&device);
        let mut count = count.lock().await;
        *count += 1;
        self.gate.connected(&device).await;
    }

    pub(super) async fn disconnected(&self, id: &Id) {
        let Some((_, (device, _))) = self.live.remove(id) else { return };
        self.shares.disconnect(id);
        let count = self.count(&device);
        let mut count = count.lock().await;
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.gate.disconnected(&device).await;
        }
    }

    /// Sessions whose client went away while its CONNECT was answered: rmqtt forgets to end these.
    pub(super) fn dead(&self) -> Vec<Id> {
        self.live.iter().filter(|entry| entry.value().1.is_closed()).map(|entry| entry.key().clone()).collect()
    }

    fn count(&self, device: &DeviceIdentity) -> Arc<Mutex<usize>> {
        Arc::clone(&self.counts.entry(device.id.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use bytes::Bytes;
    use vigia_domain::ids::DeviceNumber;

    use super::super::limits::CONNECTIONS_PER_DEVICE;
    use super::*;
    use crate::mqtt::{Offence, Unavailable};

    struct NoGate;

    #[async_trait]
    impl Gate for NoGate {
        async fn authenticate(&self, _: &str, _: &[u8]) -> Result<Option<DeviceIdentity>, Unavailable> {
            Err(Unavailable)
        }
        async fn accept(&self, _: &DeviceIdentity, _: &str, _: Bytes) -> Result<(), Unavailable> {
            Err(Unavailable)
        }
        async fn refused(&self, _: &DeviceIdentity, _: Offence, _: &str, _: &[u8]) {}
        async fn connected(&self, _: &DeviceIdentity) {}
        async fn disconnected(&self, _: &DeviceIdentity) {}
    }

    #[test]
    fn whoever_was_let_in_and_never_came_gives_the_place_back() {
        let house = House::new(Arc::new(NoGate), Guard::Anyone);
        let device = DeviceIdentity { id: DeviceId::new("m1").expect("a good id"), number: DeviceNumber(1) };
        let id = |n: usize| Id::new(1, 1, None, None, n.to_string().into(), Some("m1".into()));
        let start = Instant::now();
        assert!((0..CONNECTIONS_PER_DEVICE).all(|n| house.expect(id(n), device.clone(), start)));
        house.forget_late(start + EXPECTED_TIME);
        assert!(!house.expect(id(99), device.clone(), start), "they may still come");
        house.forget_late(start + EXPECTED_TIME + EXPECTED_TIME);
        assert!(house.expect(id(99), device, start));
        assert_eq!(house.expected.len(), 1);
    }
}
