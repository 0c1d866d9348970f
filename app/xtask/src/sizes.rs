//! The table of sizes at the end of a build: what a visitor downloads is a feature to watch.

use anyhow::{Result, bail};

use crate::place::Mode;
use crate::site::Site;

/// What every first visit loads (the font comes after the text is readable, the rest where it is needed).
const FIRST_PAGE: [&str; 3] = ["wasm", "js", "css"];
/// The most that these may weigh together in a release, as they travel. A phone on a slow line waits for every one of them.
const MOST_BYTES: usize = 260_000;

/// The table, or what is too heavy.
pub(crate) fn table(site: &Site, mode: Mode) -> Result<String> {
    let mut lines = vec![format!("{:<14}{:>12}{:>12}", "file", "raw", "brotli")];
    let (mut raw_sum, mut br_sum) = (0, 0);
    for (key, address) in &site.addresses {
        let Some((raw, br)) = sizes(site, address) else { continue };
        if FIRST_PAGE.contains(&key.as_str()) {
            raw_sum += raw;
            br_sum += br;
        }
        lines.push(line(key, raw, br, mode));
    }
    lines.push(line("first page", raw_sum, br_sum, mode));
    let table = lines.join("\n");
    if mode == Mode::Release && br_sum > MOST_BYTES {
        bail!("{table}\nthe first page weighs more than {}: leave something out, or load it later", kilobytes(MOST_BYTES));
    }
    Ok(table)
}

fn line(name: &str, raw: usize, br: usize, mode: Mode) -> String {
    let br = if mode == Mode::Release { kilobytes(br) } else { "-".to_owned() };
    format!("{name:<14}{:>12}{br:>12}", kilobytes(raw))
}

/// Size as it is and as it travels, in bytes.
fn sizes(site: &Site, address: &str) -> Option<(usize, usize)> {
    let path = address.strip_prefix('/')?;
    let raw = site.files.get(path)?.len();
    let br = site.files.get(&format!("{path}.br")).map_or(raw, Vec::len);
    Some((raw, br))
}

fn kilobytes(bytes: usize) -> String {
    format!("{}.{} KB", bytes / 1000, bytes % 1000 / 100)
}
