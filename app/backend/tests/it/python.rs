//! What the tests speak with in Python, as setup/python.sh installs it.

use std::path::PathBuf;

/// The interpreter that has this package in this version.
pub(crate) fn python(package: &str, version: &str) -> PathBuf {
    let folder = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
    let cache = folder("VIGIA_CACHE")
        .or_else(|| Some(folder("XDG_CACHE_HOME")?.join("vigia")))
        .or_else(|| Some(folder("HOME")?.join(".cache/vigia")))
        .expect("a home");
    cache.join(format!("tools/{package}-{version}/bin/python"))
}
