//! Any pattern, topic and filter: no panic, and whoever speaks for one device never reaches another.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vigia_domain::decode::Decoder;
use vigia_domain::decode::route::{Found, Name, Route, Routes};

fuzz_target!(|input: &str| {
    let mut lines = input.splitn(3, '\n');
    let (pattern, topic, filter) =
        (lines.next().unwrap_or_default(), lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let own = Route::new(pattern, Decoder::Native, None);
    if let Ok(route) = &own {
        assert_eq!(route.to_string(), pattern);
    }
    let routes = own.map_or_else(|_| Routes::built_in(), |route| Routes::with(vec![route]));
    let is = |name: Name<'_>, who: &str| matches!(name, Name::Id(text) | Name::Topic(text) if text == who);
    let whose = |who: &str| routes.find(topic, |name| is(name, who).then_some(()));
    // One topic is one device's at most: those of a and those of b never meet.
    let both = [whose("a"), whose("b")];
    if let [Found::Up { .. } | Found::Down { .. }, Found::Up { .. } | Found::Down { .. }] = both {
        assert!(topic.split('/').any(|level| level == "a") && topic.split('/').any(|level| level == "b"), "{topic}");
    }
    // What all of Shelly's first generation listens to, and only we send on.
    if filter != "shellies/command" && routes.covers(filter, |name| is(name, "a")) {
        assert!(filter.split('/').any(|level| level == "a"), "{filter} is covered without the device's name");
        if takes(filter, topic) && !topic.split('/').any(|level| level == "a") {
            panic!("{filter} takes {topic}");
        }
    }
});

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
