//! Which topics of an external broker are heard, and whose a message is: there the topic says it, because the broker has checked
//! the credential.

use vigia_domain::ids::DeviceId;

use crate::mqtt::access;

/// What is subscribed to: the native topics of the upward direction, and those of Shelly.
pub(super) const FILTERS: [&str; 8] = [
    "vigia/+/telemetry",
    "vigia/+/event",
    "vigia/+/status",
    "vigia/+/command/result",
    "vigia/+/config/applied",
    "+/events/rpc",
    "+/status/#",
    "+/online",
];

/// How many clients a broker has, where it says so.
pub(super) const CLIENTS: &str = "$SYS/broker/clients/connected";

/// The filters for a member of a group, or for somebody alone.
pub(super) fn filters(group: Option<&str>) -> Vec<String> {
    FILTERS.iter().map(|filter| group.map_or_else(|| (*filter).to_owned(), |group| format!("$share/{group}/{filter}"))).collect()
}

/// The device that a topic belongs to.
pub(super) fn device(topic: &str) -> Option<DeviceId> {
    let first = topic.strip_prefix("vigia/").unwrap_or(topic).split('/').next()?;
    DeviceId::new(first).ok().filter(|device| access::may_publish(device, topic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_names_its_device() {
        for topic in ["vigia/m1/telemetry", "vigia/m1/command/result", "m1/events/rpc", "m1/status/switch:0", "m1/online"] {
            assert_eq!(device(topic).as_ref().map(DeviceId::as_str), Some("m1"), "{topic}");
        }
        for topic in ["vigia/m1/command", "vigia/m1", "m1/rpc", "homeassistant/status", "homeassistant/status/x", "vigia/a b/telemetry", ""]
        {
            assert_eq!(device(topic), None, "{topic}");
        }
    }

    #[test]
    fn a_group_shares_the_same_topics() {
        assert_eq!(filters(None)[0], "vigia/+/telemetry");
        assert_eq!(filters(Some("vigia"))[0], "$share/vigia/vigia/+/telemetry");
    }
}
