//! All steps in their order.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::fingerprint::files_below;
use crate::place::Place;
use crate::site::Site;
use crate::ui::NEEDS;
use crate::{parts, say, sizes, ui};

/// Builds everything that changed.
pub(crate) fn build(place: &Place) -> Result<()> {
    let site = collect(place, &ui::build(place)?)?.publish(place)?;
    say(&sizes::table(&site, place.mode)?);
    Ok(())
}

/// Puts the parts together around a browser half that was built before.
pub(crate) fn collect(place: &Place, ui: &Path) -> Result<Site> {
    let mut site = Site::default();
    let font = site.add_hashed("font", &parts::font(place)?.join("inter.woff2"))?;
    site.add_hashed("css", &parts::styles(place, &font)?.join("vigia.css"))?;
    site.add_hashed("wasm", &ui.join("vigia.wasm"))?;
    site.add_hashed("js", &ui.join("vigia.js"))?;
    for part in files_below(ui)?.iter().filter(|file| file.extension().is_some_and(|ending| ending == "wasm")) {
        site.add_part(part)?;
    }
    for line in fs::read_to_string(ui.join(NEEDS))?.lines() {
        site.add_needs(line);
    }
    site.add_hashed("echarts", &parts::charts(place)?.join("echarts.js"))?;
    let api_page = parts::api_page(place)?;
    site.add_hashed("swagger_js", &api_page.join("swagger.js"))?;
    site.add_hashed("swagger_css", &api_page.join("swagger.css"))?;
    site.add_named("licences/", &parts::licences(place)?)?;
    site.add_named("", &parts::public(place)?)?;
    Ok(site)
}
