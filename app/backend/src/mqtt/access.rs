//! Which topics are a device's own by its id alone. Pure. The gate of an installation knows more: other names in topics, routes
//! of the settings, gateways.

use vigia_domain::ids::DeviceId;

/// Topics below `vigia/<id>/` that a device sends on; the others there are ours to send on.
const NATIVE_UP: [&str; 5] = ["telemetry", "event", "status", "command/result", "config/applied"];

/// Whether `device` may publish on `topic`: a native topic of the upward direction, or below its own Shelly prefix
/// except where orders come down.
#[must_use]
pub fn may_publish(device: &DeviceId, topic: &str) -> bool {
    if topic.contains(['+', '#', '\0']) {
        return false;
    }
    if let Some(rest) = topic.strip_prefix("vigia/") {
        return own(rest, device).is_some_and(|leaf| NATIVE_UP.contains(&leaf));
    }
    own(topic, device).is_some_and(|leaf| !leaf.is_empty() && leaf != "rpc" && !leaf.starts_with("command/"))
}

/// Whether `device` may subscribe to `filter`: anything below its own native topics or its own prefix, wildcards included,
/// because nothing below them is another's.
#[must_use]
pub fn may_subscribe(device: &DeviceId, filter: &str) -> bool {
    own(filter.strip_prefix("vigia/").unwrap_or(filter), device).is_some_and(|leaf| !leaf.is_empty())
}

/// The device that a topic belongs to by its id alone.
#[must_use]
pub fn device_of(topic: &str) -> Option<DeviceId> {
    let first = topic.strip_prefix("vigia/").unwrap_or(topic).split('/').next()?;
    DeviceId::new(first).ok().filter(|device| may_publish(device, topic))
}

fn own<'t>(topic: &'t str, device: &DeviceId) -> Option<&'t str> {
    topic.strip_prefix(device.as_str())?.strip_prefix('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> DeviceId {
        DeviceId::new(text).expect("a good id")
    }

    #[test]
    fn a_device_publishes_upward_on_its_own_topics_only() {
        let m1 = id("m1");
        for topic in [
            "vigia/m1/telemetry",
            "vigia/m1/status",
            "vigia/m1/command/result",
            "m1/events/rpc",
            "m1/status/switch:0",
            "m1/online",
            "m1/vigia-7/rpc",
        ] {
            assert!(may_publish(&m1, topic), "{topic}");
        }
        for topic in [
            "vigia/m2/telemetry",
            "vigia/m1",
            "vigia/m1/command",
            "vigia/m1/config",
            "vigia/m11/telemetry",
            "m2/online",
            "m1/rpc",
            "m1/command/switch:0",
            "m1/",
            "m1",
            "$SYS/x",
            "",
            "/m1/online",
            "vigia/+/telemetry",
            "m1/#",
        ] {
            assert!(!may_publish(&m1, topic), "{topic}");
        }
    }

    #[test]
    fn a_topic_names_its_device() {
        for topic in ["vigia/m1/telemetry", "vigia/m1/command/result", "m1/events/rpc", "m1/status/switch:0", "m1/online"] {
            assert_eq!(device_of(topic).as_ref().map(DeviceId::as_str), Some("m1"), "{topic}");
        }
        for topic in ["vigia/m1/command", "vigia/m1", "m1/rpc", "homeassistant/status", "homeassistant/status/x", "vigia/a b/telemetry", ""]
        {
            assert_eq!(device_of(topic), None, "{topic}");
        }
    }

    #[test]
    fn a_device_hears_its_own_topics_only() {
        let m1 = id("m1");
        for filter in ["vigia/m1/command", "vigia/m1/#", "vigia/m1/+", "m1/rpc", "m1/#", "m1/command/+"] {
            assert!(may_subscribe(&m1, filter), "{filter}");
        }
        for filter in [
            "#",
            "+/#",
            "vigia/#",
            "vigia/+/telemetry",
            "vigia/m2/command",
            "m2/#",
            "+/rpc",
            "$SYS/#",
            "$share/g/vigia/m2/command",
            "vigia/m1",
            "m1",
            "",
        ] {
            assert!(!may_subscribe(&m1, filter), "{filter}");
        }
    }
}
