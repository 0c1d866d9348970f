//! Connections that say nothing, or half of something, take nothing from the others.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use vigia_backend::http::{self, Limits};
use vigia_backend::lifecycle::Ending;
use vigia_domain::rights::Scope;

use crate::support::{Engine, Installation};

const SOON: Duration = Duration::from_millis(300);
const LATER: Duration = Duration::from_secs(5);

async fn serve(it: &Installation, limits: Limits) -> SocketAddr {
    http::serve_within(&it.app, it.router.clone(), limits).await.expect("it listens")
}

async fn say(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(text.as_bytes()).await.expect("sent");
    stream
}

/// What comes until the server hangs up.
async fn hear(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    let _ = timeout(LATER, stream.read_to_end(&mut heard)).await.expect("hung up in time");
    String::from_utf8(heard).expect("text")
}

const ALIVE: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_get_to_the_end_of_the_headers_is_hung_up_on() {
    let mut it = Installation::new(Engine::Sqlite).await;
    let address = serve(&it, Limits { header_time: SOON, ..Limits::default() }).await;
    let (mut silent, mut half, mut idle) =
        (say(address, "").await, say(address, "GET /healthz HTTP/1.1\r\nHo").await, say(address, ALIVE).await);
    assert_eq!(hear(&mut silent).await, "");
    assert!(!hear(&mut half).await.starts_with("HTTP/1.1 200"));
    let answer = hear(&mut idle).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("alive\n"), "it was answered, and then too silent: {answer}");
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_too_many_waits_until_the_silent_are_gone() {
    let mut it = Installation::new(Engine::Sqlite).await;
    let address = serve(&it, Limits { connections: 3, header_time: Duration::from_secs(1), ..Limits::default() }).await;
    let _silent = [say(address, "").await, say(address, "").await, say(address, "").await];
    let mut late = say(address, ALIVE).await;
    assert!(timeout(SOON, late.readable()).await.is_err(), "there is a bound");
    assert!(hear(&mut late).await.starts_with("HTTP/1.1 200"), "and it gives way");
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_connection_keeps_its_place() {
    let mut it = Installation::new(Engine::Sqlite).await;
    let key = it.key("panel", &[Scope::TelemetryRead]).await;
    let address = serve(&it, Limits { connections: 1, header_time: SOON, ..Limits::default() }).await;
    let mut request = format!("ws://{address}/api/v1/live").into_client_request().expect("an address");
    request.headers_mut().insert("x-api-key", key.parse().expect("a header"));
    let (live, _) = tokio_tungstenite::connect_async(request).await.expect("connected");
    let mut late = say(address, ALIVE).await;
    assert!(timeout(SOON * 3, late.readable()).await.is_err(), "it is still open, however long it is silent");
    drop(live);
    assert!(hear(&mut late).await.starts_with("HTTP/1.1 200"));
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_silent_do_not_hold_up_the_end() {
    let mut it = Installation::new(Engine::Sqlite).await;
    let address = serve(&it, Limits::default()).await;
    let idle = say(address, ALIVE).await;
    idle.readable().await.expect("answered");
    let _silent = [say(address, "").await, idle];
    tokio::time::sleep(Duration::from_millis(100)).await;
    #[expect(clippy::disallowed_methods, reason = "the test measures the real time")]
    let begun = Instant::now();
    assert_eq!(it.app.lifecycle().stop().await, Ending::Clean);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    it.close().await;
}
