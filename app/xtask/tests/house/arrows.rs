//! `src -> web -> backend -> domain`: who may know whom.

use crate::tree::{file, files, none_of};

/// A package, its folder, and the packages of ours that it may use.
const HOUSE: [(&str, &str, &[&str]); 5] = [
    ("vigia-domain", "app/domain/", &[]),
    ("vigia-backend", "app/backend/", &["vigia-domain"]),
    ("vigia-web", "app/web/", &["vigia-domain", "vigia-backend"]),
    ("vigia", "src/", &["vigia-domain", "vigia-backend", "vigia-web"]),
    ("xtask", "app/xtask/", &[]),
];

const LIBRARIES: [&str; 3] = ["vigia-domain", "vigia-backend", "vigia-web"];

const MEND: &str = "Arrows run src -> web -> backend -> domain. Move the shared thing down (words and rules to domain), \
or pass it in from above.";

#[test]
fn manifests_keep_the_direction() {
    let mut findings = Vec::new();
    for (package, folder, allowed) in HOUSE {
        let path = if package == "vigia" { "Cargo.toml".to_owned() } else { format!("{folder}Cargo.toml") };
        for (section, key) in dependencies(&file(&path).text) {
            if LIBRARIES.contains(&key.as_str()) && !allowed.contains(&key.as_str()) {
                findings.push(format!("{path}: [{section}] {key}"));
            }
        }
    }
    none_of(&findings, MEND);
}

#[test]
fn sources_keep_the_direction() {
    let mut findings = Vec::new();
    for (_, folder, allowed) in HOUSE.iter().filter(|(package, ..)| *package != "xtask") {
        for file in files().iter().filter(|file| file.path.starts_with(folder) && file.path.ends_with(".rs")) {
            for (number, line) in file.lines() {
                for library in LIBRARIES.iter().filter(|library| !allowed.contains(library)) {
                    let path = format!("{}::", library.replace('-', "_"));
                    // A crate's own name in its examples is no arrow.
                    if line.contains(&path) && !file.path.starts_with(&folder_of(library)) {
                        findings.push(format!("{}:{number}: {path}", file.path));
                    }
                }
            }
        }
    }
    none_of(&findings, MEND);
}

#[test]
fn the_browser_sees_only_the_domain() {
    let findings: Vec<String> = ["app/web/Cargo.toml", "Cargo.toml"]
        .into_iter()
        .flat_map(|path| dependencies(&file(path).text).into_iter().map(move |(section, key)| (path, section, key)))
        .filter(|(_, section, key)| key == "vigia-backend" && !section.starts_with("workspace") && !section.contains("not(target_arch"))
        .map(|(path, section, key)| format!("{path}: [{section}] {key}"))
        .collect();
    none_of(&findings, "Put it under [target.'cfg(not(target_arch = \"wasm32\"))'.dependencies]: the back end is not for browsers.");
}

fn folder_of(library: &str) -> String {
    HOUSE.iter().find(|(package, ..)| *package == library).map(|(_, folder, _)| (*folder).to_owned()).unwrap_or_default()
}

/// Section and name of every dependency of a manifest, the workspace's own list aside.
fn dependencies(manifest: &str) -> Vec<(String, String)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if section.ends_with("dependencies") && !section.starts_with("workspace") {
            let key: String = line.chars().take_while(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect();
            if !key.is_empty() {
                found.push((section.clone(), key));
            }
        }
    }
    found
}

#[test]
fn a_dependency_is_seen_in_every_section() {
    let manifest =
        "[dependencies]\na.workspace = true\n# no\n[target.'cfg(unix)'.dev-dependencies]\nb-c = { path = \"x\" }\n[lints]\nd = 1\n";
    let names: Vec<String> = dependencies(manifest).into_iter().map(|(_, key)| key).collect();
    assert_eq!(names, ["a", "b-c"]);
}
