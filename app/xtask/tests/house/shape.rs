//! Small files.

use crate::tree::{files, none_of};

const MOST_LINES: usize = 500;

const WRITTEN_BY_HAND: [&str; 8] = [".rs", ".css", ".ts", ".mjs", ".js", ".sh", ".sql", ".ino"];

#[test]
fn no_file_is_longer_than_500_lines() {
    let findings: Vec<String> = files()
        .iter()
        .filter(|file| file.ends_with_any(&WRITTEN_BY_HAND))
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(file, lines)| format!("{}: {lines} lines", file.path))
        .collect();
    none_of(&findings, "A file is one idea: the second idea in it moves into a file of its own.");
}
