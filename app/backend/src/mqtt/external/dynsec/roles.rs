//! The rights as the plugin writes them: one role per device with what `mqtt/access` allows, and one for ourselves.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vigia_domain::ids::DeviceId;

use super::super::topics;
use crate::mqtt::access::NATIVE_UP;

/// The role of this program's own account.
pub(super) const SERVER: &str = "vigia-server";
const DEVICE: &str = "vigia-device-";

/// One rule: what, on which topics, allowed or not, and which goes first (the greater).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rule {
    what: String,
    topic: String,
    allow: bool,
    priority: i64,
}

fn rule(what: &str, topic: String, allow: bool, priority: i64) -> Rule {
    Rule { what: what.to_owned(), topic, allow, priority }
}

/// The name of a device's role.
pub(super) fn name(device: &DeviceId) -> String {
    format!("{DEVICE}{device}")
}

/// The device of such a name.
pub(super) fn device_of(role: &str) -> Option<DeviceId> {
    DeviceId::new(role.strip_prefix(DEVICE)?).ok()
}

/// What a device may: publish upward on its own topics, hear whatever is below them.
pub(super) fn of_device(device: &DeviceId) -> BTreeSet<Rule> {
    let mut rules: BTreeSet<_> =
        NATIVE_UP.iter().map(|leaf| rule("publishClientSend", format!("vigia/{device}/{leaf}"), true, 0)).collect();
    rules.insert(rule("publishClientSend", format!("{device}/#"), true, 0));
    // Orders come down there; the parent of `#` is no topic of a device.
    for down in ["", "/rpc", "/command/#"] {
        rules.insert(rule("publishClientSend", format!("{device}{down}"), false, 10));
    }
    for below in [format!("vigia/{device}/#"), format!("{device}/#")] {
        rules.insert(rule("subscribePattern", below.clone(), true, 0));
        rules.insert(rule("publishClientReceive", below, true, 0));
    }
    rules
}

/// What we need beside what the plugin's administrator has.
pub(super) fn of_server(group: Option<&str>) -> BTreeSet<Rule> {
    let mut rules: BTreeSet<_> =
        ["vigia/#", "+/rpc", "+/command/#"].iter().map(|topic| rule("publishClientSend", (*topic).to_owned(), true, 0)).collect();
    rules.extend(topics::FILTERS.iter().map(|topic| rule("publishClientReceive", (*topic).to_owned(), true, 0)));
    let plain = topics::filters(None).into_iter();
    let shared = group.map(|group| topics::filters(Some(group))).into_iter().flatten();
    rules.extend(plain.chain(shared).map(|topic| rule("subscribePattern", topic, true, 0)));
    rules.insert(rule("subscribePattern", topics::CLIENTS.to_owned(), true, 0));
    rules.insert(rule("publishClientReceive", topics::CLIENTS.to_owned(), true, 0));
    rules
}

/// As the plugin takes them.
pub(super) fn written(rules: &BTreeSet<Rule>) -> Value {
    let one = |rule: &Rule| json!({ "acltype": rule.what, "topic": rule.topic, "allow": rule.allow, "priority": rule.priority });
    rules.iter().map(one).collect()
}

/// As the plugin tells them; one that cannot be read makes the whole differ from what it should be.
pub(super) fn read(told: &Value) -> Option<BTreeSet<Rule>> {
    let one = |told: &Value| {
        let priority = told.get("priority").map_or(Some(0), Value::as_i64)?;
        Some(rule(told["acltype"].as_str()?, told["topic"].as_str()?.to_owned(), told["allow"].as_bool()?, priority))
    };
    told.as_array()?.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_as_it_was_written() {
        let device = DeviceId::new("m1").expect("a good id");
        let rules = of_device(&device);
        assert_eq!(read(&written(&rules)), Some(rules));
        assert_eq!(device_of(&name(&device)), Some(device));
        assert_eq!(device_of("admin"), None);
        assert!(read(&json!([{"acltype": 7}])).is_none());
    }

    #[test]
    fn a_device_has_rights_on_its_own_topics_alone() {
        let own = |topic: &str| topic.starts_with("vigia/m1/") || topic.starts_with("m1/") || topic == "m1";
        assert!(of_device(&DeviceId::new("m1").expect("a good id")).iter().all(|rule| own(&rule.topic)));
    }
}
