//! What the program stands on breaks under full load: the disk is full, PostgreSQL is killed, the wire to an external broker is cut. What was acknowledged is there, nothing is acknowledged
//! that is not, and it goes on by itself when the trouble is over.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::load::{CONNECTIONS, House, clean, program, rounds};
use crate::mosquitto::Mosquitto;
use crate::relay::Relay;
use crate::server::Server;

/// A small file system of its own, as long as the test runs.
pub struct Small<'d>(&'d Path);

impl<'d> Small<'d> {
    /// `None` where one may not make file systems.
    pub fn mount(dir: &'d Path, options: &str) -> Option<Self> {
        std::fs::create_dir_all(dir).expect("a folder");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "vigia-test"]).arg(dir).output().ok()?;
        done.status.success().then_some(Self(dir))
    }

    /// Mounts it anew: with another size, read-only.
    pub fn turn(&self, options: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(self.0).status().expect("mount runs");
        assert!(done.success());
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let dir = tempfile::tempdir().expect("a folder");
    let place = dir.path().join("small");
    let Some(small) = Small::mount(&place, "size=20m") else {
        println!("left out: only root may make a small file system to fill");
        return;
    };
    let data = place.join("data");
    let house = House::new(&data, None).await;
    let server = Server::start(&mut program(&data, None));
    let mut running = house.load(&server, 0..CONNECTIONS, 0, Duration::from_secs(120));
    let outcome = running.join_next().await.expect("one load").expect("it does not panic");
    assert!(
        outcome.failed > 0 && outcome.acknowledged > 1_000,
        "{} acknowledged, {} connections refused",
        outcome.acknowledged,
        outcome.failed
    );
    let (status, ready) = server.ask("GET", "/readyz", &[&format!("X-API-Key: {}", house.key)], "");
    assert!(status == 503 && ready.contains("the disk is full"), "{ready}");
    assert_eq!(server.ask("GET", "/healthz", &[], "").0, 200, "it is alive");
    let found = house.look_up(&server, &outcome, "while the disk is full");
    small.turn("size=200m");
    house.post_until_stored(&server);
    clean(&data, None, "with room again");
    server.signal("-KILL");
    drop(server);
    let again = Server::start(&mut program(&data, None));
    house.look_up(&again, &outcome, "after a kill");
    clean(&data, None, "after a kill");
    println!("{found} acknowledged messages, all there");
    drop(again);
    drop(small);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_killed_and_comes_back_has_everything() {
    let mut own = tokio::task::spawn_blocking(crate::postgres::start).await.expect("PostgreSQL starts");
    let url = own.url("postgres");
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let house = House::new(&data, Some(&url)).await;
    let server = Server::start(&mut program(&data, Some(&url)));
    for round in 0..rounds().min(5) {
        let mut running = house.load(&server, 0..CONNECTIONS, round, Duration::from_secs(12));
        let failed = tokio::task::block_in_place(|| {
            let (failed, messages) = (house.count(&server, "ingest_failed"), house.count(&server, "ingest_messages"));
            house.wait_for_messages(&server, messages + 200);
            failed
        });
        // Every other time surely in the midst of a transaction, else wherever it is just then.
        let is_held = round % 2 == 0;
        let mut holder = PgConnection::connect(&url).await.expect("opened");
        if is_held {
            holder.execute("BEGIN; LOCK TABLE log IN SHARE MODE").await.expect("held");
            // Where its transaction waits the server has the messages of many connections in its hands.
            let waits = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'log'::regclass";
            while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut holder).await.expect("asked") == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        tokio::task::block_in_place(|| own.crash());
        let outcome = running.join_next().await.expect("one load").expect("it does not panic");
        assert!(outcome.acknowledged > 0, "nothing was acknowledged, so nothing was proved");
        tokio::task::block_in_place(|| {
            let failed = house.count(&server, "ingest_failed") - failed;
            let under_way = failed > 0 && outcome.failed > 0 && outcome.sent > outcome.acknowledged;
            assert!(under_way || !is_held, "it was killed without anything under way: {failed} not stored");
            house.post_until_stored(&server);
            let found = house.look_up(&server, &outcome, &format!("round {round}"));
            let chunks = clean(&data, Some(&url), &format!("round {round}"));
            assert!(round == 0 || chunks > 0, "it was killed while it sealed");
            println!(
                "round {round}: {found} acknowledged messages, all there; {failed} were not stored, {} connections ended, {chunks} chunks",
                outcome.failed
            );
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wire_to_an_external_broker_that_is_cut_again_and_again_loses_nothing() {
    let mosquitto = tokio::task::block_in_place(Mosquitto::open);
    let relay = Relay::to(mosquitto.address).await;
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let house = House::new(&data, None).await;
    let mut with_broker = program(&data, None);
    with_broker.env("VIGIA_MQTT__BROKER", format!("mqtt://127.0.0.1:{}", relay.port));
    let server = tokio::task::block_in_place(|| Server::start(&mut with_broker));
    for round in 0..rounds() {
        // The broker takes what it is sent whether we keep up or not: so many a second that we do between two cuts.
        let mut running = house.load_at(mosquitto.address, 0..CONNECTIONS, round, Duration::from_secs(6), Some(2_000.0));
        let losses = tokio::task::block_in_place(|| house.count(&server, "external_losses"));
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(900)).await;
            relay.cut();
        }
        let outcome = running.join_next().await.expect("one load").expect("it does not panic");
        assert!(outcome.acknowledged > 1_000, "{} acknowledged", outcome.acknowledged);
        tokio::task::block_in_place(|| {
            // What the broker still holds comes; when nothing comes any more, all of it is there.
            let (mut before, mut still) = (None, 0);
            for _ in 0..400 {
                std::thread::sleep(Duration::from_millis(300));
                let now = Some(house.count(&server, "ingest_messages"));
                let is_ready = server.ask("GET", "/readyz", &[], "").0 == 200;
                still = if is_ready && now == before { still + 1 } else { 0 };
                before = now;
                if still == 10 {
                    break;
                }
            }
            // At least the one that stood when the round began: how soon it comes back is a matter of growing pauses.
            assert!(house.count(&server, "external_losses") > losses, "it was cut");
            let found = house.look_up(&server, &outcome, &format!("round {round}"));
            println!("round {round}: {found} acknowledged messages, all there; {} connections were refused", outcome.failed);
        });
    }
    drop(server);
    tokio::task::block_in_place(|| clean(&data, None, "in the end"));
}
