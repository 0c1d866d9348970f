//! Where things are.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// What a bundle is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Small: optimised as a whole, compressed as far as it goes. What users get.
    Release,
    /// Quick to build, neither optimised nor compressed.
    Dev,
}

impl Mode {
    /// The cargo profile of the browser half (see the root `Cargo.toml`).
    pub(crate) fn profile(self) -> &'static str {
        match self {
            Self::Release => "wasm",
            Self::Dev => "wasm-dev",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "dev",
        }
    }
}

/// The folders that the build reads and writes.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) mode: Mode,
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, which a CI run keeps outside the checkout.
    pub(crate) target: PathBuf,
    /// Finished steps, each with the fingerprint of what it was made from.
    pub(crate) steps: PathBuf,
    /// What the program embeds. Always in the checkout, where `rust-embed` looks for it.
    pub(crate) site: PathBuf,
}

impl Place {
    pub(crate) fn find(mode: Mode) -> Result<Self> {
        // Asked now and not when this was compiled: a target folder that is kept may have been filled from another checkout.
        let here = std::env::var_os("CARGO_MANIFEST_DIR").context("start me by cargo run --package xtask")?;
        let root = PathBuf::from(here).ancestors().nth(2).map(PathBuf::from).context("app/xtask stands two folders below the checkout")?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
        Ok(Self { mode, steps: target.join("bundle").join(mode.folder()), site: root.join("target").join("site"), root, target })
    }
}
