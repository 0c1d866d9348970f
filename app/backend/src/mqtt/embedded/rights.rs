//! What a client may do here: the one place of the broker that asks.

use super::topics::{self, Filter};
use crate::mqtt::{DeviceIdentity, Gate};

/// Whether it may publish on this topic, or leave a will for it.
pub(super) fn may_publish(gate: &dyn Gate, client: &DeviceIdentity, topic: &str) -> bool {
    topics::is_topic(topic) && gate.may_publish(client, topic)
}

/// Whether it may hear what this filter covers. A group changes who gets a message, not who may.
pub(super) fn may_subscribe(gate: &dyn Gate, client: &DeviceIdentity, filter: &Filter<'_>) -> bool {
    gate.may_subscribe(client, filter.filter)
}

/// The device on whose own topics this topic is, as far as its name tells.
pub(super) fn owner(topic: &str) -> &str {
    let own = topic.strip_prefix("vigia/").unwrap_or(topic);
    own.split('/').next().unwrap_or_default()
}
