//! What a device sent is deleted when an administrator asks for it, and no more than that.

use axum::http::{Method, StatusCode};
use vigia_domain::event::Event;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::rights::Scope;

use crate::sealing::{day, entry, model};
use crate::support::{Installation, NOW, both};
use vigia_domain::rollup::{Meaning, QUARTER_MS};

const METER: DeviceNumber = DeviceNumber(1);
const OTHER: DeviceNumber = DeviceNumber(2);

async fn delete(it: &Installation, query: &str) -> StatusCode {
    let key = it.key(&format!("admin {query} {}", it.world.world().bytes::<4>()[0]), &[Scope::Admin]).await;
    it.ask(Method::DELETE, &format!("/api/v1/devices/m1/telemetry{query}"), &[("x-api-key", &key)], "").await.status
}

async fn filled(it: &Installation) {
    it.device("m1", None).await;
    it.device("m2", None).await;
    for device in [METER, OTHER] {
        let mut batch: Vec<_> = day().into_iter().map(|reading| entry(device, [reading])).collect();
        batch[0].attributes.push(("ip".to_owned(), "192.168.1.7".to_owned()));
        batch[0].events.push(Event { kind: "dose_taken".to_owned(), at_ms: Some(NOW - 5_000), payload: serde_json::json!({}) });
        let (sealed, rest) = batch.split_at(1_000);
        it.app.store().append(sealed).await.expect("stored");
        it.app.store().compact().await.expect("sealed");
        it.app.store().append(rest).await.expect("stored");
    }
}

both! {
    async fn all_of_a_device_goes_and_what_comes_later_stays(it: Installation) {
        filled(it).await;
        let store = it.app.store();
        let others = store.range(OTHER, "power_w", 0, i64::MAX).await.expect("asked");
        assert_eq!(delete(it, "").await, StatusCode::NO_CONTENT);
        let gone = async |it: &Installation| {
            assert_eq!(it.app.store().range(METER, "power_w", 0, i64::MAX).await.expect("asked"), []);
            assert!(it.app.store().quarters(METER, "power_w", 0, NOW).await.expect("asked").is_empty());
            assert_eq!(it.app.store().latest(METER), []);
        };
        gone(it).await;
        for table in ["events", "attributes"] {
            assert_eq!(it.numbers("telemetry.db", &format!("SELECT COUNT(*) FROM {table} WHERE device = 1")).await, [0], "{table}");
            assert_eq!(it.numbers("telemetry.db", &format!("SELECT COUNT(*) FROM {table} WHERE device = 2")).await, [1], "{table}");
        }
        assert_eq!(delete(it, "").await, StatusCode::NO_CONTENT, "again, it ends the same");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM audit WHERE action = 'device.telemetry.delete' AND target = 'm1'").await, [2]);
        it.restart().await;
        gone(it).await;
        let store = it.app.store();
        assert_eq!(store.range(OTHER, "power_w", 0, i64::MAX).await.expect("asked"), others, "nobody else's");
        store.append(&[entry(METER, [(NOW - 3_600_000, vec![("power_w", 5.0)])])]).await.expect("stored");
        store.compact().await.expect("sealed");
        assert_eq!(store.range(METER, "power_w", 0, i64::MAX).await.expect("asked"), [(NOW - 3_600_000, 5.0)], "late, and acknowledged");
        assert_eq!(store.latest(METER)[0].value, 5.0);
        assert_eq!(store.check().await.expect("checked").findings, []);
    }

    async fn a_stretch_of_time_goes_and_the_quarters_are_those_of_what_is_left(it: Installation) {
        filled(it).await;
        let store = it.app.store();
        let (from, to) = (NOW - 50 * QUARTER_MS + 77_000, NOW - 30 * QUARTER_MS - 5_000);
        let all = store.range(METER, "energy_wh", 0, i64::MAX).await.expect("asked");
        assert_eq!(delete(it, &format!("?from={from}&to={to}")).await, StatusCode::NO_CONTENT);
        let kept: Vec<_> = all.into_iter().filter(|(at, _)| !(from..to).contains(at)).collect();
        assert_eq!(store.range(METER, "energy_wh", 0, i64::MAX).await.expect("asked"), kept);
        let expected = model(Meaning::of("energy_wh"), &kept.into_iter().collect());
        assert_eq!(store.quarters(METER, "energy_wh", 0, NOW + QUARTER_MS).await.expect("asked"), expected);
        assert_eq!(store.latest(METER)[0].at_ms, NOW - 60_000 + 1_439 % 7, "the newest is not in it");
        // The end goes: the last value is what is left.
        assert_eq!(delete(it, &format!("?from={to}")).await, StatusCode::NO_CONTENT);
        let last = store.range(METER, "power_w", 0, i64::MAX).await.expect("asked").last().copied().expect("some are left");
        let latest = store.latest(METER).into_iter().find(|last| last.metric == "power_w").expect("known");
        assert_eq!((latest.at_ms, latest.value), last);
        assert_eq!(store.check().await.expect("checked").findings, []);
        assert_eq!(it.numbers("telemetry.db", "SELECT COUNT(*) FROM events WHERE device = 1").await, [0]);
        assert_eq!(it.numbers("telemetry.db", "SELECT COUNT(*) FROM attributes WHERE device = 1").await, [1], "they have no time");
    }

    async fn damaged_readings_go_with_the_time_they_are_of(it: Installation) {
        filled(it).await;
        let store = it.app.store();
        store.compact().await.expect("sealed");
        it.damage("chunks", "device = 1 AND metric = (SELECT id FROM metrics WHERE name = 'power_w')").await;
        let late = NOW + QUARTER_MS;
        store.append(&[entry(METER, [(late, vec![("power_w", 5.0)])])]).await.expect("stored");
        store.compact().await.expect("sealed");
        assert!(!store.quarters(METER, "power_w", 0, NOW).await.expect("asked").is_empty(), "what they came to is still there");
        assert_eq!(delete(it, &format!("?to={NOW}")).await, StatusCode::NO_CONTENT);
        assert!(store.quarters(METER, "power_w", 0, NOW - QUARTER_MS).await.expect("asked").is_empty());
        assert_eq!(it.numbers("telemetry.db", "SELECT COUNT(*) FROM damaged").await, [0]);
        assert_eq!(store.wrong(), Vec::<String>::new());
        assert_eq!(store.range(METER, "power_w", 0, i64::MAX).await.expect("asked"), [(late, 5.0)]);
        assert_eq!(store.check().await.expect("checked").findings, []);
    }

    async fn a_wrong_limit_deletes_nothing(it: Installation) {
        filled(it).await;
        for query in ["?form=5", "?from=yesterday", "?from=7&to=7", "?to=1&to=2"] {
            assert_eq!(delete(it, query).await, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        }
        assert!(!it.app.store().range(METER, "power_w", 0, i64::MAX).await.expect("asked").is_empty());
    }
}
