//! The table of sizes at the end of a build: what a visitor downloads is a feature to watch.

use crate::place::Mode;
use crate::site::Site;

/// What every first visit loads (the font comes after the text is readable, the rest where it is needed).
const FIRST_PAGE: [&str; 3] = ["wasm", "js", "css"];

pub(crate) fn table(site: &Site, mode: Mode) -> String {
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
    lines.join("\n")
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
