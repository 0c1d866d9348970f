//! Server-sent events, as the apps of the IoT Backend hear them.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, Request, StatusCode};
use data_encoding::BASE64;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tower::ServiceExt as _;
use vigia_backend::db::unclaimed;
use vigia_backend::fleet::{self, Claim};
use vigia_backend::live::MOST_SOCKETS;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;
use vigia_domain::rights::Scope;
use vigia_domain::user::Role;

use crate::support::{BY, Installation, NOW, TEST, both};

const OLD: &str = "/stream/dispositivos";
const OURS: &str = "/api/v1/stream/devices";
/// Longer than the time after which a connection asks again.
const A_WHILE_MS: i64 = 6_000;

/// One stream, read as it comes.
struct Events {
    status: StatusCode,
    headers: HeaderMap,
    body: BodyDataStream,
    text: String,
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
struct Event {
    name: Option<String>,
    data: Value,
    /// Until when everything was told.
    id: Option<i64>,
}

impl Events {
    async fn open(it: &Installation, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = it.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("the router answers");
        let (parts, body) = answer.into_parts();
        Self { status: parts.status, headers: parts.headers, body: body.into_data_stream(), text: String::new() }
    }

    /// The same, after its greeting.
    async fn greeted(it: &Installation, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut events = Self::open(it, path, headers).await;
        assert_eq!(events.status, 200);
        let hello = events.next().await;
        assert_eq!((hello.name.as_deref(), hello.data), (Some("hello"), json!({})));
        events
    }

    async fn next(&mut self) -> Event {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let mut fields: std::collections::BTreeMap<&str, &str> =
                    event.lines().map(|line| line.split_once(": ").expect("a field and its value")).collect();
                let event = Event {
                    name: fields.remove("event").map(str::to_owned),
                    data: serde_json::from_str(fields.remove("data").expect("each has data")).expect("JSON"),
                    id: fields.remove("id").map(|id| id.parse().expect("a number")),
                };
                assert!(fields.is_empty(), "{fields:?}");
                self.text = rest.to_owned();
                return event;
            }
            let more =
                tokio::time::timeout(Duration::from_secs(10), self.body.next()).await.expect("in time").expect("open").expect("good");
            self.text.push_str(std::str::from_utf8(&more).expect("UTF-8, whole"));
        }
    }

    /// Whether it ends, after whatever it still says.
    async fn ended(&mut self) -> String {
        let end = async {
            let mut said = String::new();
            while let Some(Ok(more)) = self.body.next().await {
                said.push_str(&String::from_utf8_lossy(&more));
            }
            said
        };
        tokio::time::timeout(Duration::from_secs(10), end).await.expect("it ends")
    }

    /// Asserts that this device alone is spoken of, for longer than the server takes to look around, and that it has this power. (What was stored
    /// a moment before may be announced late, or once more.)
    async fn only(&mut self, serial: &str, power_w: f64) {
        let mut last = Value::Null;
        while let Ok(event) = tokio::time::timeout(Duration::from_millis(1_500), self.next()).await {
            assert_eq!(event.data["serial_number"], serial);
            last = event.data["parametros"]["power_w"].clone();
        }
        assert_eq!(last, power_w);
    }

    /// Asserts that nothing is said for longer than the server takes to look around.
    async fn silent(&mut self) {
        if let Ok(event) = tokio::time::timeout(Duration::from_millis(1_500), self.next()).await {
            panic!("it said {event:?}");
        }
    }
}

both! {
    async fn an_app_hears_of_its_devices_and_of_no_others(it: Installation) {
        it.user("lucia@example.org", Role::Customer).await;
        let (mine, _) = it.device("TMP0603IF1WD", Some("lucia@example.org")).await;
        let (other, _) = it.device("OTHER", None).await;
        let cookie = it.cookie("lucia@example.org").await;
        let mut events = Events::greeted(it, OLD, &[("cookie", &cookie)]).await;
        for (name, value) in [("content-type", "text/event-stream; charset=utf-8"), ("x-accel-buffering", "no")] {
            assert_eq!(events.headers[name], value);
        }
        assert!(events.headers["cache-control"].to_str().expect("text").contains("no-cache"));
        it.app.ingest().message(&other, "vigia/OTHER/telemetry", br#"{"temp":1}"#).await.expect("stored");
        it.app.ingest().message(&mine, "vigia/TMP0603IF1WD/telemetry", r#"{"temp":23.4,"modelo":"T-01","descripcion":"Termómetro"}"#.as_bytes()).await.expect("stored");
        let heard = events.next().await;
        assert_eq!(heard.name, None, "apps listen to messages without a name");
        assert_eq!(heard.data, json!({
            "id": mine.number.0, "serial_number": "TMP0603IF1WD", "nombre": "TMP0603IF1WD", "tipo": "energy_meter", "modelo": "T-01",
            "descripcion": "Termómetro", "estado": "activo", "parametros": {"temp": 23.4}, "configuracion": {}, "reclamado": true,
            "event": "device_update", "online": true, "seen_at": "2026-03-01T12:00:00.000Z",
        }));
        it.app.ingest().message(&mine, "vigia/TMP0603IF1WD/telemetry", br#"{"estado":"inactivo","modo":"horario"}"#).await.expect("stored");
        let said = events.next().await.data;
        assert_eq!((&said["estado"], &said["configuracion"]), (&json!("inactivo"), &json!({"modo": "horario"})), "words are news, too");
        events.silent().await; // of the neighbour's device nothing is heard
    }

    async fn a_customers_key_hears_of_their_devices_as_they_do_and_no_question_shows_anothers(it: Installation) {
        for email in ["lucia@example.org", "eva@example.org"] {
            it.user(email, Role::Customer).await;
        }
        let (mine, _) = it.device("mine", Some("lucia@example.org")).await;
        let (other, _) = it.device("evas", Some("eva@example.org")).await;
        let say = async |power_w: f64| {
            it.world.advance(1_000);
            for device in [&other, &mine] {
                let payload = json!({ "power_w": power_w }).to_string();
                it.app.ingest().message(device, &format!("vigia/{}/telemetry", device.id), payload.as_bytes()).await.expect("stored");
            }
        };
        say(0.0).await;
        let (cookie, key) = (it.cookie("lucia@example.org").await, it.key_of("lucia@example.org", "all", &Scope::ALL).await);
        for (power_w, who) in [(1.0, ("cookie", cookie.as_str())), (2.0, ("x-api-key", key.as_str()))] {
            let mut all = Events::greeted(it, OURS, &[who]).await;
            let mut old = Events::greeted(it, "/stream/dispositivos?reclamado=true", &[who]).await;
            // As of a serial number that there is not: nothing, and no error that would tell them apart.
            let mut evas = Events::greeted(it, "/stream/dispositivos?serial=evas", &[who]).await;
            // What was missed since the beginning is that of one's own.
            let mut back = Events::greeted(it, OURS, &[who, ("last-event-id", "0")]).await;
            assert_eq!(back.next().await.data["serial_number"], "mine", "{who:?}");
            say(power_w).await;
            let (all, old, back) = (all.only("mine", power_w), old.only("mine", power_w), back.only("mine", power_w));
            tokio::join!(all, old, back, evas.silent());
        }
    }

    async fn filters_choose_and_nonsense_is_refused(it: Installation) {
        it.user("lucia@example.org", Role::Customer).await;
        let (mine, _) = it.device("m1", Some("lucia@example.org")).await;
        let (free, _) = it.device("m2", None).await;
        let key = it.key("app", &[Scope::TelemetryRead]).await;
        let key = [("x-api-key", key.as_str())];
        let mut one = Events::greeted(it, "/stream/dispositivos?serial=m2", &key).await;
        let mut claimed = Events::greeted(it, "/api/v1/stream/devices?reclamado=true", &key).await;
        let mut unclaimed = Events::greeted(it, "/stream/dispositivos?reclamado=false&serial=", &key).await;
        for device in [&mine, &free] {
            it.app.ingest().message(device, &format!("vigia/{}/telemetry", device.id), br#"{"temp":1}"#).await.expect("stored");
        }
        for (events, serial) in [(&mut one, "m2"), (&mut claimed, "m1"), (&mut unclaimed, "m2")] {
            assert_eq!(events.next().await.data["serial_number"], serial);
            events.silent().await;
        }
        for (wrong, field) in [("reclamado=quizas", "reclamado"), ("serial=a/b", "serial"), ("since=ayer", "since"), ("serial=a&serial=b", "serial")] {
            let refused = it.ask(axum::http::Method::GET, &format!("{OLD}?{wrong}"), &key, "").await;
            assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (422, &json!(field)), "{wrong}");
        }
        assert_eq!(it.status(OURS, "x-api-key", "vgk_wrong").await, 401);
    }

    async fn who_does_not_read_gets_the_latest_and_who_returns_what_it_missed(it: Installation) {
        let (meter, _) = it.device("m1", None).await;
        let (quiet, _) = it.device("quiet", None).await;
        it.app.ingest().message(&quiet, "vigia/quiet/telemetry", br#"{"power_w":1}"#).await.expect("stored");
        it.world.advance(3_600_000);
        let key = it.key("app", &[Scope::TelemetryRead]).await;
        let mut events = Events::greeted(it, OURS, &[("x-api-key", &key)]).await;
        for n in 0..500 {
            let payload = format!(r#"{{"ts":{},"power_w":{n}}}"#, NOW + n);
            it.app.ingest().message(&meter, "vigia/m1/telemetry", payload.as_bytes()).await.expect("stored");
        }
        let latest = events.next().await;
        // The last of them may have been acknowledged a moment before it was announced; then the device is told of once more.
        let again = tokio::time::timeout(Duration::from_millis(1_500), events.next()).await.ok();
        events.silent().await;
        assert_eq!(again.unwrap_or(latest.clone()).data["parametros"]["power_w"], 499.0, "five hundred readings, one event or two");
        drop(events);
        it.app.ingest().message(&meter, "vigia/m1/telemetry", br#"{"power_w":1000}"#).await.expect("stored");
        let id = latest.id.expect("nothing else waited").to_string();
        let mut back = Events::greeted(it, OURS, &[("x-api-key", &key), ("last-event-id", &id)]).await;
        assert_eq!(back.next().await.data["parametros"]["power_w"], 1000.0, "at once, without waiting for the next one");
        back.silent().await; // of the quiet one nothing was missed
        let mut lost = Events::greeted(it, OURS, &[("x-api-key", &key), ("last-event-id", "from-another-server")]).await;
        let mut all = [lost.next().await.data["serial_number"].clone(), lost.next().await.data["serial_number"].clone()];
        all.sort_by_key(Value::to_string);
        assert_eq!(all, [json!("m1"), json!("quiet")], "who does not know what it saw gets all");
    }

    async fn who_is_cut_off_while_much_is_told_misses_nothing_of_it(it: Installation) {
        const DEVICES: usize = 103;
        for n in 0..DEVICES {
            let (device, _) = it.device(&format!("m{n}"), None).await;
            it.app.ingest().message(&device, &format!("vigia/m{n}/telemetry"), br#"{"power_w":1}"#).await.expect("stored");
        }
        let key = it.key("app", &[Scope::TelemetryRead]).await;
        let back = [("x-api-key", key.as_str()), ("last-event-id", "0")];
        let mut events = Events::open(it, OURS, &back).await;
        assert_eq!(events.next().await.id, None, "after a hello alone it would come back without its 103 devices");
        let mut told = Vec::new();
        let last = loop {
            let event = events.next().await;
            told.push(event.data["serial_number"].to_string());
            if event.id.is_some() {
                break event;
            }
        };
        told.sort();
        told.dedup();
        assert_eq!(told.len(), DEVICES, "an id before the last of them would lose those after it");
        assert_eq!(last.name, None);
        assert!(Events::open(it, OURS, &[("x-api-key", &key)]).await.next().await.id.is_some(), "for a new one nothing waits");
    }

    async fn streams_and_sockets_share_the_places_of_their_account(it: Installation) {
        let key = it.key("app", &[Scope::TelemetryRead]).await;
        let mut held = Vec::new();
        for _ in 0..MOST_SOCKETS {
            held.push(Events::greeted(it, OURS, &[("x-api-key", &key)]).await);
        }
        assert!(it.app.metrics().text().contains("vigia_live_connections 32\n"), "and are counted");
        let refused = Events::open(it, OLD, &[("x-api-key", &key)]).await;
        assert_eq!((refused.status.as_u16(), refused.headers.contains_key("retry-after")), (429, true));
        drop(held);
        Events::greeted(it, OLD, &[("x-api-key", &key)]).await;
    }

    async fn it_follows_what_comes_and_goes_and_ends_with_its_right(it: Installation) {
        it.user("lucia@example.org", Role::Customer).await;
        let (sold, _) = it.device("sold", Some("lucia@example.org")).await;
        let cookie = it.cookie("lucia@example.org").await;
        let mut owner = Events::greeted(it, OURS, &[("cookie", &cookie)]).await;
        assert_eq!(it.sql("vigia.db", "UPDATE devices SET owner_id = NULL WHERE device_id = 'sold'").await, 1);
        it.app.ingest().message(&sold, "vigia/sold/telemetry", br#"{"power_w":1}"#).await.expect("stored");
        owner.silent().await; // at once: whose it is, is asked before it is told
        it.device("bought", Some("lucia@example.org")).await;
        it.world.advance(A_WHILE_MS);
        assert_eq!(owner.next().await.data["serial_number"], "bought", "what was added is followed by itself");
        assert_eq!(it.sql("vigia.db", "UPDATE users SET disabled_ms = 1").await, 1);
        it.world.advance(A_WHILE_MS);
        owner.ended().await;
    }

    async fn a_device_that_is_claimed_or_changes_hands_is_told_of_without_a_reading(it: Installation) {
        let key = it.key("app", &[Scope::TelemetryRead]).await;
        let key = [("x-api-key", key.as_str())];
        it.user("lucia@example.org", Role::Customer).await;
        it.device("m1", Some("lucia@example.org")).await;
        let mut all = Events::greeted(it, OURS, &key).await;
        let mut claimed = Events::greeted(it, "/stream/dispositivos?reclamado=true", &key).await;
        let mut free = Events::greeted(it, "/stream/dispositivos?reclamado=false", &key).await;
        let id = DeviceId::new("new").expect("a good id");
        unclaimed::insert_key(it.app.registry(), "installers", "hash", Some(DeviceKind::EnergyMeter), None, BY).await.expect("added");
        let (key_id, _) = unclaimed::key(it.app.registry(), "hash", NOW).await.expect("asked").expect("there");
        unclaimed::insert(it.app.registry(), &id, key_id, "hash", 10, BY).await.expect("added").expect("there is room");
        let claim = Claim { kind: None, name: None, owner: Some("lucia@example.org".to_owned()) };
        fleet::claim(&it.app, TEST, &id, &claim).await.expect("claimed");
        // At once: the clock stands, so nobody has asked again by himself.
        for events in [&mut all, &mut claimed] {
            let told = events.next().await.data;
            assert_eq!((&told["serial_number"], &told["reclamado"], &told["online"]), (&json!("new"), &json!(true), &json!(false)));
        }
        // Behind the program's back, as another process does it.
        assert_eq!(it.sql("vigia.db", "UPDATE devices SET owner_id = NULL WHERE device_id = 'm1'").await, 1);
        it.world.advance(A_WHILE_MS);
        for events in [&mut all, &mut free] {
            let told = events.next().await.data;
            assert_eq!((&told["serial_number"], &told["reclamado"]), (&json!("m1"), &json!(false)));
        }
        claimed.silent().await; // it tells of those with an owner
        assert_eq!(it.sql("vigia.db", "UPDATE devices SET owner_id = (SELECT id FROM users) WHERE device_id = 'm1'").await, 1);
        it.world.advance(A_WHILE_MS);
        for events in [&mut all, &mut claimed] {
            let told = events.next().await.data;
            assert_eq!((&told["serial_number"], &told["reclamado"]), (&json!("m1"), &json!(true)));
            events.silent().await; // once, and nothing of the others
        }
    }

    async fn over_a_real_connection_with_a_key_as_the_password_until_the_server_stops(it: Installation) {
        let (meter, _) = it.device("m1", None).await;
        let key = it.key("app", &[Scope::TelemetryRead]).await;
        let address = vigia_backend::http::serve(&it.app, it.router.clone()).await.expect("it listens");
        let basic = BASE64.encode(format!("app:{key}").as_bytes());
        let mut stream = TcpStream::connect(address).await.expect("connected");
        let request = format!("GET {OLD} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Basic {basic}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut lines = BufReader::new(stream).lines();
        let mut said = Vec::new();
        let lifecycle = it.app.lifecycle().clone();
        let read = async {
            while let Ok(Some(line)) = lines.next_line().await {
                let is_hello = line.starts_with("event: hello");
                said.push(line);
                if is_hello {
                    it.app.ingest().message(&meter, "vigia/m1/telemetry", br#"{"power_w":7}"#).await.expect("stored");
                }
                if said.last().is_some_and(|line| line.contains("device_update")) {
                    lifecycle.end();
                }
            }
        };
        let stop = async {
            lifecycle.ended().await;
            lifecycle.stop().await;
        };
        tokio::time::timeout(Duration::from_secs(9), async { tokio::join!(read, stop) }).await.expect("it ends with the server, in time");
        assert!(said[0].starts_with("HTTP/1.1 200"), "{said:?}");
        assert!(said.iter().any(|line| line.starts_with("data: {\"id\":")) && said.iter().any(|line| line == "0"), "ended in good order: {said:?}");
    }
}
