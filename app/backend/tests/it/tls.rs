//! TLS of our own, spoken with by a real client.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use vigia_backend::http::{self, Limits, ServeError, TlsError};
use vigia_backend::lifecycle::Ending;

use crate::support::{Engine, Installation};

/// Writes a new certificate with its key; the certificate.
fn certify(dir: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["vigia.test".to_owned()]).expect("made");
    std::fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).expect("written");
    std::fs::write(dir.join("cert.pem"), made.cert.pem()).expect("written");
    made.cert.der().clone()
}

async fn installation(dir: &Path) -> Installation {
    let file = |name: &str| dir.join(name).display().to_string();
    let tls = [("VIGIA_HTTP__TLS__CERTIFICATE", file("cert.pem")), ("VIGIA_HTTP__TLS__KEY", file("key.pem"))];
    Installation::with(Engine::Sqlite, tls.map(|(key, value)| (key.to_owned(), value))).await
}

/// A connection of a client that believes this certificate and no other.
async fn connect(address: SocketAddr, trusted: &CertificateDer<'static>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let config = config.expect("known versions").with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("vigia.test").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, TcpStream::connect(address).await?).await
}

async fn ask(mut connection: TlsStream<TcpStream>, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.expect("answered");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_served_and_who_says_nothing_holds_up_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    let trusted = certify(dir.path());
    let mut it = installation(dir.path()).await;
    let address = http::serve(&it.app, it.router.clone()).await.expect("it listens");
    assert!(it.app.base_url().starts_with("https://127.0.0.1:"), "{}", it.app.base_url());
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(address).await.expect("connected"));
    }
    let connection = tokio::time::timeout(Duration::from_secs(3), connect(address, &trusted)).await;
    let answer = ask(connection.expect("in time").expect("a handshake"), "/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "from this machine, which the peer's address says: {answer}");
    let mut plain = TcpStream::connect(address).await.expect("connected");
    plain.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let mut heard = Vec::new();
    plain.read_to_end(&mut heard).await.expect("it is hung up");
    assert!(!heard.starts_with(b"HTTP"), "nothing is said in plaintext");
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_begins_the_handshake_is_hung_up_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let trusted = certify(dir.path());
    let mut it = installation(dir.path()).await;
    let limits = Limits { connections: 4, handshake_time: Duration::from_millis(300), ..Limits::default() };
    let address = http::serve_within(&it.app, it.router.clone(), limits).await.expect("it listens");
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(TcpStream::connect(address).await.expect("connected"));
    }
    let connection = tokio::time::timeout(Duration::from_secs(3), connect(address, &trusted)).await;
    let answer = ask(connection.expect("in time").expect("a handshake"), "/healthz").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for mut silent in silent {
        assert_eq!(silent.read(&mut [0; 8]).await.unwrap_or(0), 0, "hung up");
    }
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_certificate_is_shown_and_a_broken_one_is_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let first = certify(dir.path());
    let mut it = installation(dir.path()).await;
    let address = http::serve(&it.app, it.router.clone()).await.expect("it listens");
    let second = certify(dir.path());
    let mut renewed = false;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if connect(address, &second).await.is_ok() {
            renewed = true;
            break;
        }
    }
    assert!(renewed && connect(address, &first).await.is_err());
    std::fs::write(dir.path().join("cert.pem"), "half a renewal").expect("written");
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    connect(address, &second).await.expect("the one from before is shown on");
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_under_way_is_finished_before_the_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let trusted = certify(dir.path());
    let mut it = installation(dir.path()).await;
    let (_, token) = it.device("m1", None).await;
    let address = http::serve(&it.app, it.router.clone()).await.expect("it listens");
    let body = r#"{"power_w": 512.3}"#;
    let mut slow = connect(address, &trusted).await.expect("connected");
    let head = format!(
        "POST /api/v1/devices/m1/telemetry HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    slow.write_all(head.as_bytes()).await.expect("sent");
    slow.write_all(&body.as_bytes()[..5]).await.expect("sent");
    slow.flush().await.expect("sent");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let rest = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(TcpStream::connect(address).await.is_err(), "nothing new is taken");
        slow.write_all(&body.as_bytes()[5..]).await.expect("sent");
        let mut answer = String::new();
        slow.read_to_string(&mut answer).await.expect("answered");
        answer
    };
    let (ending, answer) = tokio::join!(it.app.lifecycle().stop(), rest);
    assert!(ending == Ending::Clean && answer.starts_with("HTTP/1.1 202"), "{answer}");
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_cannot_be_used_are_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    certify(dir.path());
    let (good_cert, good_key) = (std::fs::read(&cert).expect("read"), std::fs::read(&key).expect("read"));
    certify(dir.path());
    let mut it = installation(dir.path()).await;
    let refused = async || match http::serve(&it.app, it.router.clone()).await {
        Err(ServeError::Tls(error)) => error,
        other => panic!("{other:?}"),
    };
    std::fs::write(&cert, &good_cert).expect("written");
    let mismatch = refused().await;
    assert!(matches!(mismatch, TlsError::Mismatch { .. }) && mismatch.to_string().starts_with("http.tls.key: "), "{mismatch}");
    std::fs::write(&cert, "nothing of use").expect("written");
    assert!(refused().await.to_string().starts_with("http.tls.certificate: "));
    std::fs::write(&cert, &good_cert).expect("written");
    std::fs::write(&key, "").expect("written");
    assert!(refused().await.to_string().contains("holds no private key"));
    std::fs::remove_file(&key).expect("removed");
    assert!(refused().await.to_string().starts_with("http.tls.key: "));
    std::fs::write(&key, &good_key).expect("written");
    http::serve(&it.app, it.router.clone()).await.expect("with both right it listens");
    it.close().await;
}
