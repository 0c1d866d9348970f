//! Updates that cross processes: each process tells the others, over a broker that all of them share, what it announces itself, and lets
//! its own listeners hear what the others tell. The broker is behind [`Carrier`]; whoever connects it calls [`relay`] once and
//! [`Neighbours::heard`] with every message from [`Neighbours::filter`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use vigia_domain::ids::{DeviceId, DeviceNumber};

use super::Hub;
use super::message::Told;
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

/// Who has to know that another process heard a device: its number, when that was by the other's clock (milliseconds since the epoch, where it
/// is told), and whether it is there since (or said goodbye).
pub type Witness = Arc<dyn Fn(DeviceNumber, Option<i64>, bool) + Send + Sync>;

/// The other processes, as one of them sees them.
#[derive(Clone)]
pub struct Neighbours {
    hub: Hub,
    process: String,
    witness: Witness,
}

/// Starts to tell the other processes what this hub announces. `process` names this one among them: letters, digits, hyphens.
pub fn relay(hub: &Hub, carrier: Arc<dyn Carrier>, process: &str, lifecycle: &Lifecycle) {
    let root = format!("{ROOT}/{process}");
    let mailbox = hub.overhear();
    lifecycle.spawn("live relay", Phase::Work, |stop: CancellationToken| async move {
        let told = async {
            loop {
                let mut messages = mailbox.next().await.into_iter();
                while let Some(message) = messages.next() {
                    let topic = format!("{root}/{}", message.device());
                    if !carrier.carry(&topic, Bytes::from(message.telling())).await {
                        mailbox.give_back(std::iter::once(message).chain(messages));
                        tokio::time::sleep(PAUSE).await;
                        break;
                    }
                }
            }
        };
        tokio::select! {
            () = told => {}
            () = stop.cancelled() => {}
        }
    });
}

impl Neighbours {
    /// The others of the process that is called so. `witness` is told of each device that they heard, followed here or not.
    #[must_use]
    pub fn of(hub: &Hub, process: &str, witness: Witness) -> Self {
        Self { hub: hub.clone(), process: process.to_owned(), witness }
    }

    /// What to subscribe to, QoS 0.
    #[must_use]
    pub fn filter() -> String {
        format!("{ROOT}/+/+")
    }

    /// Whether a topic is one of theirs, whoever wrote on it.
    #[must_use]
    pub fn are_meant(topic: &str) -> bool {
        topic.strip_prefix(ROOT).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Tells this process's listeners what another told. What is no such message, or our own, is left alone.
    pub fn heard(&self, topic: &str, payload: &[u8]) {
        let Some((process, id)) = topic.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix('/')).and_then(|rest| rest.split_once('/'))
        else {
            return;
        };
        if process == self.process {
            return;
        }
        let (Ok(device), Ok(told)) = (DeviceId::new(id), serde_json::from_slice::<Told>(payload)) else { return };
        let Told { update, commands, heard, heard_ms } = told;
        if update.topic != Hub::topic(&device) {
            return;
        }
        // Before it is told here: whoever hears of it may ask at once.
        if let Some(number) = heard {
            (self.witness)(number, heard_ms, update.says_online());
        }
        self.hub.repeat(&device, update, commands);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use vigia_domain::command::CommandState;
    use vigia_domain::live::Update;

    use super::*;

    /// A broker between two processes that says every message to both.
    #[derive(Default)]
    struct Wire {
        processes: Mutex<Vec<Neighbours>>,
        /// How many messages it does not take.
        refuses: Mutex<usize>,
    }

    #[async_trait]
    impl Carrier for Wire {
        async fn carry(&self, topic: &str, payload: Bytes) -> bool {
            let mut refuses = self.refuses.lock().expect("no panic");
            if *refuses > 0 {
                *refuses -= 1;
                return false;
            }
            self.processes.lock().expect("no panic").iter().for_each(|process| process.heard(topic, &payload));
            true
        }
    }

    type Seen = Arc<Mutex<Vec<(i64, bool)>>>;

    /// Two processes and what each was told of devices that the other heard.
    struct Pair {
        life: Lifecycle,
        wire: Arc<Wire>,
        hubs: [Hub; 2],
        seen: [Seen; 2],
    }

    impl Pair {
        fn new() -> Self {
            let pair =
                Self { life: Lifecycle::default(), wire: Arc::default(), hubs: [Hub::default(), Hub::default()], seen: Default::default() };
            for ((hub, name), seen) in pair.hubs.iter().zip(["one", "two"]).zip(&pair.seen) {
                let seen = Arc::clone(seen);
                let witness = move |number: DeviceNumber, _, online| seen.lock().expect("no panic").push((number.0, online));
                pair.wire.processes.lock().expect("no panic").push(Neighbours::of(hub, name, Arc::new(witness)));
                relay(hub, pair.wire.clone(), name, &pair.life);
            }
            pair
        }

        fn seen(&self, process: usize) -> Vec<(i64, bool)> {
            self.seen[process].lock().expect("no panic").clone()
        }

        async fn end(self) {
            self.wire.processes.lock().expect("no panic").clear();
            self.life.stop().await;
        }
    }

    const M1: DeviceNumber = DeviceNumber(1);

    fn id() -> DeviceId {
        DeviceId::new("m1").expect("a good id")
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

    fn goodbye() -> Update {
        Update { values: [].into(), online: Some(false), ..update(0.0) }
    }

    #[tokio::test]
    async fn who_listens_here_hears_what_is_announced_there_once() {
        let pair = Pair::new();
        let mut listeners = pair.hubs.each_ref().map(Hub::listen);
        for listener in &mut listeners {
            assert!(listener.follow(id(), M1, || None));
        }
        pair.hubs[0].publish(&id(), Some(M1), || vec![update(5.0)]);
        for listener in &listeners {
            assert!(listener.next().await[0].text().contains("5.0"));
        }
        pair.hubs[1].publish(&id(), Some(M1), || vec![update(6.0)]);
        for listener in &listeners {
            assert_eq!(listener.next().await[0].text().matches("6.0").count(), 1);
        }
        let quiet = tokio::time::timeout(Duration::from_millis(100), listeners[0].next()).await;
        assert!(quiet.is_err(), "what was told is not told back");
        assert_eq!((pair.seen(0), pair.seen(1)), (vec![(1, true)], vec![(1, true)]));
        pair.end().await;
    }

    #[tokio::test]
    async fn the_other_knows_who_came_and_went_whether_it_listens_or_not() {
        let pair = Pair::new();
        let mut listener = pair.hubs[1].listen();
        pair.hubs[0].publish(&id(), Some(M1), || vec![update(5.0)]);
        while pair.seen(1).is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(listener.follow(id(), M1, || None));
        pair.hubs[0].publish(&id(), Some(M1), || vec![goodbye()]);
        let text = listener.next().await[0].text();
        assert!(text.contains(r#""online":false"#) && !text.contains("heard"), "{text}");
        // What the broker had kept says nothing of now.
        pair.hubs[0].publish(&id(), None, || vec![update(7.0)]);
        assert!(listener.next().await[0].text().contains("7.0"));
        assert_eq!(pair.seen(1), [(1, true), (1, false)]);
        pair.end().await;
    }

    #[tokio::test]
    async fn how_far_a_command_has_come_crosses_and_says_nothing_else() {
        let pair = Pair::new();
        let mut listeners = pair.hubs.each_ref().map(Hub::listen);
        for listener in &mut listeners {
            assert!(listener.follow(id(), M1, || Some(update(1.0))));
            listener.next().await;
        }
        pair.hubs[0].command(&id(), "2026-01-01T00:00:02.000Z", "c1", CommandState::Done);
        for listener in &listeners {
            let text = listener.next().await[0].text();
            assert!(text.contains(r#""online":true,"commands":{"c1":"done"}"#), "{text}");
        }
        assert!(pair.seen(1).is_empty(), "the device itself said nothing");
        pair.end().await;
    }

    #[tokio::test]
    async fn what_the_broker_does_not_take_is_told_later_with_what_came_since() {
        let pair = Pair::new();
        *pair.wire.refuses.lock().expect("no panic") = 1;
        let mut listener = pair.hubs[1].listen();
        assert!(listener.follow(id(), M1, || None));
        pair.hubs[0].publish(&id(), Some(M1), || vec![update(5.0)]);
        tokio::time::sleep(PAUSE / 2).await;
        pair.hubs[0].command(&id(), "2026-01-01T00:00:02.000Z", "c1", CommandState::Sent);
        let text = listener.next().await[0].text();
        assert!(text.contains("5.0") && text.contains("c1"), "{text}");
        pair.end().await;
    }

    #[tokio::test]
    async fn it_ends_while_the_broker_takes_nothing() {
        let pair = Pair::new();
        *pair.wire.refuses.lock().expect("no panic") = usize::MAX;
        pair.hubs[0].publish(&id(), Some(M1), || vec![update(5.0)]);
        tokio::time::timeout(Duration::from_secs(1), pair.end()).await.expect("at once");
    }

    #[test]
    fn nonsense_is_left_alone() {
        let neighbours = Neighbours::of(&Hub::default(), "one", Arc::new(|_, _, _| panic!("nobody was heard")));
        let mut listener = neighbours.hub.listen();
        assert!(listener.follow(id(), M1, || None));
        let other = br#"{"update":{"topic":"device/m2","at":"","values":{"power_w":1}},"heard":2}"#;
        for topic in ["", "vigia/m1/telemetry", "vigia/$live", "vigia/$live/two", "vigia/$live/two/a/b", "vigia/$live/two/m1"] {
            for payload in [b"{}".as_slice(), b"\xff", other] {
                neighbours.heard(topic, payload);
            }
        }
        assert!(listener.mailbox.waiting.lock().expect("no panic").is_empty());
    }
}
