use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;
use vigia_backend::mqtt::{DeviceIdentity, Directory, Gate, Offence, Unavailable};
use vigia_domain::ids::{DeviceId, DeviceNumber};

/// A gate that writes down what it is asked, and can be made to wait or to fail.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) accepted: Mutex<Vec<(String, String, Bytes)>>,
    /// Those that the broker had kept.
    pub(crate) kept: Mutex<Vec<(String, Bytes)>>,
    pub(crate) refused: Mutex<Vec<(String, Offence, String)>>,
    pub(crate) comings: Mutex<Vec<String>>,
    pub(crate) store_down: AtomicBool,
    /// Payloads that the store does not take.
    pub(crate) refuses: Mutex<Vec<Bytes>>,
    pub(crate) registry_down: AtomicBool,
    /// While set, `authenticate` waits for `release`.
    pub(crate) registry_held: AtomicBool,
    /// How often it was asked to let somebody in while it waited.
    pub(crate) asked: AtomicUsize,
    /// While set, `accept` waits for `release`.
    pub(crate) held: AtomicBool,
    pub(crate) waiting: AtomicUsize,
    pub(crate) release: Notify,
}

impl Recorder {
    pub(crate) fn accepted(&self) -> Vec<(String, String, String)> {
        let list = self.accepted.lock().expect("no test panicked with it");
        list.iter().map(|(d, t, p)| (d.clone(), t.clone(), String::from_utf8_lossy(p).into_owned())).collect()
    }

    pub(crate) fn refused(&self) -> Vec<(String, Offence, String)> {
        self.refused.lock().expect("no test panicked with it").clone()
    }

    pub(crate) fn comings(&self) -> Vec<String> {
        self.comings.lock().expect("no test panicked with it").clone()
    }

    pub(crate) fn let_go(&self) {
        self.held.store(false, Ordering::SeqCst);
        self.release.notify_waiters();
    }
}

#[async_trait]
impl Gate for Recorder {
    async fn authenticate(&self, user: &str, password: &[u8]) -> Result<Option<DeviceIdentity>, Unavailable> {
        if self.registry_held.load(Ordering::SeqCst) {
            let released = self.release.notified();
            self.asked.fetch_add(1, Ordering::SeqCst);
            released.await;
        }
        if self.registry_down.load(Ordering::SeqCst) {
            return Err(Unavailable);
        }
        let number = user.strip_prefix('m').and_then(|n| n.parse().ok()).filter(|n| *n < 1000);
        let good = password == format!("t-{user}").as_bytes();
        Ok(number.filter(|_| good).map(|n| DeviceIdentity { id: DeviceId::new(user).expect("a good id"), number: DeviceNumber(n) }))
    }

    async fn accept(&self, device: &DeviceIdentity, topic: &str, payload: Bytes, _: u8) -> Result<(), Unavailable> {
        if self.held.load(Ordering::SeqCst) {
            let released = self.release.notified();
            self.waiting.fetch_add(1, Ordering::SeqCst);
            released.await;
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        if self.store_down.load(Ordering::SeqCst) || self.refuses.lock().expect("no test panicked with it").contains(&payload) {
            return Err(Unavailable);
        }
        self.accepted.lock().expect("no test panicked with it").push((device.id.to_string(), topic.to_owned(), payload));
        Ok(())
    }

    async fn accept_kept(&self, _: &DeviceIdentity, topic: &str, payload: Bytes) -> Result<bool, Unavailable> {
        let has_time = payload.starts_with(b"at ");
        self.kept.lock().expect("no test panicked with it").push((topic.to_owned(), payload));
        Ok(has_time)
    }

    async fn refused(&self, device: &DeviceIdentity, offence: Offence, topic: &str, _payload: &[u8]) {
        self.refused.lock().expect("no test panicked with it").push((device.id.to_string(), offence, topic.to_owned()));
    }

    async fn connected(&self, device: &DeviceIdentity) {
        self.comings.lock().expect("no test panicked with it").push(format!("+{}", device.id));
    }

    async fn disconnected(&self, device: &DeviceIdentity) {
        self.comings.lock().expect("no test panicked with it").push(format!("-{}", device.id));
    }
}

/// The devices m0 to m999.
#[async_trait]
impl Directory for Recorder {
    async fn find(&self, id: &DeviceId) -> Result<Option<DeviceIdentity>, Unavailable> {
        if self.registry_down.load(Ordering::SeqCst) {
            return Err(Unavailable);
        }
        let number = id.as_str().strip_prefix('m').and_then(|n| n.parse().ok()).filter(|n| *n < 1000);
        Ok(number.map(|n| DeviceIdentity { id: id.clone(), number: DeviceNumber(n) }))
    }
}
