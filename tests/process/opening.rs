//! Opening the databases while somebody else holds them, or over a network.

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use crate::server::{run, said, vigia};

#[test]
fn a_lock_that_nobody_gives_back_is_named_and_the_server_can_be_ended_meanwhile() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    said(vigia(&data).args(["user", "list"]));
    let held = File::options().append(true).open(data.join("open.lock")).expect("it was made");
    held.lock().expect("nobody holds it");
    let mut server = vigia(&data).arg("serve").stderr(Stdio::piped()).spawn().expect("it starts");
    let list = std::thread::spawn({
        let data = data.clone();
        move || run(vigia(&data).args(["user", "list"]))
    });
    std::thread::sleep(Duration::from_secs(1));
    let told = std::process::Command::new("kill").arg("-TERM").arg(server.id().to_string()).status().expect("kill runs");
    assert!(told.success());
    std::thread::sleep(Duration::from_secs(2));
    let ended = server.try_wait().expect("asked");
    let _ = server.kill();
    let _ = server.wait();
    assert_eq!(ended.expect("it ended at once").code(), Some(0));
    let list = list.join().expect("it ran");
    let line = String::from_utf8(list.stderr).expect("text");
    assert_eq!((list.status.code(), line.lines().count()), (Some(1), 1), "{line}");
    assert!(line.contains("data.dir") && line.contains("open.lock") && line.contains("fuser"), "{line}");
    drop(held);
    said(vigia(&data).args(["user", "list"]));
}

#[test]
fn a_verb_on_postgres_says_nothing_but_its_result() {
    let dir = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let url = runtime.block_on(crate::postgres::postgres_url());
    for _ in 0..2 {
        let output = run(vigia(&dir.path().join("data")).args(["user", "list"]).env("VIGIA_DATABASE__URL", &url));
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
    }
}
