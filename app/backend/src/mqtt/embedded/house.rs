//! What the broker's parts share: the gate, who is expected after a good CONNECT, and which connections of a device stand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmqtt::session::Session;
use rmqtt::types::{DashMap, Id, Tx};
use tokio::sync::Mutex;
use vigia_domain::ids::DeviceId;

use crate::config::Guard;
use crate::mqtt::{DeviceIdentity, Gate};

/// Where a session keeps whose it is. It goes with the session, so nothing has to be cleared away.
const DEVICE: &str = "device";

pub(super) struct House {
    pub(super) gate: Arc<dyn Gate>,
    /// Which peers are talked to at all.
    pub(super) peers: Guard,
    /// Let in by the door, their session not begun yet.
    expected: DashMap<Id, Arc<DeviceIdentity>>,
    /// Sessions with a connection, or with one that died before it was told so.
    live: DashMap<Id, (Arc<DeviceIdentity>, Tx)>,
    /// Connections per device. The lock is held while the gate is told, so that a reconnect is never overtaken by its "gone".
    counts: DashMap<DeviceId, Arc<Mutex<usize>>>,
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
            stopping: AtomicBool::new(false),
        }
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    pub(super) fn expect(&self, id: Id, device: DeviceIdentity) {
        self.expected.insert(id, Arc::new(device));
    }

    pub(super) fn is_expected(&self, id: &Id) -> bool {
        self.expected.contains_key(id)
    }

    pub(super) fn forget(&self, id: &Id) {
        self.expected.remove(id);
    }

    /// Makes an expected client's session its device's. `None`: nobody let it in.
    pub(super) async fn begin(&self, session: &Session, tx: &Tx) -> Option<()> {
        let (_, device) = self.expected.remove(&session.id)?;
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
