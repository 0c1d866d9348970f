//! Messages of ours on their way to the broker. Whoever sent one hears of it when the broker has it, or that it may not have it.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::limits::{OUTGOING, WORDS};
use super::link::Link;

/// A message to be sent.
pub(super) struct Order {
    pub(super) topic: String,
    pub(super) payload: Bytes,
    pub(super) retain: bool,
    /// For how long it means anything.
    pub(super) left: Option<Duration>,
    pub(super) done: oneshot::Sender<Result<(), String>>,
}

/// A message for other processes. Nobody waits for it.
pub(super) struct Word {
    pub(super) topic: String,
    pub(super) payload: Bytes,
}

/// What is under way on one connection. When it is dropped with the connection, whoever waits hears so.
#[derive(Default)]
pub(super) struct Outgoing {
    /// Handed over; it has no number yet. Numbers are given in order.
    handed: VecDeque<oneshot::Sender<Result<(), String>>>,
    left: HashMap<u16, oneshot::Sender<Result<(), String>>>,
    /// How many words were handed over and have not left.
    words: usize,
}

impl Outgoing {
    pub(super) fn has_room(&self) -> bool {
        self.handed.len() + self.left.len() < OUTGOING
    }

    pub(super) fn hand_over(&mut self, link: &Link, order: Order) {
        match link.publish(&order.topic, order.payload, order.retain, order.left) {
            Ok(()) => self.handed.push_back(order.done),
            Err(_) => drop(order.done.send(Err("it takes no more messages now".to_owned()))),
        }
    }

    pub(super) fn has_room_for_words(&self) -> bool {
        self.words < WORDS
    }

    pub(super) fn say(&mut self, link: &Link, word: Word) {
        if link.mention(&word.topic, word.payload).is_ok() {
            self.words += 1;
        }
    }

    pub(super) fn left(&mut self, number: u16) {
        if number == 0 {
            self.words = self.words.saturating_sub(1);
        } else if let Some(done) = self.handed.pop_front() {
            self.left.insert(number, done);
        }
    }

    pub(super) fn has(&mut self, number: u16, outcome: Result<(), String>) {
        if let Some(done) = self.left.remove(&number) {
            let _ = done.send(outcome);
        }
    }
}
