//! Nothing that holds on one machine alone.

use crate::tree::{File, file, files, none_of};

/// Put together here, so that this file does not find itself.
fn foreign_paths() -> Vec<String> {
    let folders = ["work", "root", "home"].map(|folder| format!("/{folder}/"));
    folders.into_iter().chain([format!("..{}", "/shared")]).collect()
}

fn registry_hosts() -> Vec<String> {
    [
        ["index.", "crates.io"],
        ["static.", "crates.io"],
        ["//", "crates.io"],
        ["npmjs", ".org"],
        ["npmjs", ".com"],
        ["pypi", ".org"],
        ["python", "hosted.org"],
        ["deb.", "debian.org"],
    ]
    .map(|parts| parts.concat())
    .into()
}

#[test]
fn nothing_outside_the_checkout_is_named() {
    let findings = find(&foreign_paths());
    none_of(&findings, "Whoever clones the project has only the checkout: bring what is needed into it, and name it relative to it.");
}

#[test]
fn no_registry_host_is_named() {
    let findings = find(&registry_hosts());
    none_of(&findings, "Name packages, never the host they come from: each machine has its own mirror.");
}

#[test]
fn the_npm_lock_holds_no_addresses() {
    let lock = file("package-lock.json");
    let resolved = lock.lines().filter(|(_, line)| line.contains("\"resolved\":")).count();
    assert_eq!(resolved, 0, "package-lock.json: write it with npm 9 or newer inside the checkout, whose .npmrc leaves addresses out");
}

fn find(needles: &[String]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files().iter().filter(|file| file.path != "Cargo.lock") {
        for (number, line) in file.lines() {
            for needle in needles.iter().filter(|needle| holds(line, needle)) {
                findings.push(at(file, number, needle));
            }
        }
    }
    findings
}

/// A path starts where no name goes on: `end2end/home/` is ours.
fn holds(line: &str, needle: &str) -> bool {
    line.match_indices(needle).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        !needle.starts_with('/') || before.is_none_or(|before| !before.is_alphanumeric() && !"_-.}*$)".contains(before))
    })
}

fn at(file: &File, number: usize, needle: &str) -> String {
    format!("{}:{number}: {needle}", file.path)
}
