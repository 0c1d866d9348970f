//! A PostgreSQL that goes away.

use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use vigia_backend::fleet::Directory;
use vigia_backend::mqtt::{Directory as _, Unavailable, Whose};

use crate::support::{Engine, Installation, postgres_url};

/// Passes on to PostgreSQL until it is dropped; its address.
async fn relay() -> (JoinSet<()>, String) {
    let url = postgres_url().await;
    let (rest, database) = url.rsplit_once('/').expect("a database");
    let (user, server) = rest.rsplit_once('@').expect("a user");
    let door = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let through = format!("{user}@{}/{database}", door.local_addr().expect("bound"));
    let (mut relay, server) = (JoinSet::new(), server.to_owned());
    relay.spawn(async move {
        let mut wires = JoinSet::new();
        while let Ok((mut near, _)) = door.accept().await {
            let mut far = TcpStream::connect(&server).await.expect("it listens");
            wires.spawn(async move { copy_bidirectional(&mut near, &mut far).await });
        }
    });
    (relay, through)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whether_it_is_ready_is_said_soon() {
    let (mut relay, url) = relay().await;
    let mut it = Installation::with(Engine::Postgres, [("VIGIA_DATABASE__URL".to_owned(), url)]).await;
    it.ask(Method::GET, "/readyz", &[], "").await;
    relay.shutdown().await;
    it.world.advance(5_000);
    #[expect(clippy::disallowed_methods, reason = "the test measures the real time")]
    let begun = Instant::now();
    assert_eq!(it.ask(Method::GET, "/readyz", &[], "").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(begun.elapsed() < Duration::from_millis(2_900), "{:?}", begun.elapsed());
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_which_nobody_can_say_now_whose_it_is_is_no_strangers() {
    let (mut relay, url) = relay().await;
    let mut it = Installation::with(Engine::Postgres, [("VIGIA_DATABASE__URL".to_owned(), url)]).await;
    let directory = Directory::of(&it.app, it.gate());
    directory.refresh().await.expect("read");
    assert_eq!(directory.whose("home/oven/events/rpc").await, Ok(Whose::Stranger));
    relay.shutdown().await;
    assert_eq!(directory.whose("home/oven/events/rpc").await, Err(Unavailable), "it may have been named in the meantime");
    it.close().await;
}
