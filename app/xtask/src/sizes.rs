//! The table of sizes at the end of a build: what a visitor downloads is a feature to watch. A release whose bars do not hold is none.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::place::Mode;
use crate::site::{NEEDS, Site};

/// What every first visit loads. The font is in none of the sums: the text is read before it comes.
const FIRST_PAGE: [&str; 3] = ["wasm", "js", "css"];

/// What a kind of page loads, and the most that it may weigh as it travels. A phone on a slow line waits for every byte of it.
struct Bar {
    what: &'static str,
    /// Whether it comes on top of the first page.
    is_page: bool,
    /// The part of the browser half, or else the file, that it needs besides.
    besides: &'static str,
    /// Whether what draws charts is left out.
    is_before_chart: bool,
    most_bytes: usize,
}

const fn page(what: &'static str, besides: &'static str, most_bytes: usize) -> Bar {
    Bar { what, is_page: true, besides, is_before_chart: false, most_bytes }
}

/// Each is a little above what it weighs: who makes something heavier does so knowingly.
const BARS: [Bar; 11] = [
    page("home, list, sign-in", "", 273_000),
    page("a customer's home", "mine", 280_000),
    page("and the palette", "palette", 296_000),
    page("settings", "account", 316_000),
    page("the other ways in", "doors", 280_000),
    page("people", "people", 310_000),
    page("keys and the audit log", "records", 314_000),
    Bar { is_before_chart: true, ..page("device before its chart", "device", 379_000) },
    page("device with its chart", "device", 446_000),
    page("all parts", "design", 401_000),
    Bar { is_page: false, ..page("the chart's library", "echarts", 152_000) },
];

/// The table, or what is too heavy.
pub(crate) fn table(site: &Site, mode: Mode) -> Result<String> {
    let mut lines = vec![format!("{:<24}{:>12}{:>12}", "file", "raw", "brotli")];
    for (key, address) in site.addresses.iter().filter(|(key, _)| !key.starts_with(NEEDS)) {
        if let Some((raw, br)) = sizes(site, address) {
            lines.push(line(key, raw, br, mode));
        }
    }
    lines.push(format!("{:<24}{:>12}{:>12}{:>12}", "what is loaded", "raw", "brotli", "at most"));
    let mut broken = Vec::new();
    for bar in BARS {
        let Some((raw, br)) = bar.weigh(site) else {
            broken.push(format!("{}: nothing is known of the part {:?}", bar.what, bar.besides));
            continue;
        };
        lines.push(format!("{}{:>12}", line(bar.what, raw, br, mode), kilobytes(bar.most_bytes)));
        if br > bar.most_bytes {
            broken.push(format!("{}: {} and not {}", bar.what, kilobytes(br), kilobytes(bar.most_bytes)));
        }
    }
    let table = lines.join("\n");
    if mode == Mode::Release && !broken.is_empty() {
        bail!("{table}\ntoo heavy; leave something out, or load it later:\n{}", broken.join("\n"));
    }
    Ok(table)
}

impl Bar {
    /// Sum of its files, each once; nothing where one is not there.
    fn weigh(&self, site: &Site) -> Option<(usize, usize)> {
        let mut addresses = BTreeSet::new();
        if self.is_page {
            for key in FIRST_PAGE {
                addresses.insert(site.addresses.get(key)?.as_str());
            }
        }
        if !self.besides.is_empty() {
            addresses.extend(files_of(site, self.besides).or_else(|| Some(vec![site.addresses.get(self.besides)?.as_str()]))?);
        }
        if self.is_before_chart {
            addresses.retain(|address| !is_of_charts(site, address));
        }
        addresses.into_iter().try_fold((0, 0), |sum, address| {
            let (raw, br) = sizes(site, address)?;
            Some((sum.0 + raw, sum.1 + br))
        })
    }
}

/// The addresses of a part of the browser half.
fn files_of<'a>(site: &'a Site, part: &str) -> Option<Vec<&'a str>> {
    site.addresses.get(&format!("{NEEDS}{part}")).map(|files| files.split(' ').collect())
}

/// Whether a file is what the two parts that draw charts share with no other.
fn is_of_charts(site: &Site, address: &str) -> bool {
    let is_in = |part| files_of(site, part).is_some_and(|files| files.contains(&address));
    is_in("device") && is_in("design") && !is_in("palette") && !is_in("account")
}

fn line(name: &str, raw: usize, br: usize, mode: Mode) -> String {
    let br = if mode == Mode::Release { kilobytes(br) } else { "-".to_owned() };
    format!("{name:<24}{:>12}{br:>12}", kilobytes(raw))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A site whose files travel with these weights; `shared` is needed by the parts `device` and `design`.
    fn site(weights: &[(&str, usize)]) -> Site {
        let mut site = Site::default();
        for (key, bytes) in weights {
            let path = format!("assets/{key}");
            site.files.insert(format!("{path}.br"), vec![0; *bytes]);
            site.files.insert(path.clone(), vec![0; bytes * 3]);
            site.addresses.insert((*key).to_owned(), format!("/{path}"));
        }
        for (part, files) in [
            ("mine", "wasm_mine"),
            ("palette", "wasm_palette"),
            ("account", "wasm_account"),
            ("doors", "wasm_doors"),
            ("people", "wasm_people"),
            ("records", "wasm_records"),
            ("device", "wasm_device shared"),
            ("design", "wasm_design shared"),
        ] {
            let files: Vec<_> = files.split(' ').map(|file| format!("/assets/{file}")).collect();
            site.addresses.insert(format!("{NEEDS}{part}"), files.join(" "));
        }
        site
    }

    const LIGHT: [(&str, usize); 13] = [
        ("wasm", 200_000),
        ("js", 10_000),
        ("css", 10_000),
        ("shared", 10_000),
        ("wasm_mine", 1_000),
        ("wasm_palette", 1_000),
        ("wasm_account", 1_000),
        ("wasm_doors", 1_000),
        ("wasm_people", 1_000),
        ("wasm_records", 1_000),
        ("wasm_device", 20_000),
        ("wasm_design", 20_000),
        ("echarts", 100_000),
    ];

    fn with(key: &str, bytes: usize) -> Site {
        site(&LIGHT.map(|(known, weight)| (known, if known == key { bytes } else { weight })))
    }

    #[test]
    fn a_page_weighs_all_that_it_loads_and_each_file_once() {
        let table = table(&site(&LIGHT), Mode::Release).expect("light enough");
        for told in [
            "home, list, sign-in         660.0 KB    220.0 KB    273.0 KB",
            "device before its chart     720.0 KB    240.0 KB    379.0 KB",
            "device with its chart       750.0 KB    250.0 KB    446.0 KB",
            "the chart's library         300.0 KB    100.0 KB    152.0 KB",
        ] {
            assert!(table.contains(told), "{told:?} in\n{table}");
        }
    }

    #[test]
    fn every_bar_ends_a_release_that_passes_it() {
        for (key, what) in [
            ("css", "home, list, sign-in"),
            ("wasm_mine", "a customer's home"),
            ("wasm_palette", "and the palette"),
            ("wasm_account", "settings"),
            ("wasm_doors", "the other ways in"),
            ("wasm_people", "people"),
            ("wasm_records", "keys and the audit log"),
            ("wasm_device", "device before its chart"),
            ("shared", "device with its chart"),
            ("wasm_design", "all parts"),
            ("echarts", "the chart's library"),
        ] {
            let heavy = with(key, 400_000);
            let words = table(&heavy, Mode::Release).expect_err(key).to_string();
            assert!(words.contains(&format!("\n{what}: ")), "{key}: {words}");
            assert!(table(&heavy, Mode::Dev).is_ok(), "nothing is small while one works on it");
        }
    }

    #[test]
    fn a_bar_is_passed_by_a_byte() {
        assert!(table(&with("wasm", 253_000), Mode::Release).is_ok());
        let words = table(&with("wasm", 253_001), Mode::Release).expect_err("heavier").to_string();
        assert!(words.ends_with("home, list, sign-in: 273.0 KB and not 273.0 KB"), "{words}");
    }

    #[test]
    fn a_part_that_is_called_otherwise_is_no_part_that_weighs_nothing() {
        let mut site = site(&LIGHT);
        site.addresses.remove(&format!("{NEEDS}device"));
        let words = table(&site, Mode::Release).expect_err("unknown").to_string();
        assert!(words.contains("nothing is known of the part \"device\""), "{words}");
    }
}
