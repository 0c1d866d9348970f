//! What a client gets.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, BytesMut};
use tokio::io::AsyncWrite as _;

use super::{Connection, End};
use crate::mqtt::embedded::limits::OUT_BYTES;
use crate::mqtt::embedded::outbox::Outgoing;
use crate::mqtt::embedded::wire::{self, Ack, Forward, Reason, Version};

/// The largest buffer that an idle connection keeps.
const IDLE_BYTES: usize = 1024;

impl Connection {
    /// The client acknowledges what it got, or releases what it sent.
    pub(super) fn acknowledged(&mut self, kind: Ack, id: u16, code: u8) {
        let version = self.terms.version;
        let mut state = self.session.locked();
        self.has_mail = true;
        match kind {
            Ack::Taken => state.outbox.acknowledged(id),
            Ack::Received if code >= 0x80 => state.outbox.acknowledged(id),
            Ack::Received => {
                let is_known = state.outbox.received(id);
                let reason = if is_known { Reason::Success } else { Reason::PacketIdNotFound };
                wire::ack(&mut self.out, version, Ack::Release, id, reason);
            }
            Ack::Release => {
                let is_known = state.release(id);
                let reason = if is_known { Reason::Success } else { Reason::PacketIdNotFound };
                wire::ack(&mut self.out, version, Ack::Complete, id, reason);
            }
            Ack::Complete => state.outbox.complete(id),
        }
    }

    /// Makes ready what waits, as far as the client may get it.
    pub(super) fn fill(&mut self) {
        if !self.has_mail || self.end.is_some() {
            return;
        }
        let mut state = self.session.locked();
        // A connection that was replaced by force must not take what is the new one's.
        if !state.link.as_ref().is_some_and(|link| std::sync::Arc::ptr_eq(link, &self.link)) {
            return;
        }
        while self.out.len() < OUT_BYTES {
            let Some(outgoing) = state.outbox.next(self.terms.receive_maximum.into(), self.now) else {
                self.has_mail = false;
                return;
            };
            match outgoing {
                Outgoing::Release(id) => wire::ack(&mut self.out, self.terms.version, Ack::Release, id, Reason::Success),
                Outgoing::Letter { letter, id, again } => {
                    let qos = letter.qos;
                    let forward = letter.message.forward(self.now, &letter.subscription_ids);
                    let forward = Forward { qos, retain: letter.retain, dup: again, id, ..forward };
                    let fits = self.terms.version == Version::Three
                        || wire::publish_bytes(self.terms.version, &forward) <= self.terms.packet_bytes;
                    if fits {
                        wire::publish(&mut self.out, self.terms.version, &forward);
                    }
                    // What is larger than the client takes counts as sent (MQTT 5, 3.1.2.11.4).
                    if qos == 0 || !fits {
                        state.outbox.done_with(id);
                    }
                }
            }
        }
    }

    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        if self.is_dead {
            self.out.clear();
            self.stuck = None;
            return false;
        }
        while !self.out.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.out) {
                Poll::Ready(Ok(written)) if written > 0 => {
                    self.out.advance(written);
                    (moved, self.is_flushed, self.stuck) = (true, false, None);
                }
                Poll::Ready(_) => return self.lost(),
                Poll::Pending => {
                    self.stuck.get_or_insert(self.now);
                    return moved;
                }
            }
        }
        if !self.is_flushed {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(Ok(())) => (self.is_flushed, self.stuck) = (true, None),
                Poll::Ready(Err(_)) => return self.lost(),
                Poll::Pending => {
                    self.stuck.get_or_insert(self.now);
                    return moved;
                }
            }
        }
        if self.out.capacity() > IDLE_BYTES && self.work.is_empty() {
            self.out = BytesMut::new();
        }
        moved
    }

    fn lost(&mut self) -> bool {
        self.is_dead = true;
        self.finish(End::Gone);
        true
    }
}
