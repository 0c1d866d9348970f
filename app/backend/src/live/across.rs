//! Updates that cross processes: each process tells the others, over a broker that all of them share, what it announces itself, and lets
//! its own listeners hear what the others tell. The broker is behind [`Carrier`]; whoever connects it calls [`relay`] once and
//! [`Neighbours::heard`] with every message from [`Neighbours::filter`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use vigia_domain::ids::DeviceId;
use vigia_domain::live::Update;

use super::Hub;
use crate::lifecycle::{Lifecycle, Phase};

/// No device has such an id, so no device may publish there.
const ROOT: &str = "vigia/$live";
/// How long is waited when the broker takes nothing. Meanwhile newer values take the place of older ones.
const PAUSE: Duration = Duration::from_millis(500);

/// Takes a message to the other processes. Whether it arrives is not promised: what is stored is stored, and a page that is loaded knows it.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Publishes, not retained. `false`: not now.
    async fn carry(&self, topic: &str, payload: Bytes) -> bool;
}

/// The other processes, as one of them sees them.
#[derive(Clone)]
pub struct Neighbours {
    hub: Hub,
    process: String,
}

/// Starts to tell the other processes what this hub announces. `process` names this one among them: letters, digits, hyphens.
#[must_use]
pub fn relay(hub: &Hub, carrier: Arc<dyn Carrier>, process: &str, lifecycle: &Lifecycle) -> Neighbours {
    let neighbours = Neighbours { hub: hub.clone(), process: process.to_owned() };
    let (hub, root) = (hub.clone(), format!("{ROOT}/{process}"));
    let mailbox = hub.overhear();
    lifecycle.spawn("live relay", Phase::Work, |stop: CancellationToken| async move {
        loop {
            let messages = tokio::select! {
                messages = mailbox.next() => messages,
                () = stop.cancelled() => return,
            };
            for message in messages {
                let payload = Bytes::copy_from_slice(message.text().as_bytes());
                if !carrier.carry(&format!("{root}/{}", message.device()), payload).await {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    });
    neighbours
}

impl Neighbours {
    /// What to subscribe to, QoS 0.
    #[must_use]
    pub fn filter() -> String {
        format!("{ROOT}/+/+")
    }

    /// Tells this process's listeners what another told. What is no such message, or our own, is left alone.
    pub fn heard(&self, topic: &str, payload: &[u8]) {
        let Some((process, id)) = topic.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix('/')).and_then(|rest| rest.split_once('/'))
        else {
            return;
        };
        let (Ok(device), Ok(update)) = (DeviceId::new(id), serde_json::from_slice::<Update>(payload)) else { return };
        if process != self.process && update.topic == Hub::topic(&device) {
            self.hub.repeat(&device, update);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use vigia_domain::ids::DeviceNumber;

    use super::*;

    /// A broker between two processes that says every message to both.
    #[derive(Default)]
    struct Wire(Mutex<Vec<Neighbours>>);

    #[async_trait]
    impl Carrier for Wire {
        async fn carry(&self, topic: &str, payload: Bytes) -> bool {
            self.0.lock().expect("no panic").iter().for_each(|process| process.heard(topic, &payload));
            true
        }
    }

    fn update(n: f64) -> Update {
        Update {
            topic: "device/m1".into(),
            at: "2026-01-01T00:00:01.000Z".into(),
            values: [("power_w".to_owned(), n)].into(),
            online: None,
            seen_at: None,
        }
    }

    #[tokio::test]
    async fn who_listens_here_hears_what_is_announced_there_once() {
        let life = Lifecycle::default();
        let wire = Arc::new(Wire::default());
        let hubs = [Hub::default(), Hub::default()];
        for (hub, name) in hubs.iter().zip(["one", "two"]) {
            let neighbours = relay(hub, wire.clone(), name, &life);
            wire.0.lock().expect("no panic").push(neighbours);
        }
        let id = DeviceId::new("m1").expect("a good id");
        let mut listeners = hubs.each_ref().map(Hub::listen);
        for listener in &mut listeners {
            assert!(listener.follow(id.clone(), DeviceNumber(1), || None));
        }
        hubs[0].publish(&id, || vec![update(5.0)]);
        for listener in &listeners {
            assert!(listener.next().await[0].text().contains("5.0"));
        }
        hubs[1].publish(&id, || vec![update(6.0)]);
        for listener in &listeners {
            assert_eq!(listener.next().await[0].text().matches("6.0").count(), 1);
        }
        let quiet = tokio::time::timeout(Duration::from_millis(100), listeners[0].next()).await;
        assert!(quiet.is_err(), "what was told is not told back");
        wire.0.lock().expect("no panic").clear();
        life.stop().await;
    }

    #[test]
    fn nonsense_is_left_alone() {
        let neighbours = Neighbours { hub: Hub::default(), process: "one".into() };
        for topic in ["", "vigia/m1/telemetry", "vigia/$live", "vigia/$live/two", "vigia/$live/two/a/b", "vigia/$live/two/m1"] {
            neighbours.heard(topic, b"{}");
            neighbours.heard(topic, b"\xff");
        }
    }
}
