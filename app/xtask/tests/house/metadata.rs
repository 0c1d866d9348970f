//! What the packages say of themselves, and settings that would fail without a word.

use crate::tree::{file, none_of, root};

const MEMBERS: [&str; 5] = ["Cargo.toml", "app/domain/Cargo.toml", "app/backend/Cargo.toml", "app/web/Cargo.toml", "app/xtask/Cargo.toml"];

#[test]
fn every_package_takes_licence_and_edition_from_the_workspace() {
    let mut findings = Vec::new();
    for path in MEMBERS {
        let text = file(path).text;
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            if !text.contains(&format!("\n{key}.workspace = true")) {
                findings.push(format!("{path}: {key}.workspace = true"));
            }
        }
        if !text.contains("\ndescription = \"") {
            findings.push(format!("{path}: description"));
        }
        if !text.contains("[lints]\nworkspace = true") {
            findings.push(format!("{path}: [lints] workspace = true"));
        }
    }
    none_of(&findings, "Add the missing lines to [package].");
}

#[test]
fn the_workspace_is_edition_2024_under_mit_or_apache() {
    let text = file("Cargo.toml").text;
    assert!(text.contains("edition = \"2024\""), "Cargo.toml: edition = \"2024\"");
    assert!(text.contains("license = \"MIT OR Apache-2.0\""), "Cargo.toml: license = \"MIT OR Apache-2.0\"");
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(root().join(name).is_file(), "{name} is missing: both licences are passed on with the program");
    }
}

#[test]
fn the_browser_half_is_a_cdylib_alone_and_keeps_its_names() {
    let text = file("Cargo.toml").text;
    assert!(text.contains("crate-type = [\"cdylib\"]"), "Cargo.toml: beside another crate type cargo drops LTO without a word");
    let profile = text.split("[profile.wasm]").nth(1).and_then(|rest| rest.split("\n[").next()).expect("Cargo.toml has [profile.wasm]");
    assert!(profile.contains("strip = \"none\""), "[profile.wasm] strip = \"none\": wasm-bindgen and wasm-opt need the names");
    assert!(profile.contains("lto = \"fat\""), "[profile.wasm] lto = \"fat\": the bundle is half as large by it");
}

#[test]
fn leptos_is_a_stable_release() {
    let lock = file("Cargo.lock").text;
    let version = lock.split("name = \"leptos\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("missing");
    assert!(version.starts_with("0.8.") && !version.contains('-'), "leptos {version}: pin the stable 0.8 in Cargo.toml");
}
