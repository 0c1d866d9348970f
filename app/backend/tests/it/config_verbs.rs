//! Opening the data: what is refused, and with which words.

use vigia_backend::config::Settings;
use vigia_backend::db::Databases;

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
