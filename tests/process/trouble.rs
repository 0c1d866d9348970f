//! A database that is held by somebody else, that is slow, that is read-only: who sends waits or is told, what was acknowledged is there, whoever
//! looks learns why, and it goes on by itself.

use std::path::Path;
use std::time::Duration;

use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::load::{House, clean, program};
use crate::server::{Server, run};
use crate::storm::Small;

/// Enough to keep it busy, few enough that each is heard of soon.
const FEW: usize = 20;

/// Another process's connection to the readings.
async fn other(data: &Path) -> SqliteConnection {
    let file = format!("sqlite:{}", data.join("telemetry.db").display());
    SqliteConnection::connect(&file).await.expect("opened")
}

/// Asks whether it is ready until it says why it is not.
async fn not_ready(house: &House, server: &Server, reasons: &[&str]) {
    let mut said = String::new();
    for _ in 0..100 {
        let (status, ready) = tokio::task::block_in_place(|| server.ask("GET", "/readyz", &[&format!("X-API-Key: {}", house.key)], ""));
        if status == 503 && reasons.iter().any(|reason| ready.contains(reason)) {
            return;
        }
        said = ready;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("it does not say why: {said}");
}

async fn ready_again(house: &House, server: &Server) {
    for _ in 0..100 {
        if tokio::task::block_in_place(|| server.ask("GET", "/readyz", &[&format!("X-API-Key: {}", house.key)], "")).0 == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("it is not ready again");
}

async fn failed(house: &House, server: &Server) -> u64 {
    tokio::task::block_in_place(|| house.count(server, "ingest_failed"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_process_holds_for_long_is_named_and_taken_up_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let house = House::new(&data, None).await;
    let server = Server::start(&mut program(&data, None));
    let mut running = house.load(&server, 0..FEW, 0, Duration::from_secs(60));
    tokio::task::block_in_place(|| house.wait_for_messages(&server, 200));
    let mut holder = other(&data).await;
    holder.execute("BEGIN EXCLUSIVE").await.expect("held");
    not_ready(&house, &server, &["another process holds it", "writing takes too long"]).await;
    while failed(&house, &server).await == 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(tokio::task::block_in_place(|| server.ask("GET", "/healthz", &[], "")).0, 200, "it is alive");
    // Reading goes on.
    let outcome = running.join_next().await.expect("one load").expect("it does not panic");
    assert!(
        outcome.acknowledged > 200 && outcome.failed > 0,
        "{} acknowledged, {} connections ended",
        outcome.acknowledged,
        outcome.failed
    );
    tokio::task::block_in_place(|| house.look_up(&server, &outcome, "while it is held"));
    holder.execute("ROLLBACK").await.expect("let go");
    tokio::task::block_in_place(|| house.post_until_stored(&server));
    ready_again(&house, &server).await;
    tokio::task::block_in_place(|| {
        house.look_up(&server, &outcome, "afterwards");
        clean(&data, None, "afterwards");
    });
}

/// Each commit waits for seconds, as on a disk that is slow: who sends waits, too, and what is too much is not acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_disk_is_named_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let house = House::new(&data, None).await;
    let server = Server::start(&mut program(&data, None));
    let mut running = house.load(&server, 0..FEW, 0, Duration::from_secs(20));
    tokio::task::block_in_place(|| house.wait_for_messages(&server, 200));
    let mut holder = other(&data).await;
    let slow = async {
        for _ in 0..3 {
            holder.execute("BEGIN IMMEDIATE").await.expect("held");
            tokio::time::sleep(Duration::from_millis(3_500)).await;
            holder.execute("ROLLBACK").await.expect("let go");
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
    };
    tokio::join!(slow, not_ready(&house, &server, &["writing takes too long"]));
    tokio::task::block_in_place(|| house.post_until_stored(&server));
    let (_, metrics) = tokio::task::block_in_place(|| server.ask("GET", "/metrics", &[&format!("X-API-Key: {}", house.key)], ""));
    let seconds = metrics.lines().find_map(|line| line.strip_prefix("vigia_ingest_commit_seconds_sum ")?.parse::<f64>().ok());
    assert!(seconds.is_some_and(|seconds| seconds > 3.0), "the commits that waited are in the metrics: {seconds:?}");
    let outcome = running.join_next().await.expect("one load").expect("it does not panic");
    assert!(outcome.acknowledged > 200, "{} acknowledged", outcome.acknowledged);
    ready_again(&house, &server).await;
    tokio::task::block_in_place(|| {
        house.look_up(&server, &outcome, "afterwards");
        clean(&data, None, "afterwards");
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_locks_and_then_only_reads_is_waited_for_and_named() {
    let url = crate::postgres::postgres_url().await;
    let postgres = Some(url.as_str());
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let house = House::new(&data, postgres).await;
    let server = Server::start(&mut program(&data, postgres));
    let mut admin = PgConnection::connect(&url).await.expect("opened");
    // Somebody locks the table: who sends waits.
    let mut running = house.load(&server, 0..FEW, 0, Duration::from_secs(10));
    tokio::task::block_in_place(|| house.wait_for_messages(&server, 200));
    admin.execute("BEGIN; LOCK TABLE log IN ACCESS EXCLUSIVE MODE").await.expect("locked");
    let before = tokio::task::block_in_place(|| house.count(&server, "ingest_messages"));
    tokio::time::sleep(Duration::from_secs(4)).await;
    let meanwhile = tokio::task::block_in_place(|| house.count(&server, "ingest_messages")) - before;
    assert!(meanwhile < 2_000, "{meanwhile} messages were stored in a table that was locked");
    admin.execute("ROLLBACK").await.expect("let go");
    let locked = running.join_next().await.expect("one load").expect("it does not panic");
    assert_eq!((locked.failed, failed(&house, &server).await, locked.sent), (0, 0, locked.acknowledged), "{:?}", locked.first_failure);
    // It is made read-only, as the standby is that an address suddenly leads to.
    let name = url.rsplit('/').next().expect("a database");
    let mut running = house.load(&server, 0..FEW, 1, Duration::from_secs(60));
    tokio::task::block_in_place(|| house.wait_for_messages(&server, before + 400));
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    admin.execute(format!("ALTER DATABASE {name} SET default_transaction_read_only = on").as_str()).await.expect("set");
    admin.execute(ended).await.expect("ended");
    not_ready(&house, &server, &["it is read-only"]).await;
    let cut = running.join_next().await.expect("one load").expect("it does not panic");
    assert!(cut.failed > 0 && failed(&house, &server).await > 0, "{} connections ended", cut.failed);
    tokio::task::block_in_place(|| house.look_up(&server, &cut, "while it is read-only"));
    admin.execute("SET default_transaction_read_only = off").await.expect("set");
    admin.execute(format!("ALTER DATABASE {name} RESET default_transaction_read_only").as_str()).await.expect("set");
    admin.execute(ended).await.expect("ended");
    tokio::task::block_in_place(|| house.post_until_stored(&server));
    ready_again(&house, &server).await;
    tokio::task::block_in_place(|| {
        house.look_up(&server, &locked, "afterwards");
        house.look_up(&server, &cut, "afterwards");
        clean(&data, postgres, "afterwards");
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_read_only_stops_the_start_in_one_sentence_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let place = dir.path().join("small");
    let Some(small) = Small::mount(&place, "size=200m") else {
        println!("left out: only root may make a file system to turn read-only");
        return;
    };
    let data = place.join("data");
    let house = House::new(&data, None).await;
    let server = Server::start(&mut program(&data, None));
    let mut running = house.load(&server, 0..FEW, 0, Duration::from_secs(2));
    let outcome = running.join_next().await.expect("one load").expect("it does not panic");
    assert!(outcome.acknowledged > 0);
    server.signal("-KILL");
    drop(server);
    small.turn("ro");
    let refused = run(program(&data, None).arg("serve"));
    let line = String::from_utf8(refused.stderr).expect("text");
    assert!(!refused.status.success() && line.trim_end().lines().count() == 1 && line.contains(&*data.display().to_string()), "{line}");
    small.turn("rw");
    let again = Server::start(&mut program(&data, None));
    tokio::task::block_in_place(|| {
        house.look_up(&again, &outcome, "when it can be written again");
        house.post_until_stored(&again);
        clean(&data, None, "when it can be written again");
    });
    drop(again);
    drop(small);
}
