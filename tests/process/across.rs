//! Two processes behind one Mosquitto and one PostgreSQL: who listens to one of them hears what came in through the other, once, and only
//! of devices that are theirs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::mosquitto::{ADMIN, Mosquitto};
use crate::server::{Server, said, vigia};

/// How long something may take that has to cross processes.
const PATIENCE: Duration = Duration::from_secs(20);

struct Pair {
    mosquitto: Mosquitto,
    url: String,
    dirs: [tempfile::TempDir; 2],
    servers: Vec<Server>,
    key: String,
}

impl Pair {
    async fn new() -> Self {
        let url = crate::postgres::postgres_url().await;
        let dirs = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
        let mosquitto = tokio::task::block_in_place(Mosquitto::dynamic);
        let mut pair = Self { mosquitto, url, dirs, servers: Vec::new(), key: String::new() };
        pair.key = pair.said(&["api-key", "add", "test", "--scope", "telemetry:read,devices:control,metrics:read"]);
        for n in 0..2 {
            let server = tokio::task::block_in_place(|| Server::start(&mut pair.program(&pair.data(n))));
            pair.servers.push(server);
        }
        for n in 0..2 {
            pair.until("it is ready", || pair.ask(n, "GET", "/readyz", "").0 == 200);
        }
        pair
    }

    fn data(&self, server: usize) -> PathBuf {
        self.dirs[server].path().join("data")
    }

    fn program(&self, data: &Path) -> Command {
        let mut command = vigia(data);
        command
            .env("VIGIA_DATABASE__URL", &self.url)
            .env("VIGIA_MQTT__BROKER", format!("mqtt://{}", self.mosquitto.address))
            .env("VIGIA_MQTT__USER", ADMIN.0)
            .env("VIGIA_MQTT__PASSWORD", ADMIN.1)
            .env("VIGIA_MQTT__DYNAMIC_SECURITY", "true")
            .env("VIGIA_MQTT__GROUP", "vigia");
        command
    }

    fn said(&self, verb: &[&str]) -> String {
        tokio::task::block_in_place(|| said(self.program(&self.data(0)).args(verb)))
    }

    fn ask(&self, server: usize, method: &str, path: &str, body: &str) -> (u16, String) {
        let key = format!("X-API-Key: {}", self.key);
        tokio::task::block_in_place(|| self.servers[server].ask(method, path, &[&key, "Content-Type: application/json"], body))
    }

    /// A device says something to the broker; it is for one of the processes.
    fn tell(&self, device: &(String, String), leaf: &str, message: &str) {
        let topic = format!("vigia/{}/{leaf}", device.0);
        let told = tokio::task::block_in_place(|| self.mosquitto.publish((&device.0, &device.1), &topic, message));
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    }

    /// How many messages this process has stored.
    fn stored(&self, server: usize) -> u64 {
        let (_, metrics) = self.ask(server, "GET", "/metrics", "");
        metrics.lines().find_map(|line| line.strip_prefix("vigia_ingest_messages_total ")?.parse().ok()).expect("it is counted")
    }

    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let begun = now();
        while !holds() {
            assert!(begun.elapsed() < PATIENCE, "not in time: {what}");
            tokio::task::block_in_place(|| std::thread::sleep(Duration::from_millis(50)));
        }
    }

    /// What the installation is called in what its processes tell each other.
    fn installation(&self, device: &(String, String)) -> String {
        let args = ["-t", "vigia/$live/+/+/+", "-F", "%t", "-C", "1", "-W", "20"];
        let listener = self.mosquitto.client("mosquitto_sub", ADMIN, &args).stdout(Stdio::piped()).spawn().expect("installed");
        tokio::task::block_in_place(|| std::thread::sleep(Duration::from_millis(500)));
        self.tell(device, "telemetry", r#"{"power_w": 2}"#);
        let heard = tokio::task::block_in_place(|| listener.wait_with_output()).expect("ended").stdout;
        String::from_utf8_lossy(&heard).split('/').nth(2).expect("somebody told something").to_owned()
    }

    fn device(&self, id: &str) -> (String, String) {
        (id.to_owned(), self.said(&["device", "add", id, "--kind", "energy_meter"]))
    }

    /// The stream of m2 at a process, which has said hello.
    fn stream(&self, server: usize) -> Stream {
        tokio::task::block_in_place(|| {
            let mut connection = TcpStream::connect(self.servers[server].http).expect("it listens");
            connection.set_read_timeout(Some(PATIENCE)).expect("a time");
            write!(connection, "GET /api/v1/stream/devices?serial=m2 HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\n\r\n", self.key)
                .expect("sent");
            let mut stream = Stream { reader: BufReader::new(connection) };
            stream.until("event: hello");
            stream
        })
    }

    /// Somebody who signs in at a process, and the cookie that they have then.
    fn customer(&self, server: usize, email: &str) -> String {
        tokio::task::block_in_place(|| {
            let mut verb = self.program(&self.data(0));
            verb.args(["user", "add", email, "--role", "customer", "--password-stdin"]).stdin(Stdio::piped()).stdout(Stdio::null());
            let mut child = verb.spawn().expect("it starts");
            child.stdin.take().expect("piped").write_all(b"correct horse\n").expect("written");
            assert!(child.wait().expect("it ends").success());
            let body = format!("email={}&password=correct+horse&next=%2Fdevices", email.replace('@', "%40"));
            let headers = ["Content-Type: application/x-www-form-urlencoded", "Accept: application/json"];
            let answer = self.servers[server].ask_whole("POST", "/ui/sign-in", &headers, &body);
            let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).and_then(|cookie| cookie.split(';').next());
            cookie.expect("signed in").to_owned()
        })
    }

    async fn listen(&self, server: usize, who: (&'static str, &str), devices: &[&str]) -> Socket {
        let mut request = format!("ws://{}/api/v1/live", self.servers[server].http).into_client_request().expect("a request");
        request.headers_mut().insert(who.0, who.1.parse().expect("a header"));
        let (stream, _) = tokio_tungstenite::connect_async(request).await.expect("connected");
        let mut socket = Socket { stream };
        let topics: Vec<_> = devices.iter().map(|id| format!("device/{id}")).collect();
        socket.stream.send(Message::text(json!({ "subscribe": topics }).to_string())).await.expect("said");
        socket
    }
}

struct Stream {
    reader: BufReader<TcpStream>,
}

impl Stream {
    /// Reads until a line has this in it.
    fn until(&mut self, wanted: &str) {
        let mut line = String::new();
        while !line.contains(wanted) {
            line.clear();
            assert!(self.reader.read_line(&mut line).expect("in time") > 0, "the stream ended before {wanted}");
        }
    }
}

struct Socket {
    stream: tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>,
}

impl Socket {
    /// The next message; `None` when nothing comes for so long.
    async fn next(&mut self, within: Duration) -> Option<Value> {
        let text = async {
            loop {
                match self.stream.next().await.expect("open").expect("good") {
                    Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                    Message::Close(frame) => panic!("closed: {frame:?}"),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(within, text).await.ok()
    }

    /// Waits for a message that is so, and says what came before it.
    async fn until(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut before = Vec::new();
        loop {
            let Some(heard) = self.next(PATIENCE).await else { panic!("not heard in time: {what}; before it {before:?}") };
            if is_it(&heard) {
                return before;
            }
            before.push(heard);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the servers that are tested have the real clock, too")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the servers that are tested have the real clock, too")]
fn now_ms() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("later").as_millis()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_to_one_process_hears_what_came_in_through_the_other() {
    let pair = Pair::new().await;
    let (m1, m2) = (pair.device("m1"), pair.device("m2"));
    let cookies = [pair.customer(0, "ana@example.com"), pair.customer(1, "eva@example.com")];
    let own = ("own".to_owned(), pair.said(&["device", "add", "own", "--kind", "energy_meter", "--owner", "ana@example.com"]));
    let mut listeners = Vec::new();
    for server in 0..2 {
        listeners.push(pair.listen(server, ("X-API-Key", &pair.key), &["m1", "m2", "own"]).await);
    }
    let mut customers = Vec::new();
    for (server, cookie) in cookies.iter().enumerate() {
        let mut customer = pair.listen(server, ("Cookie", cookie), &["m1", "own"]).await;
        // Ana has one of them, eva none.
        for _ in 0..=server {
            assert_eq!(customer.next(PATIENCE).await.expect("refused")["error"]["status"], 404);
        }
        customers.push(customer);
    }
    // The broker gives its messages to one process or the other. Each of them is heard at both, once.
    let before = [pair.stored(0), pair.stored(1)];
    for n in 1..=20 {
        pair.tell(&m1, "telemetry", &format!(r#"{{"power_w": {n}}}"#));
        for listener in &mut listeners {
            let between = listener.until("the value", |heard| heard["values"]["power_w"] == json!(f64::from(n))).await;
            assert!(between.iter().all(|heard| heard["values"] == json!({}) && heard["online"] != false), "{between:?}");
        }
    }
    let both = [pair.stored(0) - before[0], pair.stored(1) - before[1]];
    assert!(both[0] > 0 && both[1] > 0 && both[0] + both[1] == 20, "each process had some of them: {both:?}");

    // A goodbye and a coming back, known to both for longer than the database takes to tell.
    for (status, online) in [(r#"{"online": false}"#, false), (r#"{"online": true}"#, true), (r#"{"online": false}"#, false)] {
        pair.tell(&m1, "status", status);
        for (server, listener) in listeners.iter_mut().enumerate() {
            listener.until("it came or went", |heard| heard["online"] == online).await;
            let (_, page) = pair.ask(server, "GET", "/api/v1/devices/m1", "");
            assert!(page.contains(if online { r#""presence":"online""# } else { r#""presence":"offline""# }), "{page}");
        }
        for listener in &mut listeners {
            assert_eq!(listener.next(Duration::from_millis(2_500)).await, None, "and that stays so");
        }
    }

    // How far a command has come, whoever asked for it and whoever sent it.
    pair.tell(&m2, "telemetry", r#"{"power_w": 1}"#);
    for listener in &mut listeners {
        listener.until("it is there", |heard| heard["topic"] == "device/m2").await;
    }
    let (status, made) = pair.ask(1, "POST", "/api/v1/devices/m2/commands", r#"{"name": "switch.set", "params": {"on": true}}"#);
    assert!(status == 202 || status == 201, "{status} {made}");
    let command = serde_json::from_str::<Value>(&made).expect("JSON")["id"].as_str().expect("its id").to_owned();
    for listener in &mut listeners {
        listener.until("it is sent", |heard| heard["commands"][&command] == "sent").await;
    }
    pair.tell(&m2, "command/result", &format!(r#"{{"id": "{command}", "ok": true}}"#));
    for listener in &mut listeners {
        listener.until("it is done", |heard| heard["commands"][&command] == "done").await;
    }

    // A stream of the IoT Backend's apps, which tells of a device as it is: what is posted to one process is in it at the other.
    let mut stream = pair.stream(1);
    let authorization = format!("Authorization: Bearer {}", m2.1);
    for n in 70..75 {
        let body = format!(r#"{{"power_w": {n}}}"#);
        let posted = tokio::task::block_in_place(|| pair.servers[0].ask("POST", "/api/v1/devices/m2/telemetry", &[&authorization], &body));
        assert_eq!(posted.0, 202);
        tokio::task::block_in_place(|| stream.until(&format!(r#""parametros":{{"power_w":{n}.0}}"#)));
        for listener in &mut listeners {
            listener.until("what was posted", |heard| heard["values"]["power_w"] == json!(f64::from(n))).await;
        }
    }

    // A device may not speak for a process.
    let forged = r#"{"update":{"topic":"device/m1","at":"2099-01-01T00:00:00.000Z","values":{"power_w":666}},"heard":1}"#;
    let told = tokio::task::block_in_place(|| pair.mosquitto.publish((&m2.0, &m2.1), "vigia/$live/other/m1", forged));
    assert!(String::from_utf8_lossy(&told.stderr).to_lowercase().contains("not authori"), "{told:?}");
    pair.tell(&own, "telemetry", r#"{"power_w": 3}"#);
    for listener in &mut listeners {
        let before = listener.until("what came after it", |heard| heard["topic"] == "device/own").await;
        assert!(!before.iter().any(|heard| heard["values"]["power_w"] == 666.0), "{before:?}");
    }
    // Customers hear of what is theirs, and of nothing else: eva has no device.
    let own_alone = customers[0].until("her own", |heard| heard["topic"] == "device/own").await;
    assert!(own_alone.is_empty(), "{own_alone:?}");
    assert_eq!(customers[1].next(Duration::from_millis(500)).await, None);

    // Who keeps other keys of the broker than a device's is believed: the same message from the server's own account is heard.
    let installation = pair.installation(&m2);
    let forged = forged.replace(r#""heard""#, &format!(r#""sent_ms":{},"heard""#, now_ms()));
    let say = |topic: &str, word: &str| {
        let told = tokio::task::block_in_place(|| pair.mosquitto.publish(ADMIN, topic, word));
        assert!(told.status.success());
    };
    // Not of another installation at this broker, nor of a device that has another number here.
    say("vigia/$live/mill/other/m1", &forged.replace("666", "667"));
    say(&format!("vigia/$live/{installation}/other/m1"), &forged.replace("666", "668").replace(r#""heard":1"#, r#""heard":99"#));
    say(&format!("vigia/$live/{installation}/other/m1"), &forged);
    for listener in &mut listeners {
        let before = listener.until("the other process", |heard| heard["values"]["power_w"] == 666.0).await;
        assert!(!before.iter().any(|heard| heard["values"]["power_w"].as_f64() > Some(666.0)), "{before:?}");
    }
}
