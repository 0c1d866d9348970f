//! A house full of meters that send without end, and the question whether what was acknowledged is there: each message is looked up by its time,
//! not counted.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use vigia_backend::config::Settings;
use vigia_backend::db::Databases;
use vigia_backend::db::audit::Actor;
use vigia_backend::fleet::{self, NewDevice};
use vigia_backend::simulate::load::{self, Load, Outcome};
use vigia_backend::world::World;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;

use crate::server::{Server, run, said, vigia};

pub const CONNECTIONS: usize = 200;
const HOUR_MS: i64 = 60 * 60 * 1000;

/// How often what a test kills is killed: three times, or as `ROUNDS` says.
pub fn rounds() -> i64 {
    std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3)
}

/// Devices, and a key that reads.
pub struct House {
    pub devices: Vec<(DeviceId, String)>,
    pub key: String,
    start_ms: i64,
}

/// `vigia` with this data folder, on SQLite or on the PostgreSQL of this address. It seals a few readings at a time, so that whatever
/// happens to it happens while it seals and merges.
pub fn program(data: &Path, postgres: Option<&str>) -> Command {
    let mut command = vigia(data);
    command.env("VIGIA_TELEMETRY__SEAL_READINGS", "500");
    if let Some(url) = postgres {
        command.env("VIGIA_DATABASE__URL", url);
    }
    command
}

impl House {
    pub async fn new(data: &Path, postgres: Option<&str>) -> Self {
        let key = said(program(data, postgres).args(["api-key", "add", "test", "--scope", "telemetry:read,metrics:read"]));
        let mut environment = vec![("VIGIA_DATA__DIR".to_owned(), data.display().to_string())];
        environment.extend(postgres.map(|url| ("VIGIA_DATABASE__URL".to_owned(), url.to_owned())));
        let nothing = tempfile::NamedTempFile::new().expect("a file");
        let settings = Settings::load(Some(nothing.path()), environment).expect("good settings");
        let databases = Databases::open(&settings).await.expect("opened");
        let mut devices = Vec::new();
        for n in 0..CONNECTIONS {
            let id = DeviceId::new(format!("m{n}")).expect("a good id");
            let new = NewDevice { actor: &Actor::named("test"), id: &id, kind: DeviceKind::EnergyMeter, name: None, owner: None };
            let token = fleet::register(&databases.registry, &World::real(), new).await.expect("registered").token;
            devices.push((id, token));
        }
        databases.close().await;
        Self { devices, key, start_ms: now_ms() - 24 * HOUR_MS }
    }

    /// Begins to send from some of the devices, as much as goes through, for so long; each round tells of an hour of its own.
    pub fn load(&self, server: &Server, devices: std::ops::Range<usize>, round: i64, time: Duration) -> JoinSet<Outcome> {
        self.load_at(server.mqtt, devices, round, time, None)
    }

    /// Two thousand messages a second until it is stopped.
    pub fn load_until(&self, server: &Server, devices: std::ops::Range<usize>, stop: CancellationToken) -> JoinSet<Outcome> {
        let mut running = JoinSet::new();
        running.spawn(load::run(self.load_of(server.mqtt, devices, 0, Duration::from_secs(600), Some(2_000.0)), stop));
        running
    }

    /// The same to another broker, and so many messages a second.
    pub fn load_at(
        &self,
        broker: SocketAddr,
        devices: std::ops::Range<usize>,
        round: i64,
        time: Duration,
        rate_per_s: Option<f64>,
    ) -> JoinSet<Outcome> {
        let mut running = JoinSet::new();
        running.spawn(load::run(self.load_of(broker, devices, round, time, rate_per_s), CancellationToken::new()));
        running
    }

    fn load_of(&self, broker: SocketAddr, devices: std::ops::Range<usize>, round: i64, time: Duration, rate_per_s: Option<f64>) -> Load {
        Load {
            // Sealing takes its time by the series: with ten of each device a test waited for its chunks most of the time.
            values: 2,
            broker: broker.to_string(),
            devices: self.devices[devices].to_vec(),
            window: 8,
            rate_per_s,
            time,
            from_ms: self.start_ms + round * HOUR_MS,
            step_ms: 1,
            keep: true,
        }
    }

    /// A count of the server's own, such as `ingest_messages`.
    pub fn count(&self, server: &Server, name: &str) -> u64 {
        let (_, metrics) = server.ask("GET", "/metrics", &[&format!("X-API-Key: {}", self.key)], "");
        let line = format!("vigia_{name}_total ");
        metrics.lines().find_map(|found| found.strip_prefix(&line)?.parse().ok()).unwrap_or_else(|| panic!("no {name} in {metrics}"))
    }

    /// Waits until the load has come so far that breaking something proves something, however slow the machine is.
    pub fn wait_for_messages(&self, server: &Server, messages: u64) {
        self.wait_for(server, "ingest_messages", messages);
    }

    /// Waits until chunks were written while the load goes on.
    pub fn wait_for_chunks(&self, server: &Server) {
        self.wait_for(server, "telemetry_sealed_values", 0);
    }

    fn wait_for(&self, server: &Server, name: &str, most: u64) {
        for _ in 0..500 {
            std::thread::sleep(Duration::from_millis(100));
            if self.count(server, name) > most {
                return;
            }
        }
        panic!("the load does not come through: {name} is not above {most}");
    }

    /// Looks up every acknowledged message; says how many there are.
    pub fn look_up(&self, server: &Server, outcome: &Outcome, when: &str) -> usize {
        let mut found = 0;
        for (device, times) in &outcome.kept {
            found += times.len();
            let stored = self.stored(server, device, times);
            let lost: Vec<_> = times.iter().filter(|at| stored.binary_search(at).is_err()).collect();
            assert!(lost.is_empty(), "{when}, {device}: acknowledged and not stored: {lost:?}");
        }
        assert_eq!(found as u64, outcome.acknowledged);
        found
    }

    /// The times of a device's readings as the API has them: buckets of one millisecond, five thousand a question.
    fn stored(&self, server: &Server, device: &DeviceId, times: &[i64]) -> Vec<i64> {
        let mut stored = Vec::new();
        let (Some(mut from), Some(last)) = (times.iter().min().copied(), times.iter().max()) else { return stored };
        while from <= *last {
            let path = format!("/api/v1/devices/{device}/telemetry?metric=power_w&from={from}&to={}&points=5000", from + 5000);
            let (status, body) = server.ask("GET", &path, &[&format!("X-API-Key: {}", self.key)], "");
            assert_eq!(status, 200, "{body}");
            let series: serde_json::Value = serde_json::from_str(&body).expect("JSON");
            for point in series["points"].as_array().expect("points") {
                assert_eq!(point["count"], 1);
                stored.push(vigia_domain::time::from_text(point["at"].as_str().expect("a time")).expect("RFC 3339"));
            }
            from += 5000;
        }
        stored
    }

    /// Posts one reading; the status.
    pub fn post(&self, server: &Server, device: usize, value: f64) -> u16 {
        let (id, token) = &self.devices[device];
        let authorization = format!("Authorization: Bearer {token}");
        server.ask("POST", &format!("/api/v1/devices/{id}/telemetry"), &[&authorization], &format!(r#"{{"power_w": {value}}}"#)).0
    }

    /// Posts until it is stored, some seconds long.
    pub fn post_until_stored(&self, server: &Server) {
        for _ in 0..100 {
            if self.post(server, 0, 1.0) == 202 {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("it takes nothing any more");
    }
}

/// What `vigia check` says; it has to be clean. How many chunks it went through.
pub fn clean(data: &Path, postgres: Option<&str>, when: &str) -> u64 {
    let checked = run(program(data, postgres).arg("check"));
    let said = format!("{}{}", String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    assert!(checked.status.success() && said.starts_with("clean: "), "{when}: {said}");
    let words: Vec<&str> = said.split_whitespace().collect();
    let count = words.windows(2).find(|pair| pair[1] == "chunks,").and_then(|pair| pair[0].parse().ok());
    count.unwrap_or_else(|| panic!("no count of chunks: {said}"))
}

#[expect(clippy::disallowed_methods, reason = "the server that is tested has the real clock, too")]
fn now_ms() -> i64 {
    i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis())
        .expect("before the year 292 million")
}
