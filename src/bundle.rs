//! The browser bundle: inside a release binary, in `target/site` while developing.

use std::borrow::Cow;

use rust_embed::Embed;
use vigia_backend::http::assets::{AssetNames, Files};

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/target/site"]
#[allow_missing = true]
struct Site;

/// Read by nobody: it makes cargo compile this file again when there is a new bundle.
const _: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/target/site/assets.json"));

/// The files of the bundle.
pub(crate) struct Bundle;

impl Files for Bundle {
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        Site::get(path).map(|file| file.data)
    }
}

/// Where the bundle's files are. Without a bundle (a plain `cargo run`) pages come without their styles and scripts.
pub(crate) fn names() -> AssetNames {
    Site::get("assets.json").and_then(|file| serde_json::from_slice(&file.data).ok()).unwrap_or_default()
}
