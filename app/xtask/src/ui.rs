//! The browser half of the program: Rust to WASM, wasm-bindgen, wasm-opt, one module of JavaScript.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::{Options, SplitWasm, transform};

use crate::fingerprint::{Fingerprint, read};
use crate::leave_out::leave_out;
use crate::place::{Mode, Place};
use crate::{shorten, step, tools};

/// What wasm-bindgen's files are called.
pub(crate) const NAME: &str = "vigia";

/// What Rust's compiler may use, and so what wasm-opt must leave standing.
const FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Returns the folder with `vigia.wasm` and `vigia.js`.
pub(crate) fn build(place: &Place) -> Result<PathBuf> {
    let compiled = compile(place)?;
    let bytes = read(&compiled)?;
    let inputs = Fingerprint::of(&bytes)
        .with_path(&place.root.join("app/xtask/src/ui.rs"))?
        .with_path(&place.root.join("app/xtask/src/shorten.rs"))?
        .with_path(&place.root.join("app/xtask/src/leave_out.rs"))?
        .with_path(&place.root.join("bundle/glue.mjs"))?
        .with_path(&place.root.join("bundle/targets.mjs"))?
        .with_path(&place.root.join("package-lock.json"))?;
    step::step(place, "ui", inputs, |folder| bind(place, &bytes, folder))
}

/// Cargo tells the warnings of our own packages again even where it has nothing to do: after a bundle this is quick.
pub(crate) fn refuse_warnings(place: &Place) -> Result<()> {
    let output = cargo(place)?.output().context("cannot start cargo")?;
    let words = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || words.lines().any(|line| line.starts_with("warning")) {
        bail!("{words}\nmend the warnings above: they are of the build for the browser");
    }
    Ok(())
}

fn cargo(place: &Place) -> Result<Command> {
    let mut cargo = tools::browser_cargo(place)?;
    cargo.args(["--lib", "--package", "vigia", "--profile", place.mode.profile()]);
    // What is cut out later has to be found in the finished file.
    cargo.args(["--", "-C", "link-arg=--emit-relocs"]);
    Ok(cargo)
}

/// Cargo itself knows whether there is anything to do.
fn compile(place: &Place) -> Result<PathBuf> {
    tools::run(cargo(place)?, "cargo, for the browser,")?;
    Ok(tools::browser_target(place).join(tools::BROWSER).join(place.mode.profile()).join("vigia_ui.wasm"))
}

/// Cuts the pages out that are loaded later, binds the rest to the browser, makes all of it small, and one module of the JavaScript.
fn bind(place: &Place, bytes: &[u8], folder: &Path) -> Result<()> {
    let raw = folder.join("raw");
    let main = folder.join("main.wasm");
    let SplitWasm { split_modules: parts, prefetch_map: needs, .. } = split(&leave_out(bytes)?, &raw, &main)?;
    let bound = Bindgen::new()
        .input_path(&main)
        .keep_lld_exports(true)
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .typescript(false)
                .keep_debug(false)
                .remove_name_section(place.mode == Mode::Release)
                .remove_producers_section(true)
                .out_name(NAME)
                .generate_output()
        })
        .context("wasm-bindgen failed")?;
    shorten::emit(bound, &raw)?;
    finish(place, &raw.join("vigia_bg.wasm"), &folder.join("vigia.wasm"))?;
    let mut link = fs::read_to_string(raw.join(LINK))?;
    let mut names = BTreeMap::new();
    for part in parts {
        let whole = folder.join("part.wasm");
        finish(place, &part, &whole)?;
        let old = part.file_name().and_then(|name| name.to_str()).context("a part without a name")?;
        // The JavaScript names it, so it gets its last name here.
        let new = format!("{}-{}.wasm", part_name(old), Fingerprint::of(&read(&whole)?).hex());
        let (from, to) = (format!("\"./{old}\""), format!("\"./{new}\""));
        if !link.contains(&from) {
            bail!("nothing loads the part {old}");
        }
        link = link.replace(&from, &to);
        fs::rename(whole, folder.join(&new))?;
        names.insert(old.trim_end_matches(".wasm").to_owned(), new);
    }
    fs::write(folder.join(NEEDS), listed(&needs, &names))?;
    fs::write(raw.join(LINK), link)?;
    tools::node(place, "glue.mjs", [raw.join("vigia.js").as_os_str(), folder.join("vigia.js").as_os_str()])?;
    fs::remove_file(main)?;
    fs::remove_dir_all(raw)?;
    Ok(())
}

/// The JavaScript that loads the parts; it becomes part of the module.
const LINK: &str = "parts.js";

/// What each part consists of: its name and its files, a part a line. What several of them need is in files of its own.
pub(crate) const NEEDS: &str = "parts";

fn listed(needs: &HashMap<String, Vec<String>>, names: &BTreeMap<String, String>) -> String {
    let mut lines: Vec<String> = needs
        .iter()
        .map(|(part, files)| {
            let files: Vec<&str> = files.iter().filter_map(|file| names.get(file)).map(String::as_str).collect();
            format!("{part} {}\n", files.join(" "))
        })
        .collect();
    lines.sort();
    lines.concat()
}

/// Writes the main part to `main`, the others and what loads them into `folder`.
fn split(bytes: &[u8], folder: &Path, main: &Path) -> Result<SplitWasm> {
    let link = format!("./{LINK}");
    let mut options = Options::new(bytes);
    (options.output_dir, options.main_out_path, options.link_name, options.main_module) = (folder, main, &link, "./vigia.js");
    transform(options).map_err(|reason| anyhow!("cutting the parts out failed: {reason:#}"))
}

/// `device` of `split_device.wasm`.
fn part_name(file: &str) -> &str {
    let stem = file.trim_end_matches(".wasm");
    stem.strip_prefix("split_").unwrap_or(stem)
}

/// A module of WASM as it travels.
fn finish(place: &Place, from: &Path, to: &Path) -> Result<()> {
    match place.mode {
        Mode::Dev => Ok(fs::rename(from, to)?),
        Mode::Release => optimise(place, from, to),
    }
}

fn optimise(place: &Place, from: &Path, to: &Path) -> Result<()> {
    let mut command = Command::new("node");
    command
        .current_dir(&place.root)
        .arg("node_modules/binaryen/bin/wasm-opt")
        .args(FEATURES)
        // Not -Oz: what it makes is smaller on the disk and larger on the way, for it packs worse.
        // What is called once is put in its place only while it is small: larger ones pack worse there (1.3 KB).
        .args(["-Os", "--one-caller-inline-max-function-size=40", "--strip-debug", "--strip-producers", "--strip-target-features"])
        .arg(from)
        .arg("-o")
        .arg(to);
    tools::run(command, "wasm-opt")
}
