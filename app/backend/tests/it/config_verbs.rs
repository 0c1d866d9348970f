//! Opening the data: what is refused, and with which words.

use vigia_backend::config::Settings;
use vigia_backend::db::Databases;
use vigia_backend::mqtt::Gate as _;

use crate::support::{Engine, Installation};

fn settings(dir: &std::path::Path) -> Settings {
    let nothing = tempfile::NamedTempFile::new().expect("a file");
    let environment = [("VIGIA_DATA__DIR".to_owned(), dir.display().to_string())];
    Settings::load(Some(nothing.path()), environment).expect("good settings")
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named_with_the_way_out() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let error = Databases::open(&settings(&file.path().join("below-a-file"))).await.expect_err("refused").to_string();
    assert!(error.starts_with("data.dir: ") && error.contains("VIGIA_DATA__DIR"), "{error}");
}

#[tokio::test]
async fn data_of_a_newer_version_is_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    Databases::open(&settings(dir.path())).await.expect("made").close().await;
    let db = sqlx::SqlitePool::connect(&format!("sqlite:{}", dir.path().join("vigia.db").display())).await.expect("opened");
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'future', 1, x'00', 0)",
    )
    .execute(&db)
    .await
    .expect("a step from the future");
    db.close().await;
    let error = Databases::open(&settings(dir.path())).await.expect_err("refused").to_string();
    assert!(error.contains("newer version of Vigía") && error.contains("9999"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("vigia.db"), "this is no database, and long enough to be sure of it").expect("written");
    let error = Databases::open(&settings(dir.path())).await.expect_err("refused").to_string();
    assert!(error.contains("vigia.db") && !error.contains('\n'), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_together_on_a_new_folder_do_not_disturb_each_other() {
    for _ in 0..5 {
        let dir = tempfile::tempdir().expect("a folder");
        let settings = settings(&dir.path().join("data"));
        let opened = futures_util::future::join_all((0..6).map(|_| Databases::open(&settings))).await;
        for databases in opened {
            databases.expect("each of them").close().await;
        }
    }
}

#[tokio::test]
async fn what_was_open_to_others_is_closed_to_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    Databases::open(&settings(&data)).await.expect("made").close().await;
    assert_eq!((mode(&data), mode(&data.join("vigia.db")), mode(&data.join("telemetry.db"))), (0o700, 0o600, 0o600), "made so");
    set_mode(&data, 0o755);
    set_mode(&data.join("vigia.db"), 0o644);
    Databases::open(&settings(&data)).await.expect("opened").close().await;
    assert_eq!((mode(&data), mode(&data.join("vigia.db"))), (0o700, 0o600), "and mended");

    std::fs::write(data.join("notes.txt"), "somebody else's").expect("written");
    set_mode(&data, 0o755);
    set_mode(&data.join("vigia.db"), 0o644);
    Databases::open(&settings(&data)).await.expect("opened").close().await;
    assert_eq!((mode(&data), mode(&data.join("vigia.db"))), (0o755, 0o600), "a folder with other things in it stays as it is");
}

fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("ours");
}

#[tokio::test]
async fn half_a_folder_is_refused_and_nobody_inherits_anothers_readings() {
    let mut it = Installation::new(Engine::Sqlite).await;
    let (meter, _) = it.device("anas-meter", None).await;
    it.gate().accept(&meter, "vigia/anas-meter/telemetry", br#"{"power_w": 4321}"#.as_slice().into(), 1).await.expect("stored");
    let dir = tempfile::tempdir().expect("a folder");
    for lost in ["vigia.db", "telemetry.db"] {
        let data = dir.path().join(lost);
        std::fs::create_dir(&data).expect("made");
        it.copy_to(&data).await;
        std::fs::remove_file(data.join(lost)).expect("removed");
        for _ in 0..2 {
            let error = Databases::open(&settings(&data)).await.expect_err("refused").to_string();
            assert!(error.starts_with("data.dir: vigia.db and telemetry.db in ") && error.contains("do not belong together"), "{error}");
        }
    }
    it.close().await;
    // Both moved away is a beginning; and so is a first start that ended half-way.
    let fresh = dir.path().join("fresh");
    Databases::open(&settings(&fresh)).await.expect("made").close().await;
    std::fs::remove_file(fresh.join("telemetry.db")).expect("removed");
    Databases::open(&settings(&fresh)).await.expect("nothing was in it").close().await;
}
