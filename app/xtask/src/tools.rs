//! The programs that the build calls: node's, and cargo for the browser.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::place::Place;

pub(crate) const BROWSER: &str = "wasm32-unknown-unknown";

/// Where Debian's packages put Rust. Beside rustup's, they must be called by their whole name.
const DEBIAN: &str = "/usr/bin";

/// Runs a script of `bundle/`.
pub(crate) fn node<I, S>(place: &Place, script: &str, arguments: I) -> Result<()>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new("node");
    command.current_dir(&place.root).arg(place.root.join("bundle").join(script)).args(arguments);
    run(command, &format!("bundle/{script}"))
}

/// Runs a program to its end, its words going to the terminal.
pub(crate) fn run(mut command: Command, name: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {name}"))?;
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    Ok(())
}

/// Cargo of the checkout's own toolchain.
pub(crate) fn cargo(place: &Place) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(&place.root);
    // What the cargo that started us set for us alone.
    for name in ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "RUST_RECURSION_COUNT"] {
        command.env_remove(name);
    }
    command
}

/// Cargo for the browser: the toolchain's own if it has the standard library for it, else Debian's with the
/// library that `setup/browser-std.sh` built. Both compile into a target folder of their own, for two compilers
/// in one folder would take turns throwing away each other's notes.
pub(crate) fn browser_cargo(place: &Place) -> Result<Command> {
    let mut command = cargo(place);
    if !toolchain_serves_browser(place)? {
        let sysroot = private_sysroot()?;
        command = Command::new(Path::new(DEBIAN).join("cargo"));
        command
            .current_dir(&place.root)
            .env("PATH", path_with_debian_first()?)
            .env("RUSTC", Path::new(DEBIAN).join("rustc"))
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", format!("--sysroot={}", sysroot.display()));
        for name in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "LD_LIBRARY_PATH"] {
            command.env_remove(name);
        }
    }
    command.arg("rustc").arg("--target").arg(BROWSER).arg("--target-dir").arg(browser_target(place));
    Ok(command)
}

/// Where `browser_cargo` compiles to.
pub(crate) fn browser_target(place: &Place) -> PathBuf {
    place.target.join("browser")
}

fn toolchain_serves_browser(place: &Place) -> Result<bool> {
    let output = Command::new("rustc")
        .current_dir(&place.root)
        .args(["--print", "sysroot"])
        .output()
        .context("cannot start rustc: is Rust installed?")?;
    if !output.status.success() {
        bail!("rustc does not answer: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok(sysroot.join("lib/rustlib").join(BROWSER).join("lib").is_dir())
}

/// The folder is named after the version of the compiler that made it, and was put there whole.
fn private_sysroot() -> Result<PathBuf> {
    const MEND: &str = "there is no Rust standard library for the browser here: run `make setup`";
    let version = Command::new(Path::new(DEBIAN).join("rustc")).arg("--version").output().context(MEND)?;
    let version = String::from_utf8_lossy(&version.stdout).split(' ').nth(1).context(MEND)?.to_owned();
    let sysroot = cache()?.join("browser-sysroot").join(version);
    if !sysroot.is_dir() {
        bail!(MEND);
    }
    Ok(sysroot)
}

/// The same folder as in `setup/say.sh`.
fn cache() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("VIGIA_CACHE") {
        return Ok(folder.into());
    }
    let caches = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let caches = caches.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
    Ok(caches.context("HOME is not set: set it, or VIGIA_CACHE")?.join("vigia"))
}

fn path_with_debian_first() -> Result<std::ffi::OsString> {
    let rest = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(PathBuf::from(DEBIAN)).chain(env::split_paths(&rest));
    env::join_paths(folders).context("PATH cannot be extended")
}
