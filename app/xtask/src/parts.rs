//! What the browser gets beside the program itself: styles, font, chart library, API page, public files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::fingerprint::{Fingerprint, files_below};
use crate::place::Place;
use crate::step::step;
use crate::tools;

/// The Latin part of Inter, all weights in one file: Spanish, English and most of western Europe.
const FONT: &str = "node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2";

/// The licences that ask to be passed on with the files.
const LICENCES: [(&str, &str); 4] = [
    ("node_modules/echarts/LICENSE", "licence-echarts.txt"),
    ("node_modules/echarts/NOTICE", "notice-echarts.txt"),
    ("node_modules/@fontsource-variable/inter/LICENSE", "licence-inter.txt"),
    ("node_modules/swagger-ui-dist/LICENSE", "licence-swagger-ui.txt"),
];

/// Makes `inter.woff2`.
pub(crate) fn font(place: &Place) -> Result<PathBuf> {
    let from = place.root.join(FONT);
    step(place, "font", Fingerprint::new().with_path(&from)?, |folder| copy(&from, &folder.join("inter.woff2")))
}

/// Makes `vigia.css`, in which `url("inter.woff2")` has become `font_address`.
pub(crate) fn styles(place: &Place, font_address: &str) -> Result<PathBuf> {
    let inputs = tools_of(place, &["styles.mjs", "targets.mjs"])?.with_path(&place.root.join("style"))?.with(font_address.as_bytes());
    step(place, "styles", inputs, |folder| {
        let addresses = format!(r#"{{"inter.woff2": "{font_address}"}}"#);
        tools::node(place, "styles.mjs", [folder.join("vigia.css").as_os_str(), addresses.as_ref()])
    })
}

/// Makes `echarts.js`, which only the pages that draw load.
pub(crate) fn charts(place: &Place) -> Result<PathBuf> {
    let inputs = tools_of(place, &["echarts.mjs", "echarts.entry.mjs", "targets.mjs"])?;
    step(place, "charts", inputs, |folder| tools::node(place, "echarts.mjs", [folder.join("echarts.js").as_os_str()]))
}

/// Makes `swagger.js` and `swagger.css`, for the page that shows and tries the API.
pub(crate) fn api_page(place: &Place) -> Result<PathBuf> {
    step(place, "api-page", tools_of(place, &[])?, |folder| {
        let from = place.root.join("node_modules/swagger-ui-dist");
        copy(&from.join("swagger-ui-bundle.js"), &folder.join("swagger.js"))?;
        copy(&from.join("swagger-ui.css"), &folder.join("swagger.css"))
    })
}

/// Copies the licences of what is bundled.
pub(crate) fn licences(place: &Place) -> Result<PathBuf> {
    let inputs = LICENCES.iter().try_fold(tools_of(place, &[])?, |inputs, (from, _)| inputs.with_path(&place.root.join(from)))?;
    step(place, "licences", inputs, |folder| LICENCES.iter().try_for_each(|(from, to)| copy(&place.root.join(from), &folder.join(to))))
}

/// Copies `public/`: icons and manifest keep their names. The service worker is no file: the program makes it (`app/web/src/offline.rs`).
pub(crate) fn public(place: &Place) -> Result<PathBuf> {
    let from = place.root.join("public");
    step(place, "public", Fingerprint::new().with_path(&from)?, |folder| {
        for file in files_below(&from)? {
            copy(&file, &folder.join(file.strip_prefix(&from)?))?;
        }
        Ok(())
    })
}

/// The fingerprint of scripts of `bundle/` and of the packages that they use.
fn tools_of(place: &Place, scripts: &[&str]) -> Result<Fingerprint> {
    let packages = Fingerprint::new().with_path(&place.root.join("package-lock.json"))?;
    scripts.iter().try_fold(packages, |inputs, script| inputs.with_path(&place.root.join("bundle").join(script)))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("cannot copy {}: has `make setup` run?", from.display()))?;
    Ok(())
}
