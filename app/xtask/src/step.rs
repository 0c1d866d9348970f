//! A step of the build: made only when what it is made from has changed, and there wholly or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::fingerprint::Fingerprint;
use crate::place::{Mode, Place};
use crate::tools;

/// Counted up when a step's own code changes what it makes.
const EDITION: &[u8] = b"3";

/// Returns the folder with what `make` wrote. `inputs` is the fingerprint of all that the result depends on.
pub(crate) fn step(place: &Place, name: &str, inputs: Fingerprint, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let done = place.steps.join(name);
    let stamp = place.steps.join(format!("{name}.stamp"));
    let key = inputs.with(EDITION).hex();
    if done.is_dir() && fs::read_to_string(&stamp).is_ok_and(|old| old == key) {
        return Ok(done);
    }

    let work = place.steps.join(format!("{name}.work"));
    // The stamp goes first and comes last: an interruption between leaves a step that is made again.
    remove_file(&stamp)?;
    remove_folder(&work)?;
    fs::create_dir_all(&work).with_context(|| format!("cannot make the folder {}", work.display()))?;
    make(&work)?;
    if place.mode == Mode::Release {
        tools::node(place, "compress.mjs", [work.as_os_str()])?;
    }
    remove_folder(&done)?;
    fs::rename(&work, &done)?;
    write(&stamp, key.as_bytes())?;
    Ok(done)
}

/// Writes a file in one step: a reader sees the old one or the new one.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).with_context(|| format!("cannot write {}", path.display()))
}

pub(crate) fn remove_file(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

fn remove_folder(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}
