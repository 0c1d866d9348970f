//! What an acknowledgement stands on, and that readers do not hold it up.

use std::time::Duration;

use bytes::Bytes;
use sqlx::Connection as _;
use vigia_backend::config::Settings;
use vigia_backend::db::{Databases, devices};
use vigia_backend::mqtt::Gate as _;

use crate::support::{Engine, Installation, both, postgres_url};

both! {
    async fn a_commit_waits_for_the_disk(it: Installation) {
        let word = if it.engine == Engine::Sqlite { "2" } else { "on" };
        for db in [it.app.registry(), it.app.telemetry_db()] {
            assert_eq!(db.commit_waits_for().await.expect("asked"), word);
        }
    }
}

#[tokio::test]
async fn a_server_that_says_otherwise_is_overruled() {
    let url = postgres_url().await;
    let mut admin = sqlx::PgConnection::connect(&url).await.expect("opened");
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut admin).await.expect("asked");
    sqlx::query(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).execute(&mut admin).await.expect("set");
    let dir = tempfile::tempdir().expect("a folder");
    let nothing = tempfile::NamedTempFile::new().expect("a file");
    let environment = [("VIGIA_DATA__DIR".to_owned(), dir.path().display().to_string()), ("VIGIA_DATABASE__URL".to_owned(), url)];
    let databases = Databases::open(&Settings::load(Some(nothing.path()), environment).expect("good")).await.expect("opened");
    assert_eq!(databases.registry.commit_waits_for().await.expect("asked"), "on");
    assert_eq!(databases.telemetry.commit_waits_for().await.expect("asked"), "on");
    databases.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reading_is_stored_while_every_other_connection_waits() {
    let mut it = Installation::new(Engine::Postgres).await;
    let (device, _) = it.device("m1", None).await;
    let mut lock = it.postgres().await;
    sqlx::raw_sql("BEGIN; LOCK TABLE devices IN ACCESS EXCLUSIVE MODE").execute(&mut lock).await.expect("locked");
    let asking = (0..40).map(|_| devices::by_id(it.app.registry(), &device.id));
    let gate = it.gate();
    let stored = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let said = gate.accept(&device, "vigia/m1/telemetry", Bytes::from_static(br#"{"power_w": 5}"#), 1);
        let stored = tokio::time::timeout(Duration::from_secs(3), said).await;
        sqlx::raw_sql("ROLLBACK").execute(&mut lock).await.expect("let go");
        stored
    };
    let (stored, _) = tokio::join!(stored, futures_util::future::join_all(asking));
    assert!(matches!(stored, Ok(Ok(()))), "it did not wait for the readers");
    it.close().await;
}
