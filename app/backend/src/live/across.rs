//! Updates that cross processes: each process tells the others, over a broker that all of them share, what it announces itself, and lets
//! its own listeners hear what the others tell. The broker is behind [`Carrier`]; whoever connects it calls [`relay`] once and
//! [`Neighbours::heard`] with every message from [`Neighbours::filter`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use vigia_domain::ids::{DeviceId, DeviceNumber};

use super::Hub;
use super::message::Told;
use crate::lifecycle::{Lifecycle, Phase};
use crate::world::World;

/// No device has such an id, so no device may publish there.
const ROOT: &str = "vigia/$live";
/// How long is waited when the broker takes nothing. Meanwhile newer values take the place of older ones.
const PAUSE: Duration = Duration::from_millis(500);
/// How old a word may be, in milliseconds by the clocks of two servers: what a broker or we ourselves held back says nothing of now.
const MOMENT_MS: i64 = 30_000;

/// Takes a message to the other processes. Whether it arrives is not promised: what is stored is stored, and a page that is loaded knows it.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Publishes, not retained. `false`: not now.
    async fn carry(&self, topic: &str, payload: Bytes) -> bool;
}

/// Who has to know that another process heard a device: its id and number, when that was by the other's clock (milliseconds since the epoch,
/// where it is told), and whether it is there since (or said goodbye). Says whether id and number belong together here; a word of a device
/// that is another one here is nobody's.
pub type Witness = Arc<dyn Fn(DeviceId, DeviceNumber, Option<i64>, bool) -> BoxFuture<'static, bool> + Send + Sync>;

/// One process among those that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The installation, the same for all of them and no other at the same broker: a device of one is nobody, or somebody else, at another.
    pub installation: String,
    /// The process. Letters, digits, hyphens, both.
    pub process: String,
}

/// The other processes, as one of them sees them.
#[derive(Clone)]
pub struct Neighbours {
    hub: Hub,
    name: Name,
    world: World,
    witness: Witness,
}

/// Starts to tell the other processes what this hub announces. `name` is this one's among them.
pub fn relay(hub: &Hub, carrier: Arc<dyn Carrier>, name: &Name, world: &World, lifecycle: &Lifecycle) {
    let root = format!("{ROOT}/{}/{}", name.installation, name.process);
    let world = world.clone();
    let mailbox = hub.overhear();
    lifecycle.spawn("live relay", Phase::Work, |stop: CancellationToken| async move {
        let told = async {
            loop {
                let mut messages = mailbox.next().await.into_iter();
                while let Some(message) = messages.next() {
                    let topic = format!("{root}/{}", message.device());
                    if !carrier.carry(&topic, Bytes::from(message.telling(world.clock.now_ms()))).await {
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
    pub fn of(hub: &Hub, name: &Name, world: &World, witness: Witness) -> Self {
        Self { hub: hub.clone(), name: name.clone(), world: world.clone(), witness }
    }

    /// What to subscribe to, QoS 0.
    #[must_use]
    pub fn filter(&self) -> String {
        format!("{ROOT}/{}/+/+", self.name.installation)
    }

    /// Whether a topic is one of theirs, whoever wrote on it.
    #[must_use]
    pub fn are_meant(topic: &str) -> bool {
        topic.strip_prefix(ROOT).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Tells this process's listeners what another told. What is no such message, our own, of another installation, or of some time ago, is
    /// left alone.
    pub async fn heard(&self, topic: &str, payload: &[u8]) {
        let Some(device) = self.device_of(topic) else { return };
        let Ok(Told { update, commands, heard, heard_ms, sent_ms }) = serde_json::from_slice::<Told>(payload) else { return };
        if update.topic != Hub::topic(&device) || self.world.clock.now_ms().saturating_sub(sent_ms) > MOMENT_MS {
            return;
        }
        // Before it is told here: whoever hears of it may ask at once.
        if let Some(number) = heard
            && !(self.witness)(device.clone(), number, heard_ms, update.says_online()).await
        {
            return;
        }
        self.hub.repeat(&device, update, commands);
    }

    /// The device of a topic on which another process of this installation speaks.
    fn device_of(&self, topic: &str) -> Option<DeviceId> {
        let mut levels = topic.strip_prefix(ROOT)?.strip_prefix('/')?.split('/');
        let (installation, process, id) = (levels.next()?, levels.next()?, levels.next()?);
        let is_others = installation == self.name.installation && process != self.name.process && levels.next().is_none();
        if is_others { DeviceId::new(id).ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use vigia_domain::command::CommandState;
    use vigia_domain::live::Update;

    use super::*;

    fn name(process: &str) -> Name {
        Name { installation: "farm".to_owned(), process: process.to_owned() }
    }

    fn now_ms() -> i64 {
        World::real().clock.now_ms()
    }

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
            {
                let mut refuses = self.refuses.lock().expect("no panic");
                if *refuses > 0 {
                    *refuses -= 1;
                    return false;
                }
            }
            let processes = self.processes.lock().expect("no panic").clone();
            for process in processes {
                process.heard(topic, &payload).await;
            }
            true
        }
    }

    type Seen = Arc<Mutex<Vec<(i64, bool)>>>;

    /// Who knows m1 by its number, and nobody else.
    fn witness(seen: &Seen) -> impl Fn(DeviceId, DeviceNumber, Option<i64>, bool) -> BoxFuture<'static, bool> + use<> {
        let seen = Arc::clone(seen);
        move |device, number, _, online| {
            let is_so = (device.as_str(), number) == ("m1", M1);
            if is_so {
                seen.lock().expect("no panic").push((number.0, online));
            }
            Box::pin(async move { is_so })
        }
    }

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
            let world = World::real();
            for ((hub, process), seen) in pair.hubs.iter().zip(["one", "two"]).zip(&pair.seen) {
                let witness = Arc::new(witness(seen));
                pair.wire.processes.lock().expect("no panic").push(Neighbours::of(hub, &name(process), &world, witness));
                relay(hub, pair.wire.clone(), &name(process), &world, &pair.life);
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
    async fn no_number_goes_back_though_the_other_is_late() {
        let pair = Pair::new();
        let mut listener = pair.hubs[1].listen();
        assert!(listener.follow(id(), M1, || None));
        let at = |second: u8, n: f64| Update { at: format!("2026-01-01T00:00:{second:02}.000Z"), ..update(n) };
        pair.hubs[1].publish(&id(), Some(M1), || vec![at(20, 20.0)]);
        assert!(listener.next().await[0].text().contains("20.0"));
        let both = Update { values: [("power_w".to_owned(), 19.0), ("voltage_v".to_owned(), 127.0)].into(), ..at(19, 0.0) };
        pair.hubs[0].publish(&id(), Some(M1), || vec![both]);
        let text = listener.next().await[0].text();
        assert!(text.contains(r#""values":{"voltage_v":127.0}"#), "what is newer of another metric is told: {text}");
        // Nothing of it is new; then that it left, and that a command was done, are.
        pair.hubs[0].publish(&id(), Some(M1), || vec![at(18, 18.0)]);
        pair.hubs[0].command(&id(), "2026-01-01T00:00:21.000Z", "c1", CommandState::Done);
        let text = listener.next().await[0].text();
        assert!(text.contains(r#""values":{}"#) && text.contains("c1"), "{text}");
        pair.hubs[0].publish(&id(), Some(M1), || vec![Update { online: Some(false), ..at(18, 18.0) }]);
        let text = listener.next().await[0].text();
        assert!(text.contains(r#""values":{},"online":false"#), "{text}");
        // Who begins to follow has what is known then as the least.
        let mut late = pair.hubs[0].listen();
        assert!(late.follow(id(), M1, || Some(at(30, 30.0))));
        assert!(late.next().await[0].text().contains("30.0"));
        pair.hubs[0].publish(&id(), Some(M1), || vec![at(29, 29.0)]);
        pair.hubs[0].publish(&id(), Some(M1), || vec![at(31, 31.0)]);
        let text = late.next().await[0].text();
        assert!(text.contains("31.0"), "{text}");
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

    /// A process that follows m1, and whether it hears this.
    async fn is_heard(topic: &str, payload: &str) -> bool {
        let (hub, seen) = (Hub::default(), Seen::default());
        let neighbours = Neighbours::of(&hub, &name("one"), &World::real(), Arc::new(witness(&seen)));
        let mut listener = hub.listen();
        assert!(listener.follow(id(), M1, || None));
        neighbours.heard(topic, payload.as_bytes()).await;
        let is_told = !listener.mailbox.waiting.lock().expect("no panic").is_empty();
        assert!(is_told || seen.lock().expect("no panic").is_empty(), "who tells nobody has seen nobody: {topic} {payload}");
        is_told
    }

    fn word(device: &str, number: i64, sent_ms: i64) -> String {
        let update = Update { topic: format!("device/{device}"), ..update(5.0) };
        serde_json::json!({ "update": update, "heard": number, "sent_ms": sent_ms }).to_string()
    }

    #[tokio::test]
    async fn nonsense_is_left_alone() {
        for topic in ["", "vigia/m1/telemetry", "vigia/$live", "vigia/$live/farm", "vigia/$live/farm/two", "vigia/$live/farm/two/m1"] {
            for payload in ["{}", "\u{fffd}", &word("m2", 2, now_ms())] {
                assert!(!is_heard(topic, payload).await, "{topic} {payload}");
            }
        }
        for topic in ["vigia/$live/farm/two/a/b", "vigia/$live/farm/two/m1/", "vigia/$live/two/m1", "vigia/$live/farm/one/m1"] {
            assert!(!is_heard(topic, &word("m1", 1, now_ms())).await, "{topic}");
        }
    }

    #[tokio::test]
    async fn another_installation_at_the_same_broker_has_other_devices() {
        assert!(is_heard("vigia/$live/farm/two/m1", &word("m1", 1, now_ms())).await);
        assert!(!is_heard("vigia/$live/mill/two/m1", &word("m1", 1, now_ms())).await, "its m1 is not ours");
        assert!(!is_heard("vigia/$live/farm/two/m1", &word("m1", 7, now_ms())).await, "number 7 is another device's here");
        let neighbours = Neighbours::of(&Hub::default(), &name("one"), &World::real(), Arc::new(witness(&Seen::default())));
        assert_eq!(neighbours.filter(), "vigia/$live/farm/+/+");
    }

    #[tokio::test]
    async fn a_word_that_was_held_back_says_nothing_of_now() {
        assert!(is_heard("vigia/$live/farm/two/m1", &word("m1", 1, now_ms() - MOMENT_MS / 2)).await);
        assert!(is_heard("vigia/$live/farm/two/m1", &word("m1", 1, now_ms() + MOMENT_MS / 2)).await, "clocks differ");
        assert!(!is_heard("vigia/$live/farm/two/m1", &word("m1", 1, now_ms() - MOMENT_MS - 1)).await);
    }
}
