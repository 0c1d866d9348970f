//! The rights as the plugin writes them: one role per device or gateway with what the table of routes allows, and one for ourselves.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vigia_domain::decode::route::elsewhere::Rights;
use vigia_domain::ids::DeviceId;

use super::super::topics;

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

/// What a device or gateway may, as the table of routes says.
pub(super) fn of(rights: &Rights) -> BTreeSet<Rule> {
    let mut rules: BTreeSet<_> =
        rights.publish.iter().map(|own| rule("publishClientSend", own.filter.clone(), own.allow, own.rank)).collect();
    for filter in &rights.hear {
        rules.insert(rule("subscribePattern", filter.clone(), true, 0));
        rules.insert(rule("publishClientReceive", filter.clone(), true, 0));
    }
    rules
}

/// What we need beside what the plugin's administrator has.
pub(super) fn of_server(group: Option<&str>) -> BTreeSet<Rule> {
    let mut rules: BTreeSet<_> =
        ["vigia/#", "+/rpc", "+/command/#"].iter().map(|topic| rule("publishClientSend", (*topic).to_owned(), true, 0)).collect();
    // What devices are called changes, and a role that changes ends our connection. It is the administrator's account all the same.
    let shared = group.map(|group| format!("$share/{group}/#"));
    for topic in ["#".to_owned(), topics::CLIENTS.to_owned()].into_iter().chain(shared) {
        rules.insert(rule("subscribePattern", topic, true, 0));
    }
    for topic in ["#", topics::CLIENTS] {
        rules.insert(rule("publishClientReceive", topic.to_owned(), true, 0));
    }
    rules
}

/// The most bytes of a role as it is written: the plugin tells of a role in one packet and takes it in one, and a broker with the
/// settings that docs/operations.md recommends takes none beyond a megabyte, nor do we.
const BYTES: usize = 768 * 1024;

/// Whether a role with these rights is more than the plugin's packets hold.
pub(super) fn is_too_large(rights: &Rights) -> bool {
    written(&of(rights)).to_string().len() > BYTES
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
    use vigia_domain::decode::route::Routes;
    use vigia_domain::decode::route::elsewhere::Named;

    use super::*;

    #[test]
    fn a_role_is_read_as_it_was_written() {
        let m1 = Named { id: "m1".to_owned(), topic: None };
        let rules = of(&Routes::built_in().rights(&[m1], None));
        assert_eq!(read(&written(&rules)), Some(rules));
        let device = DeviceId::new("m1").expect("a good id");
        assert_eq!(device_of(&name(&device)), Some(device));
        assert_eq!(device_of("admin"), None);
        assert!(read(&json!([{"acltype": 7}])).is_none());
    }

    #[test]
    fn a_role_is_bounded_by_what_one_packet_holds() {
        let members = |count: usize| (0..count).map(|n| Named { id: format!("m{n}"), topic: None }).collect::<Vec<_>>();
        let rights = |count| Routes::built_in().rights(&members(count), None);
        assert!(!is_too_large(&rights(50)) && is_too_large(&rights(400)));
        let largest = (50..400).step_by(50).map(rights).rfind(|rights| !is_too_large(rights)).expect("the first");
        assert!(written(&of(&largest)).to_string().len() < super::super::super::limits::PACKET_BYTES as usize * 4 / 5);
    }
}
