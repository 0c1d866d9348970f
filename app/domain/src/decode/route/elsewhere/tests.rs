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
    vec![named("m1", None), named("m2", None), named("plant", None), named("oven", Some("home/oven")), named("plug1", Some("kitchen/plug"))]
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
    for (filter, may) in
        [("home/oven/rpc", true), ("cmnd/home/oven/#", true), ("vigia/oven/+", true), ("home/#", false), ("#", false), ("m1/rpc", false)]
    {
        assert_eq!(heard.iter().any(|wide| covers(wide, filter)), may, "{filter}");
    }
}

/// Everybody who may be registered together, whatever rows there are: names of several levels begin like nobody else's.
fn crowd() -> Vec<Named> {
    let mut crowd: Vec<_> = ["m1", "a", "x"].into_iter().map(|id| named(id, None)).collect();
    crowd.push(named("plug", Some("k/m1")));
    crowd
}

/// Levels of topics; an empty one can be sent, too.
const WORDS: [&str; 8] = ["vigia", "m1", "a", "x", "k", "tele", "status", ""];
const LEVELS: usize = 4;

/// All topics of so many levels at most.
fn all_topics() -> Vec<String> {
    let mut all: Vec<String> = WORDS.iter().map(|word| (*word).to_owned()).collect();
    let mut last = all.clone();
    for _ in 1..LEVELS {
        last = last.iter().flat_map(|topic| WORDS.iter().map(move |word| format!("{topic}/{word}"))).collect();
        all.extend(last.iter().cloned());
    }
    all.extend(
        ["telemetry", "config/applied", "command/result"]
            .into_iter()
            .flat_map(|leaf| ["m1", "a", "x", "plug"].into_iter().map(move |id| format!("vigia/{id}/{leaf}"))),
    );
    all.push("vigia/$live/x/a/m1".to_owned());
    all
}

/// The first topic on which somebody may write as another, and the two.
fn foreign(routes: &Routes, base: Option<&str>) -> Option<(String, String, String)> {
    let crowd = crowd();
    let clients: Vec<(&[Named], Option<&str>)> = crowd.chunks(1).map(|one| (one, None)).chain([(&crowd[2..], base)]).collect();
    let rights: Vec<_> = clients.iter().map(|(own, base)| routes.rights(own, *base)).collect();
    all_topics().into_iter().find_map(|topic| {
        let find = |name: Name<'_>| {
            crowd.iter().position(|device| match name {
                Name::Id(id) => device.id == id,
                Name::Topic(text) => device.id == text || device.topic.as_deref() == Some(text),
                Name::Sender => false,
            })
        };
        let may_be = |found: usize| found >= 2 || !base.is_some_and(|base| is_below(&topic, base));
        let whose = match routes.find(&topic, find) {
            Found::Up { device, .. } if may_be(device) => Some(crowd[device].id.clone()),
            _ => None,
        };
        clients.iter().zip(&rights).find_map(|((own, _), rights)| {
            let is_own = whose.as_ref().is_none_or(|whose| own.iter().any(|device| device.id == *whose));
            let is_ours = topic.starts_with("vigia/$live");
            let wrong = (!is_own || is_ours) && may_publish(rights, &topic);
            wrong.then(|| (topic.clone(), own[0].id.clone(), whose.clone().unwrap_or_default()))
        })
    })
}

fn rows(rows: &[(&str, Option<&str>)]) -> Routes {
    let row = |(topic, device): &(&str, Option<&str>)| {
        Route::new(topic, Decoder::Native, device.map(|id| DeviceId::new(id).expect("an id"))).expect("a route")
    };
    Routes::with(rows.iter().map(row).collect())
}

#[test]
fn rows_that_cross_let_nobody_write_as_another() {
    for table in [
        &[("tele/a/SENSOR", Some("m1"))][..],
        &[("tele/a/status", Some("m1"))],
        &[("a/+/status", Some("x")), ("a/{device}/#", None)],
        &[("tele/+/{device}", None)],
        &[("a/{device}/+", None), ("a/+/{device}", None)],
        &[("a/{device}/x/#", None), ("a/+/{device}", None)],
        &[("a/{device}/x/#", None), ("a/+/#", Some("x"))],
        &[("k/{device...}/status", None), ("k/a/#", Some("x"))],
        &[("+/{device}/status", None), ("{device}/+/status", None)],
    ] {
        let base = if table[0].0.starts_with("tele") { "tele" } else { "a" };
        assert_eq!(foreign(&rows(table), Some(base)), None, "{table:?}");
    }
}

#[test]
fn the_owner_of_a_row_writes_there_and_rows_that_cross_are_named() {
    let routes = rows(&[("tele/m1/SENSOR", Some("a")), ("plant/{device}/#", None)]);
    let may = |id: &str, topic: &str| may_publish(&routes.rights(&[named(id, None)], None), topic);
    assert!(may("a", "tele/m1/SENSOR") && !may("m1", "tele/m1/SENSOR") && may("m1", "tele/m1/STATE"));
    assert!(may("m1", "plant/m1/x") && !may("m1", "plant/m1") && !may("m1", "plant/a/x"));
    let crossings = |table: &[(&str, Option<&str>)]| rows(table).crossings();
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    assert_eq!(routes.crossings(), [pair("tele/m1/SENSOR", "tele/{device...}/#")]);
    assert_eq!(crossings(&[("a/{device}/+", None), ("a/+/{device}", None)]), [pair("a/{device}/+", "a/+/{device}")]);
    assert_eq!(crossings(&[("shellies/+/{device}", None)]), [pair("shellies/+/{device}", "shellies/{device}/#")]);
    assert!(crossings(&[("plant/{device}/data", None), ("site/{device...}", None), ("well/level", Some("m2"))]).is_empty());
    assert!(crossings(&[("tele/{device}/ENERGY", None), ("plant/{device}/data", None), ("plant/{device}/#", None)]).is_empty());
}

#[test]
fn a_gateway_of_many_devices_is_made_at_once_and_as_if_compared_each_with_each() {
    let routes = table();
    let members = |count: usize| (0..count).map(|n| named(&format!("m{n}"), None)).collect::<Vec<_>>();
    let of_three = routes.rights(&members(3), None);
    let of_each: BTreeSet<_> = members(3).iter().flat_map(|one| routes.rights(std::slice::from_ref(one), None).publish).collect();
    assert_eq!(of_three.publish, of_each, "devices whose topics do not cross need no more together than alone");
    let rights = Routes::built_in().rights(&members(300), None);
    assert!(rights.publish.len() > 3_000 && may_publish(&rights, "shellies/m299/relay/0") && !may_publish(&rights, "m7/rpc"));
}

/// One row as somebody might write it.
fn any_row() -> impl Strategy<Value = (String, Option<String>)> {
    let level = prop::sample::select(vec!["a", "x", "k", "tele", "m1", "status", "+", "+", "{device}", "{device}", "{device...}"]);
    let owner = prop::sample::select(vec!["m1", "a", "x", "plug"]);
    (prop::collection::vec(level, 1..4), any::<bool>(), owner).prop_map(|(levels, open, owner)| {
        let topic = levels.join("/") + if open { "/#" } else { "" };
        let has_place = topic.contains("{device");
        (topic, (!has_place).then(|| owner.to_owned()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    /// Nobody can write what is taken for another's, whatever rows stand in the settings.
    #[test]
    fn what_a_client_may_publish_is_its_own_or_nobodys(
        drawn in prop::collection::vec(any_row(), 0..12),
        base in prop::sample::select(vec![None, Some("tele"), Some("a"), Some("b/c")]),
    ) {
        let good = drawn.iter().filter_map(|(topic, device)| {
            Route::new(topic, Decoder::Native, device.as_deref().map(|id| DeviceId::new(id).expect("an id"))).ok()
        });
        let routes = Routes::with(good.take(3).collect());
        prop_assert_eq!(foreign(&routes, base), None);
    }
}
