use proptest::prelude::*;

use super::*;

/// A plug with an id of its own, a Shelly and a Zigbee plug that are called otherwise in their topics.
fn known(name: Name<'_>) -> Option<u8> {
    match name {
        Name::Id("m1") | Name::Topic("m1") | Name::Sender => Some(1),
        Name::Id("oven") | Name::Topic("oven" | "home/oven") => Some(2),
        Name::Topic("kitchen/plug") => Some(3),
        _ => None,
    }
}

fn up(topic: &str) -> Option<(u8, Decoder, String, String)> {
    match Routes::built_in().find(topic, known) {
        Found::Up { device, decoder, name, rest } => Some((device, decoder, name.to_owned(), rest.to_owned())),
        _ => None,
    }
}

#[test]
fn every_built_in_row_is_a_pattern_and_is_written_as_it_was_read() {
    for ((topic, _), row) in BUILT_IN.iter().zip(Routes::built_in().rows) {
        assert_eq!(row.to_string(), *topic);
    }
}

#[test]
fn each_kind_of_device_is_found_by_its_topic() {
    for (topic, device, decoder, name, rest) in [
        ("vigia/m1/telemetry", 1, Decoder::Native, "m1", "telemetry"),
        ("vigia/m1/command/result", 1, Decoder::Native, "m1", "command/result"),
        ("m1/events/rpc", 1, Decoder::Shelly, "m1", "events/rpc"),
        ("m1/vigia-7/rpc", 1, Decoder::Shelly, "m1", "vigia-7/rpc"),
        ("home/oven/status/switch:0", 2, Decoder::Shelly, "home/oven", "status/switch:0"),
        ("shellies/m1/relay/0/power", 1, Decoder::ShellyGen1, "m1", "relay/0/power"),
        ("tele/m1/SENSOR", 1, Decoder::Tasmota, "m1", "SENSOR"),
        ("tele/kitchen/plug/SENSOR", 3, Decoder::Tasmota, "kitchen/plug", "SENSOR"),
        ("m1/tele/LWT", 1, Decoder::Tasmota, "m1", "LWT"),
        ("stat/m1/STATUS10", 1, Decoder::Tasmota, "m1", "STATUS10"),
        ("zigbee2mqtt/kitchen/plug", 3, Decoder::Zigbee2Mqtt, "kitchen/plug", ""),
        ("zigbee2mqtt/kitchen/plug/availability", 3, Decoder::Zigbee2Mqtt, "kitchen/plug", "availability"),
        ("iot/m1/estado", 1, Decoder::IotBackend, "m1", "estado"),
        ("Prueba", 1, Decoder::Biogestor, "", ""),
    ] {
        assert_eq!(up(topic), Some((device, decoder, name.to_owned(), rest.to_owned())), "{topic}");
    }
}

#[test]
fn orders_come_down_and_what_is_not_known_is_nobodys() {
    let routes = Routes::built_in();
    for topic in [
        "vigia/m1/command",
        "vigia/m1/config",
        "m1/rpc",
        "m1/command/switch:0",
        "cmnd/m1/POWER",
        "shellies/m1/relay/0/command",
        "zigbee2mqtt/kitchen/plug/set",
        "shellies/m1/command",
    ] {
        assert!(matches!(routes.find(topic, known), Found::Down { .. }), "{topic}");
    }
    for topic in ["", "/", "m1", "m1/", "/m1/online", "vigia", "vigia/", "vigia/m1", "vigia/m2/telemetry", "m2/online", "tele/m2/SENSOR"] {
        assert_eq!(routes.find(topic, known), Found::Nobodys, "{topic}");
    }
    for topic in ["$SYS/x", "vigia/+/telemetry", "m1/#", "m1/a\0b", "zigbee2mqtt/bridge/state", &"m1/".repeat(40)] {
        assert_eq!(routes.find(topic, known), Found::Nobodys, "{topic}");
    }
    for topic in ["shellies/announce", "tasmota/discovery/AABBCCDDEEFF/config"] {
        assert_eq!(routes.find(topic, known), Found::Hello, "{topic}");
    }
}

#[test]
fn a_filter_is_covered_when_all_it_takes_is_the_devices_own() {
    let routes = Routes::built_in();
    let covers = |filter: &str| routes.covers(filter, |name| name != Name::Sender && known(name).is_some());
    for filter in [
        "vigia/m1/#",
        "vigia/m1/+",
        "m1/rpc",
        "m1/#",
        "m1/command/+",
        "home/oven/#",
        "cmnd/m1/#",
        "shellies/m1/#",
        "shellies/command",
        "zigbee2mqtt/kitchen/plug",
        "zigbee2mqtt/kitchen/plug/#",
    ] {
        assert!(covers(filter), "{filter}");
    }
    for filter in [
        "#",
        "+/#",
        "+/rpc",
        "vigia/#",
        "vigia/+/telemetry",
        "vigia/m2/command",
        "vigia/m1",
        "vigia/m1/",
        "m1",
        "m1/",
        "m2/#",
        "tele/#",
        "tele/+/SENSOR",
        "zigbee2mqtt/#",
        "zigbee2mqtt/+",
        "zigbee2mqtt/kitchen/#",
        "zigbee2mqtt/bridge/#",
        "home/#",
        "Prueba",
        "shellies/announce",
        "shellies/+/command",
        "$share/g/vigia/m1/command",
        "",
    ] {
        assert!(!covers(filter), "{filter}");
    }
}

#[test]
fn a_route_of_ones_own_goes_before_the_built_in_ones() {
    let plant = Route::new("plant/{device}/data", Decoder::Native, None).expect("a route");
    let well = Route::new("well/level", Decoder::Tasmota, Some(DeviceId::new("m1").expect("an id"))).expect("a route");
    let routes = Routes::with(vec![plant, well]);
    assert_eq!(routes.find("plant/oven/data", known), Found::Up { device: 2, decoder: Decoder::Native, name: "oven", rest: "" });
    assert_eq!(routes.find("well/level", known), Found::Up { device: 1, decoder: Decoder::Tasmota, name: "", rest: "" });
    assert_eq!(routes.find("plant/oven/other", known), Found::Nobodys);
    assert!(routes.covers("well/level", |name| name == Name::Id("m1")));
    assert!(!routes.covers("well/#", |name| name == Name::Id("m1")));
    assert!(routes.covers("plant/oven/data", |name| name == Name::Topic("oven")));
}

#[test]
fn a_wrong_route_says_what_is_wrong_with_it() {
    let wrong = |topic: &str, device: Option<&str>| {
        Route::new(topic, Decoder::Native, device.map(|id| DeviceId::new(id).expect("an id"))).expect_err("refused")
    };
    assert_eq!(wrong("", None), BadPattern::Levels);
    assert_eq!(wrong("a//{device}", None), BadPattern::Levels);
    assert_eq!(wrong(&"a/".repeat(20), None), BadPattern::Levels);
    assert_eq!(wrong("a/#/{device}", None), BadPattern::Wildcard);
    assert_eq!(wrong("a/x{device}", None), BadPattern::Wildcard);
    assert_eq!(wrong("{device}/{device}", None), BadPattern::Device);
    assert_eq!(wrong("vigia/{device}/telemetry", None), BadPattern::Reserved);
    assert_eq!(wrong("$SYS/{device}", None), BadPattern::Reserved);
    assert_eq!(wrong("{device}/+", None), BadPattern::Everything);
    assert_eq!(wrong("plant/data", None), BadPattern::Whose);
    assert_eq!(wrong("plant/{device}", Some("m1")), BadPattern::Whose);
}

proptest! {
    #[test]
    fn what_may_be_heard_of_another_is_never_covered(filter in "(vigia|tele|zigbee2mqtt|shellies|home|m1|\\+)(/(m1|m2|oven|kitchen|plug|\\+|#|rpc|set)){0,5}", topic in "(vigia|tele|zigbee2mqtt|shellies|home|m1)(/(m1|m2|oven|kitchen|plug|rpc|set)){0,5}") {
        let routes = Routes::built_in();
        let mine = |name: Name<'_>| matches!(name, Name::Id("m1") | Name::Topic("m1" | "home/oven" | "kitchen/plug"));
        let others = |name: Name<'_>| matches!(name, Name::Id("m2") | Name::Topic("m2")).then_some(());
        if routes.covers(&filter, mine) && takes(&filter, &topic) {
            prop_assert_eq!(routes.find(&topic, others), Found::Nobodys, "{} takes {}", filter, topic);
        }
    }

    #[test]
    fn no_topic_makes_the_table_panic(topic in "[a-z/+#{}$.]{0,80}", pattern in "[a-c/+#{}device.]{0,40}") {
        let _ = Routes::built_in().find(&topic, known);
        let _ = Routes::built_in().covers(&topic, |name| known(name).is_some());
        if let Ok(route) = Route::new(&pattern, Decoder::Native, None) {
            prop_assert_eq!(route.to_string(), pattern);
            let _ = Routes::with(vec![route]).find(&topic, known);
        }
    }
}

/// Whether a filter takes a topic, by the rules of MQTT.
fn takes(filter: &str, topic: &str) -> bool {
    let (mut filter, mut topic) = (filter.split('/'), topic.split('/'));
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) => return true,
            (Some("+"), Some(_)) => {}
            (Some(a), Some(b)) if a == b => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}
