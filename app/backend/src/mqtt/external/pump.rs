//! The connection's life: connect, subscribe, take messages and acknowledge those that are stored, send ours, and begin again.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::doorman::Doorman;
use super::holding::Holding;
use super::limits::{BACK_OFF, STOOD, STOP_TIME};
use super::link::{self, Ack, Dial, Happened, Link, Message};
use super::memory::Memory;
use super::outgoing::{Order, Outgoing, Word};
use super::pause::Pause;
use super::state::State;
use super::topics;
use crate::mqtt::Neighbourhood;

/// Everything that one connection after the other needs; give [`Self::run`] to a task.
pub struct Pump {
    pub(super) dial: Dial,
    pub(super) memory: Memory,
    /// What is to be heard, without the group.
    pub(super) filters: watch::Receiver<Vec<String>>,
    pub(super) doorman: Arc<Doorman>,
    pub(super) neighbours: Option<Arc<dyn Neighbourhood>>,
    pub(super) state: Arc<State>,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) words: mpsc::Receiver<Word>,
    pub(super) closing: CancellationToken,
    pub(super) closed: CancellationToken,
}

/// How a connection ended.
enum End {
    /// We left.
    Left,
    /// It was lost, or never came to be.
    Lost(String),
}

/// Filters in one packet.
const AT_ONCE: usize = 100;

/// How many refused filters are named.
const NAMED: usize = 10;

/// What was subscribed to. Answers come in the order of the questions.
enum Asked {
    /// These, and whether they are the last for now.
    Devices(Vec<String>, bool),
    Neighbours,
    Clients,
}

/// How far a connection has come.
#[derive(Default)]
struct Standing {
    /// The broker knows us.
    greeted: bool,
    asked: VecDeque<Asked>,
    /// What is wanted and it does not let us hear.
    refused: BTreeSet<String>,
    /// Messages of ours.
    outgoing: Outgoing,
    /// Stored; the library has no room for their acknowledgements yet.
    stored: VecDeque<Ack>,
}

impl Pump {
    /// Keeps the connection until it is told to stop, by the token or by [`crate::mqtt::Broker::stop`]; then takes nothing new, lets
    /// what is being stored be stored and acknowledged, and leaves. The broker keeps what comes from then on.
    pub async fn run(mut self, stop: CancellationToken) {
        let closing = self.closing.clone();
        let stopped = async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = closing.cancelled() => {}
            }
        };
        let told = CancellationToken::new();
        {
            let rounds = self.rounds(&told);
            tokio::pin!(rounds);
            tokio::select! {
                () = &mut rounds => {}
                () = stopped => {
                    told.cancel();
                    rounds.await;
                }
            }
        }
        self.state.lost("it was stopped".to_owned());
        self.closed.cancel();
    }

    /// One connection after the other.
    async fn rounds(&mut self, told: &CancellationToken) {
        let mut pause = Pause::new(BACK_OFF);
        while !told.is_cancelled() {
            let begun = Instant::now();
            let End::Lost(reason) = self.connection(told).await else { break };
            if self.state.is_standing() && begun.elapsed() >= STOOD {
                pause.reset();
            }
            let broker = format!("{}:{}", self.dial.broker.host, self.dial.broker.port);
            let wait = pause.take(&self.doorman.world);
            tracing::warn!(broker, reason, again_in = ?wait, "no connection to the broker");
            self.doorman.metrics.losses.inc();
            self.state.lost(format!("no connection to {broker}: {reason}"));
            self.away(wait, told).await;
        }
    }

    /// While there is no connection whoever wants to send something is told so at once.
    async fn away(&mut self, wait: std::time::Duration, told: &CancellationToken) {
        let over = sleep(wait);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return,
                () = told.cancelled() => return,
                Some(order) = self.orders.recv() => drop(order.done.send(Err("it cannot be reached".to_owned()))),
            }
        }
    }

    async fn connection(&mut self, told: &CancellationToken) -> End {
        let (link, events) = link::open(&self.dial);
        let mut next = events.next().boxed();
        let mut holding = Holding::new(Arc::clone(&self.doorman));
        let (mut it, mut deadline) = (Standing::default(), None);
        loop {
            while it.stored.front().is_some_and(|ack| link.acknowledge(*ack).is_ok()) {
                it.stored.pop_front();
            }
            let stopping = deadline.is_some();
            if stopping && holding.is_empty() && it.stored.is_empty() {
                break;
            }
            let reads = stopping || !holding.is_full();
            let speaks = it.greeted && !stopping;
            tokio::select! {
                () = told.cancelled(), if !stopping => deadline = Some(Instant::now() + STOP_TIME),
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if stopping => break,
                ack = holding.next() => it.stored.push_back(ack),
                Some(order) = self.orders.recv(), if speaks && it.outgoing.has_room() => it.outgoing.hand_over(&link, order),
                Some(word) = self.words.recv(), if speaks && it.outgoing.has_room_for_words() => it.outgoing.say(&link, word),
                Ok(()) = self.filters.changed(), if speaks && it.asked.is_empty() => {
                    if let Err(reason) = self.follow(&link, &mut it) {
                        return End::Lost(reason);
                    }
                }
                (events, happened) = &mut next, if reads => {
                    match happened {
                        Err(reason) => return End::Lost(reason),
                        Ok(Happened::Standing { remembered: known }) => {
                            if let Err(reason) = self.subscribe(&link, known, &mut it) {
                                return End::Lost(reason);
                            }
                        }
                        Ok(Happened::Subscribed(granted)) => self.subscribed(&link, &granted, &mut it),
                        Ok(Happened::Came(message)) => self.came(message, stopping, &mut holding, &mut it),
                        Ok(Happened::Left(number)) => it.outgoing.left(number),
                        Ok(Happened::Has(number, outcome)) => it.outgoing.has(number, outcome),
                        Ok(Happened::Nothing) => {}
                    }
                    next = events.next().boxed();
                }
            }
        }
        link::see_off(&link, next).await;
        End::Left
    }

    /// Everything that is to be heard now, as the broker takes it.
    fn wanted(&mut self) -> Vec<String> {
        topics::of_group(&self.filters.borrow_and_update(), self.dial.broker.group.as_deref())
    }

    fn subscribe(&mut self, link: &Link, remembered: bool, it: &mut Standing) -> Result<(), String> {
        if !remembered && self.memory.is_known() {
            self.doorman.metrics.forgotten.inc();
            tracing::warn!("the broker has forgotten us: what devices sent in the meantime may be lost; see docs/operations.md");
        }
        let wanted = self.wanted();
        self.ask(link, &wanted, it)?;
        if let Some(neighbours) = &self.neighbours {
            let filter = neighbours.filter();
            self.memory.add(std::slice::from_ref(&filter)).map_err(|e| e.to_string())?;
            link.overhear(&filter).map_err(|_| full())?;
            it.asked.push_back(Asked::Neighbours);
        }
        link.subscribe(&[topics::CLIENTS.to_owned()]).map_err(|_| full())?;
        it.asked.push_back(Asked::Clients);
        it.greeted = true;
        Ok(())
    }

    /// What is to be heard has changed.
    fn follow(&mut self, link: &Link, it: &mut Standing) -> Result<(), String> {
        let wanted = self.wanted();
        let more = self.memory.missing(&wanted);
        tracing::info!(more = more.len(), "what devices are called has changed: the broker is asked for other topics");
        it.refused.retain(|filter| wanted.contains(filter));
        if more.is_empty() {
            self.stand(link, it);
            return Ok(());
        }
        self.ask(link, &more, it)
    }

    fn ask(&mut self, link: &Link, filters: &[String], it: &mut Standing) -> Result<(), String> {
        self.memory.add(filters).map_err(|e| e.to_string())?;
        let packets = filters.chunks(AT_ONCE);
        let last = packets.len().saturating_sub(1);
        for (number, packet) in packets.enumerate() {
            link.subscribe(packet).map_err(|_| full())?;
            it.asked.push_back(Asked::Devices(packet.to_vec(), number == last));
        }
        Ok(())
    }

    /// The broker's answer for each filter of a packet.
    fn subscribed(&mut self, link: &Link, granted: &[bool], it: &mut Standing) {
        match it.asked.pop_front() {
            Some(Asked::Devices(filters, is_last)) => {
                let (granted, refused): (Vec<_>, Vec<_>) = filters.into_iter().zip(granted).partition(|(_, granted)| **granted);
                it.refused.retain(|filter| !granted.iter().any(|(granted, _)| granted == filter));
                let refused: Vec<_> = refused.into_iter().map(|(filter, _)| filter).collect();
                // The broker does not have us down for it, so it is asked again when anything changes.
                if let Err(error) = self.memory.remove(&refused) {
                    tracing::warn!(%error, "a subscription that was refused is not asked for again before the next start");
                }
                it.refused.extend(refused);
                if is_last {
                    self.stand(link, it);
                }
            }
            Some(Asked::Neighbours) if !granted.iter().all(|granted| *granted) => {
                tracing::error!("the broker refuses what other processes tell us (vigia/$live/#): live updates stay within each process");
            }
            _ => {}
        }
    }

    fn stand(&mut self, link: &Link, it: &Standing) {
        let wrong = (!it.refused.is_empty()).then(|| {
            let some: Vec<_> = it.refused.iter().take(NAMED).map(String::as_str).collect();
            let more = if it.refused.len() > NAMED { format!(" and {} more", it.refused.len() - NAMED) } else { String::new() };
            format!("the broker refuses the subscription to {}{more}: give our account the right", some.join(", "))
        });
        if let Some(wrong) = &wrong {
            tracing::error!("{wrong}");
        } else if !self.state.is_standing() {
            let broker = &self.dial.broker;
            tracing::info!(host = broker.host, port = broker.port, client_id = self.dial.client_id, "the broker sends us what devices say");
        }
        self.state.stands(wrong);
        self.leave_stale(link);
    }

    /// Ends what is not to be heard any more, or was under an earlier setting.
    fn leave_stale(&mut self, link: &Link) {
        let mut wanted = topics::of_group(&self.filters.borrow(), self.dial.broker.group.as_deref());
        wanted.extend(self.neighbours.as_ref().map(|neighbours| neighbours.filter()));
        let stale = self.memory.stale(&wanted);
        if !stale.is_empty()
            && stale.iter().all(|filter| link.unsubscribe(filter).is_ok())
            && let Err(error) = self.memory.remove(&stale)
        {
            tracing::warn!(%error, "subscriptions of earlier settings will be ended again");
        }
    }

    fn came(&self, message: Message, stopping: bool, holding: &mut Holding, it: &mut Standing) {
        if message.topic == topics::CLIENTS {
            if let Some(clients) = std::str::from_utf8(&message.payload).ok().and_then(|text| text.trim().parse().ok()) {
                self.state.clients(clients);
            }
        } else if let Some(neighbours) = self.neighbours.as_ref().filter(|neighbours| neighbours.is_theirs(&message.topic)) {
            // What the broker had kept is nobody's: they keep nothing.
            if !message.retained {
                neighbours.heard(&message.topic, message.payload);
            }
            it.stored.extend(message.ack.is_expected().then_some(message.ack));
        } else if !stopping {
            holding.take(message);
        }
    }
}

fn full() -> String {
    "the library takes no subscription".to_owned()
}
