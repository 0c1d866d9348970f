//! The simulated clients against the broker.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use vigia_backend::config::Guard;
use vigia_backend::mqtt::Broker as _;
use vigia_backend::mqtt::embedded::EmbeddedBroker;
use vigia_backend::simulate::device::Script;
use vigia_backend::simulate::load::{self, Load};
use vigia_backend::simulate::{Actor, Client, Scenario, replay};
use vigia_backend::world::World;
use vigia_domain::decode;
use vigia_domain::ids::DeviceId;

use crate::House;

fn client(address: SocketAddr) -> Client {
    Client {
        host: address.ip().to_string(),
        port: address.port(),
        rate_hz: 50.0,
        time: Some(Duration::from_secs(1)),
        clock: World::real().clock,
        acknowledged: None,
    }
}

fn actor(n: usize, scenario: Scenario) -> Actor {
    let id = DeviceId::new(format!("m{n}")).expect("a good id");
    let device = scenario.device(n, &id, 7, &TimeZone::UTC);
    Actor { token: format!("t-{id}"), id, device }
}

#[tokio::test]
async fn simulated_devices_count_what_was_acknowledged() {
    let house = House::new().await;
    let (told, mut acknowledged) = unbounded_channel();
    let client = Client { acknowledged: Some(told), ..client(house.address()) };
    let report = client.run((0..8).map(|n| actor(n, Scenario::Mixed)).collect(), CancellationToken::new()).await;
    assert_eq!((report.connected, report.lost, report.dropped, report.repeated), (8, 0, 0, 0), "{report:?}");
    assert!(report.sent > 200 && report.sent == report.acknowledged, "{report:?}");
    let accepted = house.gate.accepted();
    assert_eq!(accepted.len() as u64, report.sent, "and no last will, because each said good-bye");
    drop(client);
    let mut count = 0;
    while let Some(one) = acknowledged.recv().await {
        assert!(accepted.iter().any(|(device, topic, _)| *device == one.device.as_str() && *topic == one.topic));
        count += 1;
    }
    assert_eq!(count, report.acknowledged);
    house.end().await;
}

#[tokio::test]
async fn what_was_not_acknowledged_is_sent_again() {
    let house = House::new().await;
    let address = house.address();
    let (told, mut acknowledged) = unbounded_channel();
    let client = Client { acknowledged: Some(told), time: Some(Duration::from_secs(3)), ..client(address) };
    let running = house.tasks.clone();
    let running = running.spawn(async move { client.run(vec![actor(1, Scenario::Household)], CancellationToken::new()).await });
    tokio::time::sleep(Duration::from_millis(700)).await;
    house.gate.held.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(200)).await;
    house.gate.store_down.store(true, Ordering::SeqCst);
    house.gate.let_go();
    house.broker.stop().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    house.gate.store_down.store(false, Ordering::SeqCst);
    let (again, listening) = EmbeddedBroker::bind(address, Guard::Anyone, house.gate.clone()).await.expect("the port is free again");
    house.tasks.spawn(listening.serve(CancellationToken::new()));
    let report = running.await.expect("it ends");
    assert!(report.lost >= 1 && report.repeated >= 1 && report.sent == report.acknowledged && report.dropped == 0, "{report:?}");
    let times: BTreeSet<i64> =
        house.gate.accepted().iter().filter_map(|(_, _, p)| serde_json::from_str::<serde_json::Value>(p).ok()?["ts"].as_i64()).collect();
    while let Some(one) = acknowledged.recv().await {
        assert!(one.topic.ends_with("status") || times.contains(&one.at_ms), "{one:?} was acknowledged and is not there");
    }
    again.stop().await;
    house.end().await;
}

#[tokio::test]
async fn a_wrong_token_is_reported_and_not_tried_without_end() {
    let house = House::new().await;
    let wrong = Actor { token: "wrong".into(), ..actor(1, Scenario::Household) };
    let report = client(house.address()).run(vec![wrong], CancellationToken::new()).await;
    assert_eq!((report.connected, report.sent), (0, 0));
    assert!((2..6).contains(&report.lost), "{report:?}");
    house.end().await;
}

#[tokio::test]
async fn the_measured_week_arrives_whole_and_fast() {
    let house = House::new().await;
    let zone = TimeZone::get("Europe/Paris").expect("compiled in");
    let week = replay::parse(include_str!("../data/household_week_1min.csv"), &zone).expect("a good file");
    let id = DeviceId::new("m1").expect("a good id");
    let device = Box::new(Script::new(replay::messages(&id, &week, 100)));
    let client = Client { rate_hz: 1000.0, time: None, ..client(house.address()) };
    let report = client.run(vec![Actor { id: id.clone(), token: "t-m1".into(), device }], CancellationToken::new()).await;
    assert_eq!((report.sent, report.acknowledged), (101, 101));
    let accepted = house.gate.accepted();
    let times: Vec<i64> = accepted
        .iter()
        .flat_map(|(_, topic, payload)| decode::decode(&id, topic, payload.as_bytes()).expect("good").readings)
        .filter_map(|reading| reading.at_ms)
        .collect();
    assert_eq!(times, week.iter().filter_map(|r| r.at_ms).collect::<Vec<_>>());
    house.end().await;
}

#[tokio::test]
async fn load_is_counted_message_by_message() {
    let house = House::new().await;
    let devices = (1..=4).map(|n| (DeviceId::new(format!("m{n}")).expect("a good id"), format!("t-m{n}"))).collect();
    let free = Load {
        values: load::VALUES,
        broker: house.address().to_string(),
        devices,
        window: 8,
        rate_per_s: None,
        time: Duration::from_millis(300),
        from_ms: 1_736_604_018_000,
        step_ms: 1,
        keep: true,
    };
    let outcome = load::run(free.clone(), CancellationToken::new()).await;
    assert_eq!((outcome.failed, outcome.sent), (0, outcome.acknowledged), "{:?}", outcome.first_failure);
    assert!(outcome.sent > 100 && outcome.p50 <= outcome.p99);
    let kept: BTreeSet<(String, i64)> = outcome.kept.iter().flat_map(|(d, times)| times.iter().map(|t| (d.to_string(), *t))).collect();
    let accepted: BTreeSet<(String, i64)> = house
        .gate
        .accepted()
        .iter()
        .map(|(device, _, payload)| {
            let value: serde_json::Value = serde_json::from_str(payload).expect("JSON");
            (device.clone(), value["ts"].as_i64().expect("a time"))
        })
        .collect();
    assert_eq!(kept, accepted);

    let steady = Load { rate_per_s: Some(200.0), time: Duration::from_secs(1), keep: false, ..free.clone() };
    let outcome = load::run(steady, CancellationToken::new()).await;
    assert!((180..=210).contains(&outcome.acknowledged), "{outcome:?}");

    // A broker that goes away ends the load, with what was acknowledged until then.
    let broker = Arc::clone(&house.broker);
    let (outcome, ()) = tokio::join!(load::run(Load { time: Duration::from_secs(20), ..free }, CancellationToken::new()), async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        broker.stop().await;
    });
    assert_eq!(outcome.failed, 4);
    assert!(outcome.acknowledged > 0 && outcome.first_failure.is_some());
    house.end().await;
}
