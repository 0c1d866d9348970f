//! The ways in: TCP, TLS, WebSocket, and WebSocket in TLS.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vigia_backend::config::{Guard, Tls};
use vigia_backend::lifecycle::Lifecycle;
use vigia_backend::mqtt::Broker as _;
use vigia_backend::mqtt::embedded::{Door, EmbeddedBroker};
use vigia_backend::tls;

use crate::gate::Recorder;
use crate::wire::{Hello, framed};

const ANYWHERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// A broker with four doors: TCP, WebSocket, TLS, WebSocket in TLS.
struct House {
    broker: Arc<EmbeddedBroker>,
    gate: Arc<Recorder>,
    tasks: TaskTracker,
    lifecycle: Lifecycle,
    trusted: CertificateDer<'static>,
}

impl House {
    async fn new(dir: &Path) -> Self {
        let made = rcgen::generate_simple_self_signed(["vigia.test".to_owned()]).expect("made");
        let files = Tls { certificate: dir.join("cert.pem"), key: dir.join("key.pem") };
        std::fs::write(&files.key, made.signing_key.serialize_pem()).expect("written");
        std::fs::write(&files.certificate, made.cert.pem()).expect("written");
        let lifecycle = Lifecycle::default();
        let tls = |protocol| Some(tls::acceptor("mqtt", &files, protocol, &lifecycle).expect("good files"));
        let plain = || Door::plain(SocketAddr::from(ANYWHERE));
        let doors = vec![
            plain(),
            Door { websocket: true, ..plain() },
            Door { tls: tls("mqtt"), ..plain() },
            Door { tls: tls("http/1.1"), websocket: true, ..plain() },
        ];
        let gate = Arc::new(Recorder::default());
        let (broker, listening) = EmbeddedBroker::open(doors, Guard::Anyone, gate.clone()).await.expect("free ports");
        let tasks = TaskTracker::new();
        tasks.spawn(listening.serve(CancellationToken::new()));
        Self { broker, gate, tasks, lifecycle, trusted: made.cert.der().clone() }
    }

    async fn tcp(&self, door: usize) -> TcpStream {
        TcpStream::connect(self.broker.addresses()[door]).await.expect("it listens")
    }

    async fn tls(&self, door: usize) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusted.clone()).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
        let config = config.expect("known versions").with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("vigia.test").expect("a name");
        TlsConnector::from(Arc::new(config)).connect(name, self.tcp(door).await).await
    }

    async fn end(self) {
        self.broker.stop().await;
        self.tasks.close();
        self.tasks.wait().await;
        self.lifecycle.stop().await;
    }
}

fn telemetry() -> Vec<u8> {
    let mut body = b"\x00\x12vigia/m1/telemetry\x00\x07".to_vec();
    body.extend(b"{}");
    framed(0x32, &body)
}

const PUBACK: [u8; 4] = [0x40, 2, 0, 7];

/// Signs in and sends a reading.
async fn speak(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    stream.write_all(&Hello::of("m1", 4).packet()).await.expect("taken");
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.expect("answered");
    assert_eq!(answer, [0x20, 2, 0, 0]);
    stream.write_all(&telemetry()).await.expect("taken");
    stream.read_exact(&mut answer).await.expect("acknowledged");
    assert_eq!(answer, PUBACK);
}

async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(stream: S, path: &str, protocol: &'static str) -> Result<WebSocketStream<S>, Error> {
    let mut request = format!("ws://localhost{path}").into_client_request().expect("a request");
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(protocol));
    client_async(request, stream).await.map(|(socket, _)| socket)
}

/// The same in frames that end where no packet ends.
async fn speak_in_frames<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>) {
    let bytes = [Hello::of("m1", 4).packet(), telemetry()].concat();
    for piece in bytes.chunks(11) {
        socket.send(Message::binary(piece.to_vec())).await.expect("taken");
    }
    let mut heard = Vec::new();
    while heard.len() < 8 {
        let message = tokio::time::timeout(Duration::from_secs(5), socket.next()).await.expect("in time");
        if let Message::Binary(bytes) = message.expect("it stands").expect("good") {
            heard.extend(bytes);
        }
    }
    assert_eq!(heard, [&[0x20, 2, 0, 0][..], &PUBACK].concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_comes_in_by_every_door() {
    let dir = tempfile::tempdir().expect("a folder");
    let house = House::new(dir.path()).await;
    speak(house.tcp(0).await).await;
    speak(house.tls(2).await.expect("a handshake")).await;
    for path in ["/mqtt", "/mqtt?x=1"] {
        speak_in_frames(&mut upgrade(house.tcp(1).await, path, "mqtt").await.expect("upgraded")).await;
    }
    let mut over_tls = upgrade(house.tls(3).await.expect("a handshake"), "/mqtt", "chat, mqtt").await.expect("upgraded");
    speak_in_frames(&mut over_tls).await;
    assert_eq!(house.gate.accepted().len(), 5);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_knocks_at_the_wrong_door_is_sent_away() {
    let dir = tempfile::tempdir().expect("a folder");
    let house = House::new(dir.path()).await;
    for (path, protocol, status) in [("/", "mqtt", 404), ("/mqtt", "chat", 400)] {
        match upgrade(house.tcp(1).await, path, protocol).await {
            Err(Error::Http(answer)) => assert_eq!(answer.status(), status),
            other => panic!("{path} {protocol}: {:?}", other.map(|_| ())),
        }
    }
    // Plain MQTT where TLS is spoken, and a text where there are bytes.
    let mut plain = house.tcp(2).await;
    plain.write_all(&Hello::of("m1", 4).packet()).await.expect("sent");
    let mut heard = Vec::new();
    let _ = plain.read_to_end(&mut heard).await;
    assert!(!heard.starts_with(&[0x20]), "nothing is answered in plaintext");
    let mut socket = upgrade(house.tcp(1).await, "/mqtt", "mqtt").await.expect("upgraded");
    socket.send(Message::text("hello")).await.expect("sent");
    let end = tokio::time::timeout(Duration::from_secs(3), socket.next()).await.expect("it is hung up on");
    assert!(!matches!(end, Some(Ok(Message::Binary(_)))));
    speak(house.tls(2).await.expect("a handshake")).await;
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_cannot_make_us_take_memory_for_a_long_frame_and_a_device_can_send_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let house = House::new(dir.path()).await;
    // The head of a frame of 900 kB, and nothing of it: before the CONNECT it is hung up on at once, by its claim alone.
    let claim = [&[0x82, 0xff][..], &900_000u64.to_be_bytes(), &[1, 2, 3, 4]].concat();
    let mut stranger = upgrade(house.tcp(1).await, "/mqtt", "mqtt").await.expect("upgraded");
    stranger.get_mut().write_all(&claim).await.expect("sent");
    let end = tokio::time::timeout(Duration::from_secs(3), stranger.next()).await.expect("it is hung up on");
    assert!(!matches!(end, Some(Ok(Message::Binary(_)))));
    // The same in many pieces of one message.
    let mut stranger = upgrade(house.tcp(1).await, "/mqtt", "mqtt").await.expect("upgraded");
    let mut refused = false;
    for n in 0..20 {
        let first = if n == 0 { 0x02 } else { 0x00 };
        let piece = [&[first, 0xff][..], &60_000u64.to_be_bytes(), &[0; 4], &vec![0x10; 60_000]].concat();
        refused |= stranger.get_mut().write_all(&piece).await.is_err();
    }
    let end = tokio::time::timeout(Duration::from_secs(3), stranger.next()).await.expect("it is hung up on");
    assert!(refused || !matches!(end, Some(Ok(Message::Binary(_)))));
    // A device that was let in may send as much as over TCP, in one frame; and a reading afterwards is acknowledged.
    let mut device = upgrade(house.tcp(1).await, "/mqtt", "mqtt").await.expect("upgraded");
    device.send(Message::binary(Hello::of("m1", 4).packet())).await.expect("taken");
    assert_eq!(device.next().await.expect("it stands").expect("good"), Message::binary(vec![0x20, 2, 0, 0]));
    let mut body = b"\x00\x12vigia/m1/telemetry\x00\x07".to_vec();
    body.extend(vec![b'x'; 900_000]);
    device.send(Message::binary(framed(0x32, &body))).await.expect("taken");
    assert_eq!(device.next().await.expect("it stands").expect("good"), Message::binary(PUBACK.to_vec()));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_an_upgrade_is_bounded_in_bytes() {
    let dir = tempfile::tempdir().expect("a folder");
    let house = House::new(dir.path()).await;
    let mut endless = house.tcp(1).await;
    endless.write_all(b"GET /mqtt HTTP/1.1\r\nHost: x\r\nX: ").await.expect("sent");
    let flood = async {
        let mut sent = 0;
        while endless.write_all(&[b'x'; 8_192]).await.is_ok() {
            sent += 8_192;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        sent
    };
    let sent = tokio::time::timeout(Duration::from_secs(5), flood).await.expect("it is hung up on");
    assert!(sent < 4 << 20, "{sent} bytes, most of them in the system's buffers");
    speak_in_frames(&mut upgrade(house.tcp(1).await, "/mqtt", "mqtt").await.expect("upgraded")).await;
    house.end().await;
}
