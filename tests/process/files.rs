//! The system's limits.

use std::process::Command;

use crate::server::{Server, vigia};

#[test]
fn the_server_takes_as_many_files_as_it_may() {
    let dir = tempfile::tempdir().expect("a folder");
    let program = vigia(&dir.path().join("data"));
    let mut narrow = Command::new("bash");
    narrow.args(["-c", "ulimit -Sn 256; exec \"$@\"", "bash"]).arg(program.get_program());
    narrow.current_dir(dir.path()).envs(program.get_envs().filter_map(|(key, value)| Some((key, value?))));
    let server = Server::start(&mut narrow);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.child.id())).expect("it runs");
    let files = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line").split_whitespace();
    let counts: Vec<u64> = files.filter_map(|word| word.parse().ok()).collect();
    assert!(counts[0] > 256 && counts[0] == counts[1].min(65_536), "{limits}");
}
