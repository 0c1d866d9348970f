//! kill -9 under full load from 200 connections: every message that got its PUBACK is there after the restart, and what is stored is whole.

use std::time::Duration;

use crate::load::{CONNECTIONS, House, clean, program, rounds};
use crate::server::Server;

/// Longer than any of them lives.
const LONG: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_on_sqlite() {
    survives(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_on_postgres() {
    let url = crate::postgres::postgres_url().await;
    survives(Some(&url)).await;
}

#[expect(clippy::print_stdout, reason = "how much was proved")]
async fn survives(postgres: Option<&str>) {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let house = House::new(&data, postgres).await;
    for round in 0..rounds() {
        let server = Server::start(&mut program(&data, postgres));
        let mut running = house.load(&server, 0..CONNECTIONS, round, LONG);
        tokio::task::block_in_place(|| {
            house.wait_for_messages(&server, 2_000);
            house.wait_for_chunks(&server);
            assert!(clean(&data, postgres, "while it is written and sealed") > 0, "chunks are there");
        });
        let sealed = tokio::task::block_in_place(|| house.count(&server, "telemetry_sealed_values"));
        server.signal("-KILL");
        let outcome = running.join_next().await.expect("one load").expect("it does not panic");
        drop(server);
        assert!(outcome.acknowledged > 1_000, "too little load to prove anything: {} acknowledged", outcome.acknowledged);
        assert!(outcome.sent > outcome.acknowledged, "it was killed with messages under way");
        let chunks = clean(&data, postgres, "after the kill");
        assert!(chunks > 0, "chunks are there");
        let again = Server::start(&mut program(&data, postgres));
        let found = house.look_up(&again, &outcome, &format!("round {round}"));
        println!("round {round}: {found} acknowledged messages, all there; {sealed} values sealed when it was killed, {chunks} chunks");
    }
}

/// Two processes on one database take the readings of one house, and one of them is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_on_one_postgres_one_is_killed_and_either_knows_everything() {
    let url = crate::postgres::postgres_url().await;
    let postgres = Some(url.as_str());
    let dir = tempfile::tempdir().expect("a folder");
    let [one, other] = ["one", "other"].map(|name| dir.path().join(name));
    let house = House::new(&one, postgres).await;
    let servers = [&one, &other].map(|data| Server::start(&mut program(data, postgres)));
    let half = CONNECTIONS / 2;
    let mut first = house.load(&servers[0], 0..half, 0, LONG);
    let mut second = house.load(&servers[1], half..CONNECTIONS, 0, LONG);
    tokio::task::block_in_place(|| {
        servers.iter().for_each(|server| house.wait_for_messages(server, 1_000));
        // Each sees what the other has stored, at once.
        assert_eq!(house.post(&servers[0], 3, 47_110.5), 202);
        let (_, latest) = servers[1].ask("GET", "/api/v1/devices/m3/latest", &[&format!("X-API-Key: {}", house.key)], "");
        assert!(latest.contains("47110.5"), "{latest}");
        // One of them seals, whichever it is.
        let sealed = (0..100).any(|_| clean(&one, postgres, "while two write") > 0);
        assert!(sealed, "neither of them seals");
    });
    servers[0].signal("-KILL");
    let killed = first.join_next().await.expect("one load").expect("it does not panic");
    let (sent, so_far) = (killed.sent, killed.acknowledged);
    assert!(sent > so_far && so_far > 500, "{so_far} of {sent}");
    assert_eq!(house.look_up(&servers[1], &killed, "through the other process") as u64, so_far);
    servers[1].signal("-KILL");
    let rest = second.join_next().await.expect("one load").expect("it does not panic");
    assert!(clean(&one, postgres, "after both were killed") > 0, "chunks are there");
    let again = Server::start(&mut program(&one, postgres));
    house.look_up(&again, &killed, "after the restart");
    house.look_up(&again, &rest, "after the restart");
}
