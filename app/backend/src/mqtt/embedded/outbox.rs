//! What waits for one client, and what was sent to it and is not acknowledged: in order, bounded, sent again after a reconnect.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::time::Instant;

use super::limits::{MESSAGE_EXPIRY, QUEUE, QUEUE_BYTES, QUEUES_BYTES, RESERVED_BYTES};
use super::message::Message;
use super::subscriptions::GroupName;

/// A message for one client.
pub(super) struct Letter {
    pub(super) message: Arc<Message>,
    /// As it goes to this client.
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) subscription_ids: Vec<u32>,
    /// The group that this client got it for.
    pub(super) group: Option<Arc<GroupName>>,
    pub(super) since: Instant,
}

impl Letter {
    /// About how much memory it takes. A message that waits for several clients counts for each.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.message.bytes() + size_of_val(&*self.subscription_ids)
    }

    fn is_stale(&self, now: Instant) -> bool {
        self.message.is_expired(now) || now.saturating_duration_since(self.since) > MESSAGE_EXPIRY
    }
}

/// How much waits for all clients together. Clones are handles to the same count.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<AtomicUsize>);

/// Where a message of quality 1 or 2 is in its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Not acknowledged.
    Published,
    /// Received by the client, quality 2: to be released.
    Released,
}

struct Sent {
    id: u16,
    stage: Stage,
    letter: Letter,
    /// Whether it went out on the connection that stands.
    on_this_connection: bool,
}

impl Sent {
    /// Whether it may have come and its time has passed. Of quality 2 it goes on: the client holds its number until it is released.
    fn means_nothing(&self, now: Instant) -> bool {
        self.stage == Stage::Published && self.letter.qos == 1 && self.letter.message.is_expired(now)
    }
}

/// What is to be written next.
pub(super) enum Outgoing<'o> {
    /// A message; `again`: it may have come before.
    Letter { letter: &'o Letter, id: u16, again: bool },
    /// PUBREL.
    Release(u16),
}

pub(super) struct Outbox {
    letters: VecDeque<Letter>,
    /// Of `letters` and `sent`.
    bytes: usize,
    sent: VecDeque<Sent>,
    /// Of `sent`.
    sent_bytes: usize,
    /// How many of `sent` went out on the connection that stands.
    under_way: usize,
    last_id: u16,
    waiting: Waiting,
}

impl Outbox {
    pub(super) fn new(waiting: Waiting) -> Self {
        Self { letters: VecDeque::new(), bytes: 0, sent: VecDeque::new(), sent_bytes: 0, under_way: 0, last_id: 0, waiting }
    }

    pub(super) fn has_room_for(&self, letter: &Letter) -> bool {
        let bytes = letter.bytes();
        self.fits_here(letter) && (self.bytes + bytes <= RESERVED_BYTES || self.waiting.0.load(Ordering::Relaxed) + bytes <= QUEUES_BYTES)
    }

    /// Whether this client's own bounds allow it, whatever the others hold.
    pub(super) fn fits_here(&self, letter: &Letter) -> bool {
        let waiting = self.bytes - self.sent_bytes;
        self.letters.is_empty() || (self.letters.len() < QUEUE && waiting + letter.bytes() <= QUEUE_BYTES)
    }

    /// Adds it, whether there is room or not.
    pub(super) fn put(&mut self, letter: Letter) {
        self.count_in(letter.bytes());
        self.letters.push_back(letter);
    }

    /// Makes room by the oldest that waits. `false`: there is none.
    pub(super) fn drop_oldest(&mut self) -> bool {
        let oldest = self.take_first();
        oldest.iter().for_each(|letter| self.count_out(letter.bytes()));
        oldest.is_some()
    }

    pub(super) fn is_full(&self) -> bool {
        self.letters.len() >= QUEUE || self.bytes >= QUEUE_BYTES
    }

    /// A new connection: everything that is not acknowledged goes out on it again.
    pub(super) fn begin_again(&mut self) {
        self.under_way = 0;
        self.sent.iter_mut().for_each(|sent| sent.on_this_connection = false);
    }

    /// What may go out now, with at most `window` messages not acknowledged; what is too old is dropped.
    pub(super) fn next(&mut self, window: usize, now: Instant) -> Option<Outgoing<'_>> {
        while self.under_way < self.sent.len() {
            if self.under_way >= window {
                return None;
            }
            let at = self.sent.iter().position(|sent| !sent.on_this_connection)?;
            if self.sent[at].means_nothing(now) {
                self.end(at);
                continue;
            }
            let sent = &mut self.sent[at];
            sent.on_this_connection = true;
            self.under_way += 1;
            return Some(match sent.stage {
                Stage::Published => Outgoing::Letter { letter: &sent.letter, id: sent.id, again: true },
                Stage::Released => Outgoing::Release(sent.id),
            });
        }
        while self.letters.front()?.is_stale(now) {
            self.drop_oldest();
        }
        // Large ones fill the window, too: what is not acknowledged is kept, beside what waits.
        if self.letters.front()?.qos > 0 && (self.under_way >= window || self.sent_bytes >= QUEUE_BYTES) {
            return None;
        }
        let letter = self.take_first()?;
        self.sent_bytes += letter.bytes();
        let id = if letter.qos > 0 { self.free_id() } else { 0 };
        self.under_way += 1;
        self.sent.push_back(Sent { id, stage: Stage::Published, letter, on_this_connection: true });
        self.sent.back().map(|sent| Outgoing::Letter { letter: &sent.letter, id, again: false })
    }

    /// Forgets what was given out last, when it needs no acknowledgement or cannot be sent at all.
    pub(super) fn done_with(&mut self, id: u16) {
        if let Some(at) = self.sent.iter().rposition(|sent| sent.id == id) {
            self.end(at);
        }
    }

    /// PUBACK, or a PUBREC that says no.
    pub(super) fn acknowledged(&mut self, id: u16) {
        if let Some(at) = self.find(id) {
            self.end(at);
        }
    }

    /// PUBREC: it is to be released. `false`: no such message is under way.
    pub(super) fn received(&mut self, id: u16) -> bool {
        let Some(at) = self.find(id) else { return false };
        let sent = &mut self.sent[at];
        if sent.letter.qos == 2 {
            sent.stage = Stage::Released;
        }
        sent.letter.qos == 2
    }

    /// PUBCOMP.
    pub(super) fn complete(&mut self, id: u16) {
        if let Some(at) = self.find(id)
            && self.sent[at].stage == Stage::Released
        {
            self.end(at);
        }
    }

    /// Takes what this client got for a group and has not been sent; with `all`, also what it has not acknowledged. Of quality 2 that
    /// stays: it may have come, and must not come to somebody else too (MQTT 5, 4.8.2).
    pub(super) fn take_shared(&mut self, all: bool) -> Vec<Letter> {
        let mut taken = Vec::new();
        if all {
            while let Some(at) = self.sent.iter().position(|sent| sent.letter.group.is_some() && sent.letter.qos == 1) {
                let under_way = self.sent[at].on_this_connection;
                self.under_way -= usize::from(under_way);
                let Some(sent) = self.sent.remove(at) else { break };
                self.sent_bytes -= sent.letter.bytes();
                self.count_out(sent.letter.bytes());
                taken.push(sent.letter);
            }
        }
        let (shared, kept): (VecDeque<_>, _) = std::mem::take(&mut self.letters).into_iter().partition(|letter| letter.group.is_some());
        self.letters = kept;
        shared.iter().for_each(|letter| self.count_out(letter.bytes()));
        taken.extend(shared);
        taken
    }

    /// Of quality 0, which nobody who is absent is owed.
    pub(super) fn drop_unowed(&mut self) {
        let (owed, unowed): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut self.letters).into_iter().partition(|letter| letter.qos > 0);
        self.letters = owed;
        unowed.iter().for_each(|letter| self.count_out(letter.bytes()));
    }

    fn find(&self, id: u16) -> Option<usize> {
        self.sent.iter().position(|sent| sent.id == id && sent.on_this_connection)
    }

    fn end(&mut self, at: usize) {
        if let Some(sent) = self.sent.remove(at) {
            self.under_way -= usize::from(sent.on_this_connection);
            self.sent_bytes -= sent.letter.bytes();
            self.count_out(sent.letter.bytes());
        }
        if self.sent.is_empty() {
            self.sent.shrink_to(0);
        }
    }

    fn take_first(&mut self) -> Option<Letter> {
        let letter = self.letters.pop_front()?;
        if self.letters.is_empty() {
            self.letters.shrink_to(0);
        }
        Some(letter)
    }

    fn count_in(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.waiting.0.fetch_add(bytes, Ordering::Relaxed);
    }

    fn count_out(&mut self, bytes: usize) {
        self.bytes -= bytes;
        self.waiting.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn free_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.sent.iter().any(|sent| sent.id == self.last_id) {
                return self.last_id;
            }
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.waiting.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
