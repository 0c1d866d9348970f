//! The table as a broker of somebody else's needs it: what we subscribe to there, and what each of its clients may. The topic alone says
//! there whose a message is, so a client may publish only where [`Routes::find`], asked for every device, answers with one of its own.

use std::collections::BTreeSet;

use super::{Level, NATIVE_UP, Place, Route, Routes, Way};

/// What a Shelly sends below its prefix. All below every first level would be everything that a broker has.
const SHELLY: [&str; 4] = ["events/rpc", "status/#", "online", "announce"];

/// A device as it is known in topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// What it is called otherwise.
    pub topic: Option<String>,
}

/// Whether a client may publish on what a filter takes; the rule of the highest rank that takes a topic decides. Without one it may not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// Where.
    pub filter: String,
    /// May it.
    pub allow: bool,
    /// Which rule comes first.
    pub rank: i64,
}

/// What a client may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Where it may publish.
    pub publish: BTreeSet<Rule>,
    /// What it may hear: these filters, and every filter below them.
    pub hear: BTreeSet<String>,
}

impl Routes {
    /// What to subscribe to, so that every device of the table is heard. `names`: what devices are called beside their ids.
    #[must_use]
    pub fn filters<'n>(&self, names: impl Iterator<Item = &'n str>) -> Vec<String> {
        let up = || self.rows.iter().filter(|row| matches!(row.way, Way::Up(_)));
        let mut all: BTreeSet<String> = NATIVE_UP.iter().map(|leaf| format!("vigia/+/{leaf}")).collect();
        all.extend(up().filter(|row| row.device.is_some() || row.pattern.device != Place::None).flat_map(|row| row.sent_on("+")));
        let general: Vec<String> =
            all.iter().filter(|filter| !all.iter().any(|other| other != *filter && covers(other, filter))).cloned().collect();
        let mut filters: BTreeSet<String> = general.iter().cloned().collect();
        // A name of one level is in them already.
        for name in names.filter(|name| name.contains('/')) {
            let further = up().filter(|row| row.pattern.device == Place::Several).flat_map(|row| row.sent_on(name));
            filters.extend(further.filter(|filter| !general.iter().any(|other| covers(other, filter))));
        }
        filters.into_iter().collect()
    }

    /// What a client may that speaks for these devices, and has everything below `base`: there whoever has only the topic must take it for one
    /// of these devices' or for nobody's. It depends on nothing else, so that what changes for one client changes nothing for the others.
    #[must_use]
    pub fn rights(&self, devices: &[Named], base: Option<&str>) -> Rights {
        let mut rights = Rights::default();
        let mut may = |filter: String, allow, rank| {
            rights.publish.insert(Rule { filter, allow, rank });
        };
        let rank_of = |row: usize| 2 * i64::try_from(self.rows.len() - row).unwrap_or_default();
        for (number, row) in self.rows.iter().enumerate() {
            match (row.way, row.pattern.device) {
                (Way::Hello, _) => may(row.filter("+"), true, rank_of(number)),
                (Way::Down, Place::None) => {
                    rights.hear.insert(row.filter("+"));
                }
                // It would take topics of a device's own for another's.
                (Way::Up(_), _) if !row.tail_is_read && row.pattern.head.first() == Some(&Level::Any) => {
                    may(row.filter("+"), false, rank_of(number));
                }
                _ => {}
            }
        }
        for device in devices {
            for leaf in NATIVE_UP {
                may(format!("vigia/{}/{leaf}", device.id), true, rank_of(0) + 2);
            }
            rights.hear.insert(format!("vigia/{}/#", device.id));
            for (number, row) in self.rows.iter().enumerate() {
                let rank = rank_of(number) + 1;
                if let Some(owner) = &row.device {
                    if owner.as_str() == device.id {
                        may(row.filter("+"), true, rank);
                        rights.hear.insert(row.filter("+"));
                    }
                    continue;
                }
                for name in std::iter::once(device.id.as_str()).chain(device.topic.as_deref()) {
                    if !self.may_be_called(row, name) {
                        continue;
                    }
                    may(row.filter(name), matches!(row.way, Way::Up(_)), rank);
                    if row.is_all_of_a_device() {
                        // The parent of `#` is no topic of a device.
                        may(name.to_owned(), false, rank + 1);
                    }
                    let top = row.top(name);
                    if row.pattern.tail.is_empty() && !row.pattern.open {
                        rights.hear.insert(top.clone());
                    }
                    rights.hear.insert(format!("{top}/#"));
                }
            }
        }
        if let Some(base) = base {
            may(format!("{base}/#"), true, 0);
            rights.hear.insert(format!("{base}/#"));
        }
        rights.without_what_changes_nothing()
    }

    /// Whether a device of this name has a place in a row: not one with slashes where there is one level for it, and not one that begins as
    /// another row does, which is asked first for what is below it.
    fn may_be_called(&self, row: &Route, name: &str) -> bool {
        let first = name.split('/').next().unwrap_or_default();
        let is_anothers = |other: &Route| matches!(other.pattern.head.first(), Some(Level::Word(word)) if word == first);
        match row.pattern.device {
            Place::None => false,
            Place::One if name.contains('/') => false,
            _ => !row.pattern.head.is_empty() || !self.rows.iter().any(is_anothers),
        }
    }
}

impl Rights {
    /// A broker keeps every rule of every client.
    fn without_what_changes_nothing(self) -> Self {
        let Self { publish: all, hear } = self;
        // Of rules for the same filter only the first decides anything, and a broker may keep one alone.
        let is_first = |rule: &&Rule| !all.iter().any(|other| other.filter == rule.filter && other.rank > rule.rank);
        let publish: BTreeSet<Rule> = all.iter().filter(is_first).cloned().collect();
        let between = |low: &Rule, high: &Rule, rule: &Rule| low.rank < rule.rank && rule.rank < high.rank;
        let counts = |rule: &&Rule| {
            let mut below = publish.iter().filter(|other| other.allow && other.rank < rule.rank);
            if !rule.allow {
                return below.any(|other| overlap(&other.filter, &rule.filter));
            }
            !below.any(|other| {
                let mut denied = publish.iter().filter(|deny| !deny.allow && between(other, rule, deny));
                covers(&other.filter, &rule.filter) && !denied.any(|deny| overlap(&deny.filter, &rule.filter))
            })
        };
        let narrow = |filter: &&String| !hear.iter().any(|other| other != *filter && covers(other, filter));
        Self { publish: publish.iter().filter(counts).cloned().collect(), hear: hear.iter().filter(narrow).cloned().collect() }
    }
}

impl Route {
    /// Every device's own topics, whatever they are.
    fn is_all_of_a_device(&self) -> bool {
        self.pattern.head.is_empty() && self.pattern.tail.is_empty() && self.pattern.open
    }

    /// The row as a filter, for a device that is called so.
    fn filter(&self, name: &str) -> String {
        let mut filter = self.top(name);
        for level in &self.pattern.tail {
            push(&mut filter, level.word());
        }
        if self.pattern.open {
            push(&mut filter, "#");
        }
        filter
    }

    /// The levels up to the device's name, with it.
    fn top(&self, name: &str) -> String {
        let mut top = String::new();
        self.pattern.head.iter().for_each(|level| push(&mut top, level.word()));
        if self.pattern.device != Place::None {
            push(&mut top, name);
        }
        top
    }

    /// What a device of this name sends on by this row.
    fn sent_on(&self, name: &str) -> Vec<String> {
        if self.is_all_of_a_device() {
            return SHELLY.iter().map(|leaf| format!("{name}/{leaf}")).collect();
        }
        vec![self.filter(name)]
    }
}

impl Level {
    fn word(&self) -> &str {
        match self {
            Self::Any => "+",
            Self::Word(word) => word,
        }
    }
}

fn push(filter: &mut String, level: &str) {
    if !filter.is_empty() {
        filter.push('/');
    }
    filter.push_str(level);
}

/// Whether a topic or filter takes only what is below a topic.
#[must_use]
pub fn is_below(topic: &str, base: &str) -> bool {
    topic.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a filter takes everything that another takes.
fn covers(wide: &str, narrow: &str) -> bool {
    let (mut wide, mut narrow) = (wide.split('/'), narrow.split('/'));
    loop {
        match (wide.next(), narrow.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(level)) if level != "#" => {}
            (Some(wide), Some(level)) if wide == level => {}
            _ => return false,
        }
    }
}

/// Whether there is a topic that both take.
fn overlap(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.split('/'), other.split('/'));
    loop {
        match (one.next(), other.next()) {
            (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
            (Some(a), Some(b)) if a == "+" || b == "+" || a == b => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Found, Name};
    use super::*;
    use crate::decode::Decoder;
    use crate::ids::DeviceId;

    fn named(id: &str, topic: Option<&str>) -> Named {
        Named { id: id.to_owned(), topic: topic.map(str::to_owned) }
    }

    fn table() -> Routes {
        let row = |topic, device: Option<&str>| {
            Route::new(topic, Decoder::Native, device.map(|id| DeviceId::new(id).expect("an id"))).expect("a route")
        };
        Routes::with(vec![
            row("plant/{device}/data", None),
            row("site/{device...}", None),
            row("+/{device}/data", None),
            row("well/level", Some("m2")),
        ])
    }

    /// As a broker decides.
    fn may_publish(rights: &Rights, topic: &str) -> bool {
        let takes = rights.publish.iter().filter(|rule| covers(&rule.filter, topic));
        takes.max_by_key(|rule| rule.rank).is_some_and(|rule| rule.allow)
    }

    /// Everybody who is registered: m1; m2; `plant`, called as a route begins; a Shelly; a plug behind a gateway with a base.
    fn everybody() -> Vec<Named> {
        vec![
            named("m1", None),
            named("m2", None),
            named("plant", None),
            named("oven", Some("home/oven")),
            named("plug1", Some("kitchen/plug")),
        ]
    }

    /// Whose a topic is among all of them, as whoever has only the topic says.
    fn whose(topic: &str) -> Option<String> {
        let everybody = everybody();
        let find = |name: Name<'_>| {
            let found = everybody.iter().find(|device| match name {
                Name::Id(id) => device.id == id,
                Name::Topic(text) => device.id == text || device.topic.as_deref() == Some(text),
                Name::Sender => false,
            })?;
            (found.id == "plug1" || !is_below(topic, "zigbee2mqtt")).then(|| found.id.clone())
        };
        match table().find(topic, find) {
            Found::Up { device, .. } => Some(device),
            _ => None,
        }
    }

    #[test]
    fn what_is_subscribed_to_takes_each_device_of_the_table_and_nothing_twice() {
        let filters = table().filters(["shelly-1", "home/oven", "kitchen/plug"].into_iter());
        for topic in [
            "vigia/m1/telemetry",
            "vigia/m1/config/applied",
            "m1/status/switch:0",
            "shelly-1/events/rpc",
            "home/oven/events/rpc",
            "home/oven/online",
            "shellies/m1/relay/0",
            "tele/m1/SENSOR",
            "tele/kitchen/plug/SENSOR",
            "stat/m1/RESULT",
            "m1/tele/LWT",
            "home/oven/tele/LWT",
            "zigbee2mqtt/m1",
            "zigbee2mqtt/m1/availability",
            "zigbee2mqtt/kitchen/plug",
            "zigbee2mqtt/kitchen/plug/availability",
            "iot/m1/estado",
            "plant/m1/data",
            "site/m1",
            "site/kitchen/plug",
            "x/m1/data",
            "well/level",
        ] {
            let by: Vec<_> = filters.iter().filter(|filter| covers(filter, topic)).collect();
            assert_eq!(by.len(), 1, "{topic}: {by:?}");
        }
        for topic in ["vigia/m1/command", "m1/rpc", "zigbee2mqtt/bridge/state", "homeassistant/sensor/x", "home/oven/command", "Prueba"] {
            assert!(!filters.iter().any(|filter| covers(filter, topic)), "{topic}");
        }
    }

    #[test]
    fn a_client_may_do_what_it_may_at_our_own_broker() {
        let routes = table();
        let everybody = everybody();
        let rights = |device: usize| routes.rights(&everybody[device..=device], None);
        for (device, topic, may) in [
            (0, "vigia/m1/telemetry", true),
            (0, "vigia/m1/command", false),
            (0, "m1/status/switch:0", true),
            (0, "m1/rpc", false),
            (0, "m1/command/x", false),
            (0, "m1", false),
            (0, "m1/cmnd/POWER", false),
            (0, "shellies/m1/relay/0", true),
            (0, "shellies/m1/relay/0/command", false),
            (0, "shellies/announce", true),
            (0, "cmnd/m1/POWER", false),
            (0, "tele/m1/SENSOR", true),
            (0, "plant/m1/data", true),
            (0, "plant/m2/data", false),
            (0, "well/level", false),
            (1, "well/level", true),
            (0, "zigbee2mqtt/m1", true),
            (0, "zigbee2mqtt/kitchen/plug", false),
            (2, "plant/m1/data", false),
            (2, "plant/status/x", false),
            (2, "plant/plant/data", true),
            (0, "m1/m2/data", false),
            (0, "m2/m1/data", true),
            (3, "home/oven/events/rpc", true),
            (3, "home/oven/rpc", false),
            (3, "oven/events/rpc", true),
            (3, "vigia/home/oven/telemetry", false),
            (4, "zigbee2mqtt/kitchen/plug", true),
            (4, "zigbee2mqtt/kitchen/plug/set", false),
        ] {
            assert_eq!(may_publish(&rights(device), topic), may, "{} {topic}", everybody[device].id);
        }
        let gateway = routes.rights(&everybody[4..], Some("zigbee2mqtt"));
        for (topic, may) in [
            ("zigbee2mqtt/kitchen/plug", true),
            ("zigbee2mqtt/kitchen/plug/set", false),
            ("zigbee2mqtt/bridge/state", true),
            ("vigia/plug1/telemetry", true),
            ("vigia/m1/telemetry", false),
            ("tele/m1/SENSOR", false),
        ] {
            assert_eq!(may_publish(&gateway, topic), may, "{topic}");
        }
        let heard = rights(3).hear;
        for (filter, may) in [
            ("home/oven/rpc", true),
            ("cmnd/home/oven/#", true),
            ("vigia/oven/+", true),
            ("home/#", false),
            ("#", false),
            ("m1/rpc", false),
        ] {
            assert_eq!(heard.iter().any(|wide| covers(wide, filter)), may, "{filter}");
        }
    }

    proptest! {
        /// Nobody can write what is taken for another's.
        #[test]
        fn what_a_client_may_publish_is_its_own_or_nobodys(
            levels in prop::collection::vec(prop::sample::select(vec![
                "vigia", "m1", "m2", "plant", "oven", "home", "plug1", "kitchen", "plug", "site", "well", "level", "data", "telemetry", "status",
                "events", "rpc", "command", "tele", "cmnd", "stat", "shellies", "zigbee2mqtt", "set", "online", "iot", "estado", "$live", "x",
            ]), 1..6),
        ) {
            let topic = levels.join("/");
            let everybody = everybody();
            for device in &everybody {
                let rights = table().rights(std::slice::from_ref(device), None);
                if may_publish(&rights, &topic) {
                    prop_assert!(whose(&topic).is_none_or(|other| other == device.id), "{} on {topic}", device.id);
                    prop_assert!(!topic.contains("$live") || !topic.starts_with("vigia/"), "{} on {topic}", device.id);
                }
            }
            let gateway = table().rights(&everybody[4..], Some("zigbee2mqtt"));
            if may_publish(&gateway, &topic) {
                prop_assert!(whose(&topic).is_none_or(|other| other == "plug1"), "{topic}");
            }
        }
    }
}
