//! Real MQTT clients for simulated devices: each has its own connection and credential, and keeps what was not acknowledged
//! until it is, over lost connections too, as a good device does.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, LastWill, MqttOptions, Outgoing as Went, Packet, QoS};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;
use vigia_domain::ids::DeviceId;

use super::device::{Device, Outgoing};
use super::link::{Line, Link, Switch};
use super::outage::{Outages, Turn};
use crate::world::Clock;

/// Messages under way at once on one connection.
const WINDOW: usize = 64;
/// Messages that a device keeps while it has no connection; then the oldest fall out.
const BACKLOG: usize = 10_000;
/// The pauses before another try to connect.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));
/// How long the last acknowledgements may take when it is over.
const LAST_ACKS: Duration = Duration::from_secs(5);
const GOOD_BYE: Duration = Duration::from_secs(1);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// The largest packet: a batch of a replay may be large.
const PACKET_BYTES: usize = 1024 * 1024;

/// A device with its credential.
pub struct Actor {
    /// Its id, the user name.
    pub id: DeviceId,
    /// Its token, the password.
    pub token: String,
    /// What it says.
    pub device: Box<dyn Device>,
}

/// Where and how the devices connect.
#[derive(Clone)]
pub struct Client {
    /// The broker's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Steps a second of each device.
    pub rate_hz: f64,
    /// How long; `None`: until told to stop.
    pub time: Option<Duration>,
    /// The time of day for what the devices say.
    pub clock: Arc<dyn Clock>,
    /// Where to tell of every acknowledged message.
    pub acknowledged: Option<UnboundedSender<Acknowledged>>,
}

/// A message that the broker has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// Who sent it.
    pub device: DeviceId,
    /// Where to.
    pub topic: String,
    /// The time inside it, in milliseconds since the epoch; of a list, its first.
    pub at_ms: i64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Devices that got a connection.
    pub connected: u64,
    /// Messages that left, each counted once.
    pub sent: u64,
    /// Messages that were acknowledged.
    pub acknowledged: u64,
    /// Messages that left again after a lost connection.
    pub repeated: u64,
    /// Messages that fell out while there was no connection.
    pub dropped: u64,
    /// Connections that failed or were lost.
    pub lost: u64,
}

impl Client {
    /// Lets the devices speak until the time is over, all have finished, or it is told to stop; then waits a little for the last
    /// acknowledgements.
    pub async fn run(&self, actors: Vec<Actor>, stop: CancellationToken) -> Report {
        self.run_over(None, actors, stop).await
    }

    /// The same over lines of this kind.
    pub async fn run_over(&self, line: Option<Line>, actors: Vec<Actor>, stop: CancellationToken) -> Report {
        let mut tasks = JoinSet::new();
        let count = actors.len().max(1);
        for (n, actor) in actors.into_iter().enumerate() {
            // Not all in the same instant.
            #[expect(clippy::cast_precision_loss, reason = "a number of devices")]
            let share = n as f64 / count as f64;
            let (session, stop) = (Session::new(self.clone(), actor), stop.clone());
            match line {
                None => tasks.spawn(session.run(share, stop)),
                Some(line) => tasks.spawn(session.run_over(Line { seed: line.seed.wrapping_add(n as u64), ..line }, share, stop)),
            };
        }
        let mut whole = Report::default();
        while let Some(done) = tasks.join_next().await {
            let Ok(one) = done else { continue };
            whole.connected += one.connected;
            whole.sent += one.sent;
            whole.acknowledged += one.acknowledged;
            whole.repeated += one.repeated;
            whole.dropped += one.dropped;
            whole.lost += one.lost;
        }
        whole
    }
}

/// A message with how often it has left.
struct Message {
    out: Outgoing,
    left_before: bool,
}

/// One device's connection.
struct Session {
    client: Client,
    actor: Actor,
    report: Report,
    /// Not handed to the library yet.
    backlog: VecDeque<Message>,
    /// Handed over; the library has not given it a packet id yet. It does so in order.
    handed: VecDeque<Message>,
    /// Under way, by packet id, with the order in which they left.
    under_way: BTreeMap<u16, (u64, Message)>,
    order: u64,
    standing: bool,
    /// The bad line that it speaks over, if it is one.
    switch: Option<Switch>,
    outages: Option<Outages>,
}

impl Session {
    fn new(client: Client, actor: Actor) -> Self {
        Self {
            client,
            actor,
            report: Report::default(),
            backlog: VecDeque::new(),
            handed: VecDeque::new(),
            under_way: BTreeMap::new(),
            order: 0,
            standing: false,
            switch: None,
            outages: None,
        }
    }

    async fn run_over(mut self, line: Line, share: f64, stop: CancellationToken) -> Report {
        let broker = (self.client.host.clone(), self.client.port);
        let (link, address, switch) = match Link::lay(broker, line.flaky, line.seed).await {
            Ok(laid) => laid,
            Err(reason) => {
                tracing::error!(device = %self.actor.id, %reason, "a simulated device has no line");
                return Report { lost: 1, ..Report::default() };
            }
        };
        (self.client.host, self.client.port) = (address.ip().to_string(), address.port());
        self.switch = Some(switch);
        self.outages = line.outages.then(|| Outages::new(line.seed));
        tokio::select! {
            report = self.run(share, stop) => report,
            never = link.serve() => match never {},
        }
    }

    fn options(&self) -> MqttOptions {
        let id = self.actor.id.as_str();
        let mut options = MqttOptions::new(id, &self.client.host, self.client.port);
        options.set_credentials(id, &self.actor.token).set_keep_alive(KEEP_ALIVE).set_max_packet_size(PACKET_BYTES, PACKET_BYTES);
        options.set_inflight(u16::try_from(WINDOW).unwrap_or(u16::MAX));
        if let Some((topic, payload)) = self.actor.device.will() {
            options.set_last_will(LastWill::new(topic, payload, QoS::AtLeastOnce, true));
        }
        options
    }

    async fn run(mut self, share: f64, stop: CancellationToken) -> Report {
        let (client, events) = AsyncClient::new(self.options(), WINDOW);
        let period = Duration::from_secs_f64(1.0 / self.client.rate_hz.clamp(0.001, 100_000.0));
        let begun = Instant::now();
        let mut ticks = interval_at(begun + period.mul_f64(share), period);
        // A device that was held up goes on in its rhythm instead of making up for lost time.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let end = self.client.time.map(|time| begun + time);
        let (mut pause, mut give_up) = (BACK_OFF.0, None);
        let mut next = Box::pin(poll(events, begun));
        loop {
            let speaking = give_up.is_none();
            if speaking && self.actor.device.finished() {
                give_up = Some(self.last_words());
                continue;
            }
            if !speaking && self.backlog.is_empty() && self.handed.is_empty() && self.under_way.is_empty() {
                break;
            }
            self.hand_over(&client);
            let over = give_up.or(end).unwrap_or_else(|| begun + Duration::from_secs(u64::from(u32::MAX)));
            tokio::select! {
                () = stop.cancelled(), if speaking => give_up = Some(self.last_words()),
                () = sleep_until(over) => {
                    if !speaking {
                        break;
                    }
                    give_up = Some(self.last_words());
                }
                _ = ticks.tick(), if speaking => self.step(),
                (events, happened) = &mut next => {
                    let mut retry_at = Instant::now();
                    match happened {
                        Ok(event) => {
                            if self.hear(&event) {
                                pause = BACK_OFF.0;
                            }
                            // Whoever still answers is slow and not gone.
                            give_up = give_up.map(|_| Instant::now() + LAST_ACKS);
                        }
                        Err(reason) => {
                            tracing::debug!(device = %self.actor.id, %reason, "a simulated device has no connection");
                            self.lose();
                            retry_at += pause;
                            pause = (pause * 2).min(BACK_OFF.1);
                        }
                    }
                    next = Box::pin(poll(events, retry_at));
                }
            }
        }
        // Says good-bye, so that the broker does not tell its last will.
        if self.standing && client.try_disconnect().is_ok() {
            let gone = async {
                while let (events, Ok(event)) = next.await {
                    if event == Event::Outgoing(Went::Disconnect) {
                        break;
                    }
                    next = Box::pin(poll(events, begun));
                }
            };
            // Rude, but over: the broker may be gone.
            let _ = tokio::time::timeout(GOOD_BYE, gone).await;
        }
        self.report
    }

    fn step(&mut self) {
        let said = self.actor.device.step(self.client.clock.now_ms());
        if let (Some(outages), Some(switch)) = (&mut self.outages, &self.switch) {
            match outages.step() {
                Turn::Out => switch.out(),
                Turn::Back => {
                    switch.back();
                    let gathered = outages.take();
                    self.keep(gathered);
                }
                Turn::None => {}
            }
        }
        match &mut self.outages {
            Some(outages) if outages.is_out() => outages.gather(said),
            _ => self.keep(said),
        }
    }

    /// Nothing new is said from here on; until when the last acknowledgements are waited for while nothing else happens.
    fn last_words(&mut self) -> Instant {
        let Some(switch) = &self.switch else { return Instant::now() + LAST_ACKS };
        switch.mend();
        if let Some(outages) = &mut self.outages {
            outages.end();
            let gathered = outages.take();
            self.report.dropped += outages.let_go;
            self.keep(gathered);
        }
        // It may be in the longest of its pauses.
        Instant::now() + LAST_ACKS + BACK_OFF.1
    }

    fn keep(&mut self, said: Vec<Outgoing>) {
        self.backlog.extend(said.into_iter().map(|out| Message { out, left_before: false }));
        while self.backlog.len() > BACKLOG {
            self.backlog.pop_front();
            self.report.dropped += 1;
        }
    }

    fn hand_over(&mut self, client: &AsyncClient) {
        while self.standing && self.handed.len() + self.under_way.len() < WINDOW {
            let Some(message) = self.backlog.pop_front() else { return };
            let Outgoing { topic, payload, retain, .. } = &message.out;
            if client.try_publish(topic, QoS::AtLeastOnce, *retain, payload.clone()).is_err() {
                self.backlog.push_front(message);
                return;
            }
            self.handed.push_back(message);
        }
    }

    /// Takes note of what happened on the connection. True when it has just come to stand.
    fn hear(&mut self, event: &Event) -> bool {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => {
                self.standing = true;
                self.report.connected = 1;
                // Before what waited: the device says that it is there first.
                let hello = self.actor.device.hello(self.client.clock.now_ms());
                for out in hello.into_iter().rev() {
                    self.backlog.push_front(Message { out, left_before: false });
                }
                return true;
            }
            Event::Outgoing(Went::Publish(packet)) => {
                if let Some(mut message) = self.handed.pop_front() {
                    if message.left_before {
                        self.report.repeated += 1
                    } else {
                        self.report.sent += 1
                    }
                    message.left_before = true;
                    self.order += 1;
                    self.under_way.insert(*packet, (self.order, message));
                }
            }
            Event::Incoming(Packet::PubAck(ack)) => {
                if let Some((_, message)) = self.under_way.remove(&ack.pkid) {
                    self.report.acknowledged += 1;
                    if let Some(told) = &self.client.acknowledged {
                        let Outgoing { topic, at_ms, .. } = message.out;
                        // Who no longer listens does not want to know.
                        let _ = told.send(Acknowledged { device: self.actor.id.clone(), topic, at_ms });
                    }
                }
            }
            _ => {}
        }
        false
    }

    /// The connection is gone: what was not acknowledged goes to the front again, in its order. The library forgets it too,
    /// because each connection is a clean session.
    fn lose(&mut self) {
        self.standing = false;
        self.report.lost += 1;
        let mut again: Vec<_> = std::mem::take(&mut self.under_way).into_values().collect();
        again.sort_by_key(|(order, _)| *order);
        let again = again.into_iter().map(|(_, message)| message).chain(std::mem::take(&mut self.handed));
        let rest = std::mem::take(&mut self.backlog);
        self.backlog = again.chain(rest).collect();
    }
}

/// The next event, but no attempt to connect before `retry_at`. Takes the loop and gives it back, so that one poll can be awaited
/// in several rounds of a `select!`: a poll that is dropped half-way loses its connection.
async fn poll(mut events: EventLoop, retry_at: Instant) -> (EventLoop, Result<Event, ConnectionError>) {
    if events.network.is_none() {
        sleep_until(retry_at).await;
    }
    let happened = events.poll().await;
    (events, happened)
}
