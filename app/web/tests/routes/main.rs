//! The tests of rights: every route as every kind of principal, and what pages and cookies tell to whom.

use std::borrow::Cow;

use vigia_backend::http::Route;
use vigia_backend::http::assets::{AssetNames, Files};
use vigia_web::face::Face;

mod cookies;
mod headers;
mod hidden;
mod pages;
mod rights;
mod walk;

#[expect(dead_code, unused_imports, unused_macros, unreachable_pub, reason = "the back end's tests use the rest")]
#[path = "../../../backend/tests/it/support/mod.rs"]
mod support;

struct NoFiles;

impl Files for NoFiles {
    fn get(&self, _: &str) -> Option<Cow<'static, [u8]>> {
        None
    }
}

fn table() -> Vec<Route> {
    let mut table = vigia_backend::http::table::of_backend();
    table.extend(vigia_web::site::table(&Face::new(AssetNames::default), AssetNames::default));
    table
}
