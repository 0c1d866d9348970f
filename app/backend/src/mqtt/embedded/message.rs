//! A message on its way to those who listen.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::wire::{Forward, LastWill, Properties, Publish};

/// A message, in memory of its own: what it was read from may be large and is not kept for it.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) topic: Arc<str>,
    pub(super) payload: Bytes,
    pub(super) qos: u8,
    /// Whether its sender asked for it to be retained.
    pub(super) retain: bool,
    pub(super) properties: Option<Box<Properties>>,
    /// When its sender no longer wants it delivered.
    pub(super) expires: Option<Instant>,
    /// The session that sent it.
    pub(super) from: Option<u64>,
}

/// A message as its sender gave it, not copied yet: most are heard by nobody.
#[derive(Clone, Copy)]
pub(super) struct Draft<'d> {
    pub(super) topic: &'d str,
    pub(super) payload: &'d [u8],
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) properties: Option<&'d Properties>,
    /// How long it is good, for what the house says.
    pub(super) left: Option<Duration>,
    pub(super) from: Option<u64>,
}

impl<'d> Draft<'d> {
    pub(super) fn of(publish: &'d Publish, from: u64) -> Self {
        let Publish { topic, payload, qos, retain, properties, .. } = publish;
        Self { topic, payload, qos: *qos, retain: *retain, properties: properties.as_deref(), left: None, from: Some(from) }
    }

    pub(super) fn of_will(will: &'d LastWill, from: u64) -> Self {
        let LastWill { topic, payload, qos, retain, properties } = will;
        Self { topic, payload, qos: *qos, retain: *retain, properties: properties.as_deref(), left: None, from: Some(from) }
    }

    /// What the house says, and how long it means anything; `None`: for ever.
    pub(super) fn of_house(topic: &'d str, payload: &'d [u8], retain: bool, left: Option<Duration>) -> Self {
        Self { topic, payload, qos: 1, retain, properties: None, left, from: None }
    }

    pub(super) fn message(self, now: Instant) -> Arc<Message> {
        let wanted = self.properties.and_then(|p| p.message_expiry).map(|seconds| Duration::from_secs(seconds.into()));
        let expiry = self.left.or(wanted);
        Arc::new(Message {
            topic: self.topic.into(),
            payload: Bytes::copy_from_slice(self.payload),
            qos: self.qos,
            retain: self.retain,
            properties: self.properties.and_then(Properties::to_pass_on),
            expires: expiry.and_then(|left| now.checked_add(left)),
            from: self.from,
        })
    }
}

impl Message {
    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.topic.len() + self.payload.len() + self.properties.as_ref().map_or(0, |p| p.bytes())
    }

    pub(super) fn is_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    /// As it goes to one subscriber.
    pub(super) fn forward<'m>(&'m self, now: Instant, subscription_ids: &'m [u32]) -> Forward<'m> {
        let left = |at: Instant| u32::try_from(at.saturating_duration_since(now).as_secs()).unwrap_or(u32::MAX);
        Forward {
            topic: &self.topic,
            payload: &self.payload,
            properties: self.properties.as_deref(),
            qos: self.qos,
            retain: self.retain,
            dup: false,
            id: 0,
            subscription_ids,
            expiry_s: self.expires.map(left),
        }
    }
}
