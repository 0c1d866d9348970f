//! The browser half of the program: Rust to WASM, wasm-bindgen, wasm-opt, one module of JavaScript.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::fingerprint::{Fingerprint, read};
use crate::place::{Mode, Place};
use crate::{step, tools};

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
        .with_path(&place.root.join("bundle/glue.mjs"))?
        .with_path(&place.root.join("bundle/targets.mjs"))?
        .with_path(&place.root.join("package-lock.json"))?;
    step::step(place, "ui", inputs, |folder| bind(place, bytes, folder))
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
    Ok(cargo)
}

/// Cargo itself knows whether there is anything to do.
fn compile(place: &Place) -> Result<PathBuf> {
    tools::run(cargo(place)?, "cargo, for the browser,")?;
    Ok(tools::browser_target(place).join(tools::BROWSER).join(place.mode.profile()).join("vigia_ui.wasm"))
}

fn bind(place: &Place, bytes: Vec<u8>, folder: &Path) -> Result<()> {
    let raw = folder.join("raw");
    Bindgen::new()
        .input_bytes("vigia", bytes)
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .typescript(false)
                .keep_debug(false)
                .remove_name_section(place.mode == Mode::Release)
                .remove_producers_section(true)
                .generate(&raw)
        })
        .context("wasm-bindgen failed")?;

    tools::node(place, "glue.mjs", [raw.join("vigia.js").as_os_str(), folder.join("vigia.js").as_os_str()])?;
    let wasm = folder.join("vigia.wasm");
    match place.mode {
        Mode::Dev => fs::rename(raw.join("vigia_bg.wasm"), wasm)?,
        Mode::Release => optimise(place, &raw.join("vigia_bg.wasm"), &wasm)?,
    }
    fs::remove_dir_all(raw)?;
    Ok(())
}

fn optimise(place: &Place, from: &Path, to: &Path) -> Result<()> {
    let mut command = Command::new("node");
    command
        .current_dir(&place.root)
        .arg("node_modules/binaryen/bin/wasm-opt")
        .args(FEATURES)
        .args(["-Oz", "--strip-debug", "--strip-producers", "--strip-target-features"])
        .arg(from)
        .arg("-o")
        .arg(to);
    tools::run(command, "wasm-opt")
}
