//! Retained messages, in memory and bounded per device. The house's own are published again after a restart.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use rmqtt::Result;
use rmqtt::retain::{DefaultRetainStorage, RetainStorage};
use rmqtt::types::{DashMap, Retain, TopicFilter, TopicName, UserName};

use super::limits::{RETAINED_BYTES, RETAINED_TOPICS};

/// The crate's own tree of topics. Its `RetainStorage` stores nothing by itself (it asks for a plugin), and would forget every
/// retained message after the listener's message expiry; a state holds until it is replaced.
pub(super) struct Retained {
    tree: DefaultRetainStorage,
    of_user: DashMap<UserName, HashSet<TopicName>>,
}

impl Retained {
    pub(super) fn new() -> Self {
        Self { tree: DefaultRetainStorage::new(), of_user: DashMap::default() }
    }

    /// Whether one more may be kept. What the house itself publishes has no user name and no bound.
    fn admits(&self, topic: &TopicName, retain: &Retain) -> bool {
        let Some(user) = &retain.from.username else { return true };
        let mut topics = self.of_user.entry(user.clone()).or_default();
        if retain.publish.payload.is_empty() {
            topics.remove(topic);
            return true;
        }
        if retain.publish.payload.len() > RETAINED_BYTES || (topics.len() >= RETAINED_TOPICS && !topics.contains(topic)) {
            tracing::debug!(%user, %topic, "not retained: too many or too large");
            return false;
        }
        topics.insert(topic.clone());
        true
    }
}

#[async_trait]
impl RetainStorage for Retained {
    fn enable(&self) -> bool {
        true
    }

    async fn set(&self, topic: &TopicName, retain: Retain, _listener_expiry: Option<Duration>) -> Result<()> {
        if !self.admits(topic, &retain) {
            return Ok(());
        }
        let asked = retain.publish.properties.as_ref().and_then(|p| p.message_expiry_interval);
        let expiry = asked.map(|seconds| Duration::from_secs(u64::from(seconds.get())));
        self.tree.set_with_timeout(topic, retain, expiry).await
    }

    async fn get(&self, filter: &TopicFilter) -> Result<Vec<(TopicName, Retain)>> {
        self.tree.get_message(filter).await
    }

    async fn count(&self) -> isize {
        self.tree.count().await
    }

    async fn max(&self) -> isize {
        self.tree.max().await
    }
}
