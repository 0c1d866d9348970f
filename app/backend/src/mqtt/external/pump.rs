//! The connection's life: connect, subscribe, take messages and acknowledge those that are stored, send ours, and begin again.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::doorman::Doorman;
use super::holding::Holding;
use super::limits::{BACK_OFF, STOOD, STOP_TIME};
use super::link::{self, Dial, Happened, Link, Message};
use super::memory::Memory;
use super::outgoing::{Order, Outgoing};
use super::pause::Pause;
use super::state::State;
use super::topics;

/// Everything that one connection after the other needs; give [`Self::run`] to a task.
pub struct Pump {
    pub(super) dial: Dial,
    pub(super) memory: Memory,
    pub(super) filters: Vec<String>,
    pub(super) doorman: Arc<Doorman>,
    pub(super) state: Arc<State>,
    pub(super) orders: mpsc::Receiver<Order>,
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

/// What is being subscribed to. Answers come in the order of the questions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    Devices,
    Clients,
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
        let mut outgoing = Outgoing::default();
        // Stored; the library has no room for their acknowledgements yet.
        let mut stored = VecDeque::new();
        let (mut asked, mut deadline) = (Asked::Nothing, None);
        loop {
            while stored.front().is_some_and(|ack| link.acknowledge(*ack).is_ok()) {
                stored.pop_front();
            }
            let stopping = deadline.is_some();
            if stopping && holding.is_empty() && stored.is_empty() {
                break;
            }
            let reads = stopping || !holding.is_full();
            tokio::select! {
                () = told.cancelled(), if !stopping => deadline = Some(Instant::now() + STOP_TIME),
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if stopping => break,
                ack = holding.next() => stored.push_back(ack),
                Some(order) = self.orders.recv(), if asked != Asked::Nothing && !stopping && outgoing.has_room() => {
                    outgoing.hand_over(&link, order);
                }
                (events, happened) = &mut next, if reads => {
                    match happened {
                        Err(reason) => return End::Lost(reason),
                        Ok(Happened::Standing { remembered: known }) => {
                            if let Err(reason) = self.subscribe(&link, known) {
                                return End::Lost(reason);
                            }
                            asked = Asked::Devices;
                        }
                        Ok(Happened::Subscribed(granted)) if asked == Asked::Devices => {
                            asked = Asked::Clients;
                            self.subscribed(&link, &granted);
                        }
                        Ok(Happened::Came(message)) => self.came(message, stopping, &mut holding),
                        Ok(Happened::Left(number)) => outgoing.left(number),
                        Ok(Happened::Has(number, outcome)) => outgoing.has(number, outcome),
                        Ok(Happened::Subscribed(_) | Happened::Nothing) => {}
                    }
                    next = events.next().boxed();
                }
            }
        }
        link::see_off(&link, next).await;
        End::Left
    }

    fn subscribe(&mut self, link: &Link, remembered: bool) -> Result<(), String> {
        if !remembered && self.memory.is_known() {
            self.doorman.metrics.forgotten.inc();
            tracing::warn!("the broker has forgotten us: what devices sent in the meantime may be lost; see docs/operations.md");
        }
        self.memory.add(&self.filters).map_err(|e| e.to_string())?;
        let clients = [topics::CLIENTS.to_owned()];
        let both = link.subscribe(&self.filters).and_then(|()| link.subscribe(&clients));
        both.map_err(|_| "the library takes no subscription".to_owned())
    }

    /// The broker's answer for each of our filters.
    fn subscribed(&mut self, link: &Link, granted: &[bool]) {
        let refused: Vec<_> =
            self.filters.iter().zip(granted).filter(|(_, granted)| !**granted).map(|(filter, _)| filter.as_str()).collect();
        if !refused.is_empty() {
            let wrong = format!("the broker refuses the subscription to {}: give our account the right", refused.join(", "));
            tracing::error!("{wrong}");
            self.state.stands(Some(wrong));
            return;
        }
        let broker = &self.dial.broker;
        tracing::info!(host = broker.host, port = broker.port, client_id = self.dial.client_id, "the broker sends us what devices say");
        self.state.stands(None);
        let stale = self.memory.stale(&self.filters);
        if !stale.is_empty()
            && stale.iter().all(|filter| link.unsubscribe(filter).is_ok())
            && let Err(error) = self.memory.remove(&stale)
        {
            tracing::warn!(%error, "subscriptions of earlier settings will be ended again");
        }
    }

    fn came(&self, message: Message, stopping: bool, holding: &mut Holding) {
        if message.topic == topics::CLIENTS {
            if let Some(clients) = std::str::from_utf8(&message.payload).ok().and_then(|text| text.trim().parse().ok()) {
                self.state.clients(clients);
            }
        } else if !stopping {
            holding.take(message);
        }
    }
}
