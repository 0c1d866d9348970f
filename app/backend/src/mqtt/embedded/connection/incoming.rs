//! What a client sends.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::StreamExt as _;
use tokio::io::AsyncReadExt as _;
use tokio::task::unconstrained;

use super::{Connection, End, Job, Work};
use crate::mqtt::embedded::limits::{self, INFLIGHT, PACKET_BYTES, READ_BYTES, TOPIC_ALIASES, TOPIC_BYTES};
use crate::mqtt::embedded::message::Draft;
use crate::mqtt::embedded::rights;
use crate::mqtt::embedded::wire::{self, Ack, Frame, Goodbye, Next, Packet, Publish, Reason, Subscribe, Version, WireError};
use crate::mqtt::{Offence, Unavailable};

/// What was waited for.
pub(super) enum Done {
    /// The gate has the message.
    Stored(Publish),
    /// The gate cannot take it.
    Unstored,
    /// It was not the device's to say; that is noted.
    Refused(Publish),
    /// A message of quality 2 that had come already.
    Again(u16),
    Subscribed(Subscribe, Vec<Result<(), Reason>>),
    Unsubscribed(u16, Vec<String>),
}

impl Connection {
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while self.may_take() {
            let wanted = match wire::next(&mut self.read, PACKET_BYTES) {
                Ok(Next::Whole(frame)) => {
                    moved = true;
                    self.understand(frame, cx);
                    continue;
                }
                Ok(Next::Part(wanted)) => wanted,
                Err(error) => {
                    self.broken(error);
                    return true;
                }
            };
            // Room for what is known to come, but never much more than what has come: a claim costs nothing.
            let missing = wanted.saturating_sub(self.read.len());
            self.read.reserve(missing.min(self.read.len()).max(READ_BYTES));
            let read = pin!(self.stream.read_buf(&mut self.read)).poll(cx);
            match read {
                Poll::Ready(Ok(0)) => {
                    self.finish(End::Gone);
                    return true;
                }
                Poll::Ready(Ok(_)) => {
                    moved = true;
                    self.heard = self.now;
                }
                Poll::Ready(Err(_)) => {
                    self.is_dead = true;
                    self.finish(End::Gone);
                    return true;
                }
                Poll::Pending => {
                    if self.read.is_empty() {
                        // An idle connection holds no buffer.
                        self.read = BytesMut::new();
                    }
                    break;
                }
            }
        }
        moved
    }

    fn understand(&mut self, frame: Frame, cx: &mut Context<'_>) {
        // What is read of a packet points into it, or is copied out of it: however small its payload is, so much is held.
        let bytes = frame.body.len();
        match wire::decode(frame, self.terms.version, self.last_topic.as_ref()) {
            Ok(Packet::Publish(publish)) => self.publish(publish, bytes, cx),
            Ok(Packet::Ack(kind, id, code)) => self.acknowledged(kind, id, code),
            Ok(Packet::Subscribe(request)) => self.subscribe(request, bytes, cx),
            Ok(Packet::Unsubscribe(id, filters)) => {
                self.start(bytes, Box::pin(std::future::ready(Done::Unsubscribed(id, filters))), cx);
            }
            Ok(Packet::Ping) => wire::pong(&mut self.out),
            Ok(Packet::Disconnect(goodbye)) => self.goodbye(&goodbye),
            Err(error) => self.broken(error),
        }
    }

    fn publish(&mut self, mut publish: Publish, bytes: usize, cx: &mut Context<'_>) {
        if let Some(alias) = publish.properties.as_ref().and_then(|p| p.topic_alias) {
            match self.resolve(alias, &publish.topic) {
                Some(topic) => publish.topic = topic,
                None => return self.finish(End::Broken(Reason::AliasInvalid, "no such topic alias")),
            }
        }
        // What is longer is refused, and not remembered.
        if publish.topic.len() <= TOPIC_BYTES {
            self.last_topic = Some(Arc::clone(&publish.topic));
        }
        self.pace.take(self.now);
        let Publish { qos, id, .. } = publish;
        if qos == 2 {
            let (is_known, received) = {
                let state = self.session.locked();
                (state.has_received(id), state.received())
            };
            if is_known || self.receiving.contains(&id) {
                return self.start(0, Box::pin(std::future::ready(Done::Again(id))), cx);
            }
            if self.terms.version == Version::Five && self.work_messages + received >= usize::from(INFLIGHT) {
                return self.finish(End::Broken(Reason::ReceiveMaximumExceeded, "more messages than the receive maximum"));
            }
            self.receiving.push(id);
        }
        let bytes = bytes + publish.properties.as_ref().map_or(0, |properties| properties.bytes());
        self.work_messages += usize::from(qos > 0);
        let (house, session) = (Arc::clone(&self.house), Arc::clone(&self.session));
        if rights::may_publish(&*house.gate, &session.device, &publish.topic) {
            self.start(
                bytes,
                // A budget that is used up would let later ones come to the store before those that gave way.
                Box::pin(unconstrained(async move {
                    match house.gate.accept(&session.device, &publish.topic, publish.payload.clone(), qos).await {
                        Ok(()) => Done::Stored(publish),
                        Err(Unavailable) => Done::Unstored,
                    }
                })),
                cx,
            );
        } else {
            self.start(
                bytes,
                Box::pin(async move {
                    let offence = if publish.retain { Offence::Retain } else { Offence::Publish };
                    house.gate.refused(&session.device, offence, &publish.topic, &publish.payload).await;
                    Done::Refused(publish)
                }),
                cx,
            );
        }
    }

    /// The topic that an alias stands for, from now on or since before. `None`: for none.
    fn resolve(&mut self, alias: u16, topic: &Arc<str>) -> Option<Arc<str>> {
        if alias == 0 || alias > TOPIC_ALIASES {
            return None;
        }
        let place = usize::from(alias - 1);
        if topic.len() > TOPIC_BYTES {
            return Some(Arc::clone(topic));
        }
        if !topic.is_empty() {
            if self.aliases.len() <= place {
                self.aliases.resize(place + 1, None);
            }
            self.aliases[place] = Some(Arc::clone(topic));
            return Some(Arc::clone(topic));
        }
        self.aliases.get(place).cloned().flatten()
    }

    fn subscribe(&mut self, request: Subscribe, bytes: usize, cx: &mut Context<'_>) {
        // Each may bring everything that is retained, and is as dear as a message.
        request.filters.iter().for_each(|_| self.pace.take(self.now));
        let judged = self.house.judge(&self.session, &request);
        let (house, session) = (Arc::clone(&self.house), Arc::clone(&self.session));
        self.start(
            bytes,
            Box::pin(async move {
                let refused = request.filters.iter().zip(&judged).filter(|(_, judged)| **judged == Err(Reason::NotAuthorized));
                for ((filter, _), _) in refused {
                    house.gate.refused(&session.device, Offence::Subscribe, filter, &[]).await;
                }
                Done::Subscribed(request, judged)
            }),
            cx,
        );
    }

    fn goodbye(&mut self, goodbye: &Goodbye) {
        let expiry = goodbye.session_expiry.map(|seconds| Duration::from_secs(seconds.into()).min(limits::SESSION_EXPIRY));
        if expiry.is_some_and(|expiry| !expiry.is_zero()) && self.session.locked().expiry.is_zero() {
            return self.broken(WireError::Protocol("a session that was to end cannot be kept by a DISCONNECT"));
        }
        self.finish(End::Goodbye { with_will: goodbye.with_will, expiry });
    }

    fn broken(&mut self, error: WireError) {
        let detail = match error {
            WireError::Malformed(detail) | WireError::Protocol(detail) => detail,
            WireError::TooMany(_) => "too many elements in one packet",
            WireError::TooLarge | WireError::Topic => "",
        };
        tracing::debug!(device = %self.session.device.id, %error, "a client broke the protocol");
        self.finish(End::Broken(error.reason(), detail));
    }

    /// Begins work. What needs no waiting, and has nobody to wait for, is done at once.
    fn start(&mut self, bytes: usize, mut work: Work, cx: &mut Context<'_>) {
        if self.work.is_empty()
            && let Poll::Ready(done) = work.as_mut().poll(cx)
        {
            return self.done(done);
        }
        self.work_bytes += bytes;
        self.work.push_back(Job { bytes, work });
    }

    pub(super) fn poll_work(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while !self.work.is_empty()
            && let Poll::Ready(Some((bytes, done))) = self.work.poll_next_unpin(cx)
        {
            moved = true;
            self.work_bytes -= bytes;
            self.done(done);
        }
        moved
    }

    fn done(&mut self, done: Done) {
        let version = self.terms.version;
        match done {
            Done::Stored(publish) => {
                self.count_out(&publish);
                match publish.qos {
                    0 => {}
                    1 => wire::ack(&mut self.out, version, Ack::Taken, publish.id, Reason::Success),
                    _ if self.session.locked().receive(publish.id) => {
                        wire::ack(&mut self.out, version, Ack::Received, publish.id, Reason::Success);
                    }
                    _ => return self.finish(End::Broken(Reason::QuotaExceeded, "too many messages of quality 2 that are not released")),
                }
                self.house.pass_on(&self.session, Draft::of(&publish, self.session.number));
            }
            Done::Unstored => {
                self.finish(End::Unstored);
                self.work.clear();
            }
            Done::Refused(publish) => {
                self.count_out(&publish);
                // Only an acknowledgement of MQTT 5 can say no; everybody else hears it by losing the connection.
                match (version, publish.qos) {
                    (Version::Five, 1) => wire::ack(&mut self.out, version, Ack::Taken, publish.id, Reason::NotAuthorized),
                    (Version::Five, 2) => wire::ack(&mut self.out, version, Ack::Received, publish.id, Reason::NotAuthorized),
                    _ => {
                        self.finish(End::Broken(Reason::NotAuthorized, "not one of this device's topics"));
                        self.work.clear();
                    }
                }
            }
            Done::Again(id) => wire::ack(&mut self.out, version, Ack::Received, id, Reason::Success),
            Done::Subscribed(request, judged) => {
                let codes = self.house.subscribe(&self.session, &request, &judged);
                wire::subscribed(&mut self.out, version, request.id, &codes);
                self.has_mail = true;
            }
            Done::Unsubscribed(id, filters) => {
                let codes = self.house.unsubscribe(&self.session, &filters);
                wire::unsubscribed(&mut self.out, version, id, &codes);
            }
        }
    }

    fn count_out(&mut self, publish: &Publish) {
        self.work_messages -= usize::from(publish.qos > 0);
        if publish.qos == 2 {
            self.receiving.retain(|id| *id != publish.id);
        }
    }
}
