//! Commands: to a device that is away, to one that does not answer, and what the operator is told meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::json;
use vigia_backend::fleet::{self, MOST_ATTEMPTS};
use vigia_backend::mqtt::{Broker, BrokerError, Gate as _};
use vigia_backend::world::Clock as _;
use vigia_domain::command::MOST_WAITING;
use vigia_domain::ids::DeviceId;
use vigia_domain::rights::Scope;

use crate::downward::{Listening, admin, becomes, open_broker};
use crate::support::{Engine, Installation, both};

const COMMANDS: &str = "/api/v1/devices/m1/commands";

/// A broker of somebody else's: it tells nothing of connections, and here it only keeps what it is given.
#[derive(Default)]
struct Elsewhere {
    topics: Mutex<Vec<(String, bool)>>,
    away: AtomicBool,
    refuses: AtomicBool,
    stood: AtomicU64,
}

#[async_trait]
impl Broker for Elsewhere {
    async fn publish(&self, topic: &str, _: Bytes, retain: bool) -> Result<(), BrokerError> {
        self.topics.lock().expect("no panic").push((topic.to_owned(), retain));
        if self.refuses.load(Ordering::SeqCst) { Err(BrokerError::Failed("not now".to_owned())) } else { Ok(()) }
    }
    async fn disconnect(&self, _: &DeviceId) {}
    fn stood(&self) -> u64 {
        self.stood.load(Ordering::SeqCst)
    }
    fn connections(&self) -> Option<usize> {
        (!self.away.load(Ordering::SeqCst)).then_some(0)
    }
    async fn stop(&self) {}
}

/// Several processes behind a broker that is not ours hear a device come back, each a moment after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_coming_back_is_worth_one_attempt_however_many_processes_hear_of_it() {
    let mut it = Installation::new(Engine::Postgres).await;
    let mut others = [it.again().await, it.again().await];
    let key = admin(&it).await;
    let (m1, _) = it.device("m1", None).await;
    for app in [&it.app, &others[0].app, &others[1].app] {
        app.set_broker(Arc::new(Elsewhere::default()));
    }
    it.post(COMMANDS, &key, r#"{"id": "c1", "name": "switch.set"}"#).await;
    // They ask now and then what waits.
    it.world.advance(31_000);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let gate = it.gate();
    for round in 1..=3 {
        gate.accept(&m1, "vigia/m1/status", Bytes::from_static(br#"{"online": true}"#), 1).await.expect("taken");
        becomes(&it, &format!("{COMMANDS}/c1"), &key, |command| command["attempts"] == round).await;
        others.iter().for_each(|other| fleet::heard_elsewhere(&other.app, m1.number, Some(it.world.now_ms()), true));
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert_eq!(it.get(&format!("{COMMANDS}/c1"), &key).await.json()["attempts"], round, "it was sent since it came");
        it.world.advance(500);
        gate.accept(&m1, "vigia/m1/status", Bytes::from_static(br#"{"online": false}"#), 1).await.expect("taken");
        others.iter().for_each(|other| fleet::heard_elsewhere(&other.app, m1.number, Some(it.world.now_ms()), false));
        it.world.advance(500);
    }
    // What only another process hears of, it sends itself, from wherever the command came.
    fleet::heard_elsewhere(&others[0].app, m1.number, Some(it.world.now_ms()), true);
    becomes(&it, &format!("{COMMANDS}/c1"), &key, |command| command["attempts"] == 4).await;
    for other in &mut others {
        other.close().await;
    }
    it.close().await;
}

both! {
    async fn with_anothers_broker_a_device_is_there_when_it_was_heard(it: Installation) {
        let key = admin(it).await;
        let (m1, _) = it.device("m1", None).await;
        let (broker, gate) = (Arc::new(Elsewhere::default()), it.gate());
        it.app.set_broker(broker.clone());
        it.post(COMMANDS, &key, r#"{"id": "c1", "name": "switch.set"}"#).await;
        let nothing = async |why: &str| {
            tokio::time::sleep(Duration::from_millis(1_200)).await;
            assert_eq!(broker.topics.lock().expect("no panic").len(), 0, "{why}");
        };
        nothing("nobody heard of it").await;
        gate.accept(&m1, "vigia/m1/status", Bytes::from_static(br#"{"online": false}"#), 1).await.expect("taken");
        nothing("it said goodbye").await;
        broker.away.store(true, Ordering::SeqCst);
        it.world.advance(1_000);
        gate.accept(&m1, "vigia/m1/telemetry", Bytes::from_static(br#"{"power_w": 5}"#), 1).await.expect("taken");
        nothing("the broker is away").await;
        assert_eq!(it.get(&format!("{COMMANDS}/c1"), &key).await.json()["attempts"], 0, "and it took none of its attempts");
        broker.away.store(false, Ordering::SeqCst);
        it.world.advance(1_000);
        becomes(it, &format!("{COMMANDS}/c1"), &key, |command| command["state"] == "sent").await;
        assert_eq!(*broker.topics.lock().expect("no panic"), [("vigia/m1/command".to_owned(), false)]);
        for _ in 0..5 {
            gate.accept(&m1, "vigia/m1/status", Bytes::from_static(br#"{"online": true}"#), 1).await.expect("taken");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(broker.topics.lock().expect("no panic").len(), 1, "it was there all the time: it need not be told again");
    }

    async fn a_configuration_that_the_broker_did_not_take_or_forgot_is_published_again(it: Installation) {
        let key = admin(it).await;
        it.device("m1", None).await;
        let broker = Arc::new(Elsewhere::default());
        it.app.set_broker(broker.clone());
        let published = async |times: usize, why: &str| {
            for _ in 0..400 {
                if broker.topics.lock().expect("no panic").len() == times {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("{why}: {:?}", broker.topics.lock().expect("no panic"));
        };
        broker.refuses.store(true, Ordering::SeqCst);
        let headers = [("x-api-key", key.as_str()), ("content-type", "application/json")];
        let set = it.ask(axum::http::Method::PUT, "/api/v1/devices/m1/config", &headers, r#"{"interval_s": 10}"#).await;
        assert_eq!(set.status, StatusCode::OK);
        published(1, "it was tried").await;
        broker.refuses.store(false, Ordering::SeqCst);
        it.world.advance(30_000);
        published(2, "it is tried again").await;
        broker.away.store(true, Ordering::SeqCst);
        broker.stood.store(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        published(2, "nothing while it is away").await;
        broker.away.store(false, Ordering::SeqCst);
        it.world.advance(1_000);
        published(3, "it came back, perhaps with nothing").await;
        let topics = broker.topics.lock().expect("no panic").clone();
        assert!(topics.iter().all(|told| *told == ("vigia/m1/config".to_owned(), true)), "{topics:?}");
    }

    async fn a_command_waits_for_its_device_through_a_restart_and_its_answer_closes_it(it: Installation) {
        let key = admin(it).await;
        let (m1, token) = it.device("m1", None).await;
        let (_, other) = it.device("m2", None).await;
        let given = it.post(COMMANDS, &key, r#"{"id": "c1", "name": "switch.set", "params": {"on": true}}"#).await;
        assert_eq!(given.status, StatusCode::ACCEPTED, "{}", given.text);
        assert_eq!(given.headers["location"], "/api/v1/devices/m1/commands/c1");
        insta::allow_duplicates!(insta::assert_json_snapshot!(given.json(), @r#"
        {
          "attempts": 0,
          "created_at": "2026-03-01T12:00:00.000Z",
          "created_by": "key:1",
          "error": null,
          "expires_at": "2026-03-01T13:00:00.000Z",
          "finished_at": null,
          "id": "c1",
          "name": "switch.set",
          "params": {
            "on": true
          },
          "result": null,
          "sent_at": null,
          "state": "queued"
        }
        "#));
        it.restart().await;
        let address = open_broker(it).await;
        let mut stranger = Listening::connect(address, "m2", &other).await;
        assert_eq!(it.get(&format!("{COMMANDS}/c1"), &key).await.json()["state"], "queued", "its device is not there");
        let mut device = Listening::connect(address, "m1", &token).await;
        let heard = device.hears(it, "command").await;
        assert_eq!(heard, json!({"id": "c1", "name": "switch.set", "params": {"on": true}, "expires_at": "2026-03-01T13:00:00.000Z"}));
        becomes(it, &format!("{COMMANDS}/c1"), &key, |command| command["state"] == "sent").await;
        stranger.says("command/result", r#"{"id": "c1", "ok": false, "error": "not mine"}"#).await;
        assert_eq!(it.get(&format!("{COMMANDS}/c1"), &key).await.json()["state"], "sent", "another device's answer is none");
        device.says("command/result", r#"{"id": "c1", "ok": true, "result": {"was_on": false}}"#).await;
        let done = it.get(&format!("{COMMANDS}/c1"), &key).await.json();
        assert_eq!((&done["state"], &done["result"]), (&json!("done"), &json!({"was_on": false})), "once it is acknowledged it is there");
        device.says("command/result", r#"{"id": "c1", "ok": false, "error": "twice"}"#).await;
        assert_eq!(it.get(&format!("{COMMANDS}/c1"), &key).await.json(), done, "the first answer counts");
        assert_eq!(it.events(m1.number).await.len(), 2, "answers are events, too");
        it.world.advance(600_000);
        assert_eq!(device.hears_within(Duration::from_millis(1_200), "command").await, None, "what is done is not sent again");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM audit WHERE action = 'command.give' AND target = 'm1'").await, [1]);
    }

    async fn a_command_whose_time_has_passed_is_never_delivered(it: Installation) {
        let key = admin(it).await;
        let (_, token) = it.device("m1", None).await;
        let address = open_broker(it).await;
        it.post(COMMANDS, &key, r#"{"id": "c1", "name": "valve.open", "expires_in_s": 60}"#).await;
        it.world.advance(60_000);
        let expired = becomes(it, &format!("{COMMANDS}/c1"), &key, |command| command["state"] == "expired").await;
        assert_eq!((&expired["sent_at"], &expired["finished_at"]), (&json!(null), &json!("2026-03-01T12:01:00.000Z")));
        it.post(COMMANDS, &key, r#"{"id": "c2", "name": "valve.close"}"#).await;
        let mut device = Listening::connect(address, "m1", &token).await;
        assert_eq!(device.hears(it, "command").await["id"], "c2", "only what is still wanted");
    }

    async fn a_command_that_was_sent_and_not_answered_expires_and_a_late_answer_still_tells_the_truth(it: Installation) {
        let key = admin(it).await;
        let (_, token) = it.device("m1", None).await;
        let address = open_broker(it).await;
        let mut device = Listening::connect(address, "m1", &token).await;
        it.post(COMMANDS, &key, r#"{"id": "c1", "name": "pump.start", "expires_in_s": 60}"#).await;
        device.hears(it, "command").await;
        it.world.advance(60_000);
        let expired = becomes(it, &format!("{COMMANDS}/c1"), &key, |command| command["state"] == "expired").await;
        assert!(expired["sent_at"].is_string(), "it may have been done");
        device.says("command/result", r#"{"id": "c1", "ok": true}"#).await;
        assert_eq!(it.get(&format!("{COMMANDS}/c1"), &key).await.json()["state"], "done");
    }

    async fn a_device_that_does_not_answer_is_asked_again_but_not_for_ever(it: Installation) {
        let key = admin(it).await;
        let (_, token) = it.device("m1", None).await;
        let address = open_broker(it).await;
        let mut device = Listening::connect(address, "m1", &token).await;
        it.post(COMMANDS, &key, r#"{"id": "c1", "name": "switch.set", "expires_in_s": 86400}"#).await;
        let first = device.hears(it, "command").await;
        for attempt in 2..=MOST_ATTEMPTS {
            it.world.advance(300_000);
            becomes(it, &format!("{COMMANDS}/c1"), &key, |command| command["attempts"].as_i64() >= Some(attempt)).await;
            assert_eq!(device.hears_within(Duration::from_secs(2), "command").await.as_ref(), Some(&first), "the same message");
        }
        it.world.advance(300_000);
        assert_eq!(device.hears_within(Duration::from_millis(1_200), "command").await, None);
        assert_eq!(it.get(&format!("{COMMANDS}/c1"), &key).await.json()["attempts"], MOST_ATTEMPTS);
    }

    async fn who_asks_twice_with_one_id_orders_once(it: Installation) {
        let key = admin(it).await;
        it.device("m1", None).await;
        it.device("m2", None).await;
        let body = r#"{"id": "c1", "name": "dose.release", "params": {"slot": 3}}"#;
        let (first, second) = (it.post(COMMANDS, &key, body).await, it.post(COMMANDS, &key, body).await);
        assert_eq!((first.status.as_u16(), second.status.as_u16()), (202, 200));
        assert_eq!(first.json(), second.json());
        let other = it.post(COMMANDS, &key, r#"{"id": "c1", "name": "dose.release", "params": {"slot": 4}}"#).await;
        assert_eq!(other.status, StatusCode::CONFLICT, "{}", other.text);
        let elsewhere = it.post("/api/v1/devices/m2/commands", &key, body).await;
        assert_eq!(elsewhere.status, StatusCode::ACCEPTED, "another device has ids of its own");
    }

    async fn what_is_wrong_with_a_command_is_said_and_nothing_waits(it: Installation) {
        let key = admin(it).await;
        it.device("m1", None).await;
        let large = format!(r#"{{"name": "a", "params": {{"x": "{}"}}}}"#, "x".repeat(17_000));
        for (body, status, field) in [
            ("", 400, "body"),
            ("on", 400, "body"),
            ("[]", 422, "body"),
            ("{}", 422, "name"),
            (r#"{"name": 5}"#, 422, "name"),
            (r#"{"name": "switch/set"}"#, 422, "name"),
            (r#"{"name": "a", "params": [1]}"#, 422, "params"),
            (&large, 422, "params"),
            (r#"{"name": "a", "id": "a b"}"#, 422, "id"),
            (r#"{"name": "a", "expires_in_s": 0}"#, 422, "expires_in_s"),
            (r#"{"name": "a", "expires_in_s": 9999999999}"#, 422, "expires_in_s"),
            (r#"{"name": "a", "expires_in_s": "60"}"#, 422, "expires_in_s"),
            (r#"{"name": "a", "expires": 60}"#, 422, "expires"),
        ] {
            let answer = it.post(COMMANDS, &key, body.to_owned()).await;
            let told = answer.json();
            assert_eq!((answer.status.as_u16(), told["field"].as_str().unwrap_or_default()), (status, field), "{body}: {told}");
        }
        assert_eq!(it.post(COMMANDS, &key, "x".repeat(40_000)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(it.get(COMMANDS, &key).await.json(), json!([]));
        for path in ["/api/v1/devices/m1/commands/none", "/api/v1/devices/none/commands"] {
            assert_eq!(it.get(path, &key).await.status, StatusCode::NOT_FOUND);
        }
    }

    async fn a_device_that_stays_away_takes_no_more_than_its_share(it: Installation) {
        let key = admin(it).await;
        it.device("m1", None).await;
        for n in 0..MOST_WAITING {
            let body = format!(r#"{{"id": "c{n}", "name": "switch.set", "expires_in_s": 60}}"#);
            assert_eq!(it.post(COMMANDS, &key, body).await.status, StatusCode::ACCEPTED);
        }
        let full = it.post(COMMANDS, &key, r#"{"name": "switch.set"}"#).await;
        assert_eq!(full.status, StatusCode::CONFLICT, "{}", full.text);
        let page = it.get(&format!("{COMMANDS}?limit=20"), &key).await;
        let next = page.headers["link"].to_str().expect("text").trim_start_matches('<').split('>').next().expect("an address").to_owned();
        let rest = it.get(&next, &key).await.json();
        let ids: Vec<_> = [page.json(), rest].iter().flat_map(|p| p.as_array().expect("a list").clone()).map(|c| c["id"].clone()).collect();
        assert_eq!(ids, (0..MOST_WAITING).rev().map(|n| json!(format!("c{n}"))).collect::<Vec<_>>(), "newest first, each once");
        assert_eq!(it.get(&format!("{COMMANDS}?cursor=none"), &key).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        it.world.advance(60_000);
        assert_eq!(it.post(COMMANDS, &key, r#"{"name": "switch.set"}"#).await.status, StatusCode::ACCEPTED, "the others have expired");
    }

    async fn an_answer_that_cannot_be_read_closes_nothing_and_is_shown(it: Installation) {
        let key = admin(it).await;
        let (_, token) = it.device("m1", None).await;
        let address = open_broker(it).await;
        let mut device = Listening::connect(address, "m1", &token).await;
        it.post(COMMANDS, &key, r#"{"id": "c1", "name": "switch.set"}"#).await;
        device.hears(it, "command").await;
        for payload in [r#"{"ok": true}"#, r#"{"id": "c1"}"#, r#"{"id": "c1", "ok": "yes"}"#, "[]", "done", r#"{"id": "unknown", "ok": true}"#, r#"{"id": "c\u0000", "ok": true}"#] {
            device.says("command/result", payload).await;
        }
        assert_eq!(it.get(&format!("{COMMANDS}/c1"), &key).await.json()["state"], "sent");
        let view = it.get("/api/v1/devices/m1", &key).await.json();
        let reasons: Vec<_> = view["quarantine"].as_array().expect("a list").iter().rev().map(|q| q["reason"].as_str().expect("text")).collect();
        assert_eq!(
            reasons,
            [
                "id: a text is expected, not nothing",
                "ok: true or false is expected, not nothing",
                "ok: true or false is expected, not a text",
                "an object is expected, not a list",
                "the payload is not JSON: expected value at line 1 column 1",
                "the name \"c\\0\" is not 1 to 64 of letters, digits and : _ . -",
            ]
        );
    }

    async fn who_follows_the_device_hears_how_far_a_command_has_come(it: Installation) {
        let key = admin(it).await;
        let reader = it.key("reader", &[Scope::TelemetryRead]).await;
        let (m1, token) = it.device("m1", None).await;
        let address = open_broker(it).await;
        let mut device = Listening::connect(address, "m1", &token).await;
        let mut listener = it.app.hub().listen();
        listener.follow(m1.id.clone(), m1.number, || None);
        let mut told = Vec::new();
        let mut hear = async |wanted: &str| {
            while told.last().map(String::as_str) != Some(wanted) {
                for message in tokio::time::timeout(Duration::from_secs(5), listener.next()).await.expect("in time") {
                    let message: serde_json::Value = serde_json::from_str(message.text().as_str()).expect("JSON");
                    told.extend(message["commands"]["c1"].as_str().map(str::to_owned));
                }
            }
        };
        assert_eq!(it.post(COMMANDS, &reader, r#"{"id": "c1", "name": "a"}"#).await.status, StatusCode::FORBIDDEN);
        it.post(COMMANDS, &key, r#"{"id": "c1", "name": "switch.set"}"#).await;
        device.hears(it, "command").await;
        hear("sent").await;
        device.says("command/result", r#"{"id": "c1", "ok": false, "error": "the relay is stuck"}"#).await;
        hear("failed").await;
        let failed = it.get(&format!("{COMMANDS}/c1"), &reader).await.json();
        assert_eq!((&failed["state"], &failed["error"]), (&json!("failed"), &json!("the relay is stuck")));
    }
}
