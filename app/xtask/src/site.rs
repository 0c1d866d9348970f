//! The finished site: collected in memory, then laid into `target/site`, `assets.json` last.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::fingerprint::{Fingerprint, files_below, read};
use crate::place::Place;
use crate::step::{remove_file, write};

/// Where hashed files stand: a browser may keep them for ever.
const HASHED: &str = "assets";

/// Before the name of a part, where `assets.json` has the addresses of all its files.
pub(crate) const NEEDS: &str = "needs_";

/// Endings of the compressed twins.
pub(crate) const TWINS: [&str; 2] = ["br", "gz"];

#[derive(Debug, Default)]
pub(crate) struct Site {
    /// Path below the site to content.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Name in `assets.json` to address.
    pub(crate) addresses: BTreeMap<String, String>,
}

impl Site {
    /// Adds a file under a name that says its content, with its compressed twins, and returns its address.
    pub(crate) fn add_hashed(&mut self, key: &str, file: &Path) -> Result<String> {
        let bytes = read(file)?;
        let (stem, ending) = file
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.rsplit_once('.'))
            .with_context(|| format!("{} has no ending", file.display()))?;
        let path = format!("{HASHED}/{stem}-{}.{ending}", Fingerprint::of(&bytes).hex());
        self.add(key, path, file, bytes)
    }

    /// Adds a part of the browser half, which is named after its content already: `device-0123.wasm` as `wasm_device`.
    pub(crate) fn add_part(&mut self, file: &Path) -> Result<()> {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some((part, _)) = name.rsplit_once('-') {
            self.add(&format!("wasm_{part}"), format!("{HASHED}/{name}"), file, read(file)?)?;
        }
        Ok(())
    }

    /// Adds the addresses of all files that a part of the browser half consists of, as `needs_device`.
    pub(crate) fn add_needs(&mut self, line: &str) {
        if let Some((part, files)) = line.split_once(' ') {
            let addresses: Vec<String> = files.split_whitespace().map(|file| format!("/{HASHED}/{file}")).collect();
            self.addresses.insert(format!("{NEEDS}{part}"), addresses.join(" "));
        }
    }

    fn add(&mut self, key: &str, path: String, file: &Path, bytes: Vec<u8>) -> Result<String> {
        let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        for twin in TWINS {
            let beside = file.with_extension(format!("{ending}.{twin}"));
            if beside.is_file() {
                self.files.insert(format!("{path}.{twin}"), read(&beside)?);
            }
        }
        self.files.insert(path.clone(), bytes);
        let address = format!("/{path}");
        self.addresses.insert(key.to_owned(), address.clone());
        Ok(address)
    }

    /// Adds every file of a folder under its own name, below `prefix`.
    pub(crate) fn add_named(&mut self, prefix: &str, folder: &Path) -> Result<()> {
        for file in files_below(folder)? {
            let name = file.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
            self.files.insert(format!("{prefix}{name}"), read(&file)?);
        }
        Ok(())
    }

    /// Makes `target/site` hold exactly this. Files that are there already are not touched, so that nothing is
    /// compiled again for them; old ones go after `assets.json` no longer names them.
    pub(crate) fn publish(mut self, place: &Place) -> Result<Self> {
        let build = self.files.iter().fold(Fingerprint::new(), |hash, (name, bytes)| hash.with(name.as_bytes()).with(bytes));
        // One value that changes with anything: the program is built again, open pages load again.
        self.addresses.insert("build".to_owned(), build.hex());

        for (name, bytes) in &self.files {
            let path = place.site.join(name);
            if fs::read(&path).is_ok_and(|old| old == *bytes) {
                continue;
            }
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
            }
            write(&path, bytes)?;
        }
        let list = place.site.join("assets.json");
        let text = self.list();
        if fs::read_to_string(&list).map_or(true, |old| old != text) {
            write(&list, text.as_bytes())?;
        }
        for file in files_below(&place.site)? {
            let name = file.strip_prefix(&place.site)?.to_string_lossy().replace('\\', "/");
            if name != "assets.json" && !self.files.contains_key(&name) {
                remove_file(&file)?;
            }
        }
        Ok(self)
    }

    /// Keys, file names and hashes need no escaping.
    fn list(&self) -> String {
        let lines: Vec<String> = self.addresses.iter().map(|(key, value)| format!("  \"{key}\": \"{value}\"")).collect();
        format!("{{\n{}\n}}\n", lines.join(",\n"))
    }
}
