//! What a device may do here: the one place of the broker that asks.

use super::topics::{self, Filter};
use crate::mqtt::{DeviceIdentity, access};

/// Whether it may publish on this topic, or leave a will for it.
pub(super) fn may_publish(device: &DeviceIdentity, topic: &str) -> bool {
    topics::is_topic(topic) && access::may_publish(&device.id, topic)
}

/// Whether it may hear what this filter covers. A group changes who gets a message, not who may.
pub(super) fn may_subscribe(device: &DeviceIdentity, filter: &Filter<'_>) -> bool {
    access::may_subscribe(&device.id, filter.filter)
}

/// The device on whose own topics this topic is, as far as its name tells.
pub(super) fn owner(topic: &str) -> &str {
    let own = topic.strip_prefix("vigia/").unwrap_or(topic);
    own.split('/').next().unwrap_or_default()
}
