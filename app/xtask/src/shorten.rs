//! Short names for what the browser half takes from the browser: wasm-bindgen ends each of the 250 with sixteen digits that no packing makes
//! smaller, and they stand in both files (6 KB of what a first visit loads).

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Output;

/// The letters of a name.
const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";

/// Writes what wasm-bindgen made into `folder`, the imports under short names on both sides.
pub(crate) fn emit(mut output: Output, folder: &Path) -> Result<()> {
    let glue = format!("./{}_bg.js", crate::ui::NAME);
    let mut names = Vec::new();
    for import in output.wasm_mut().imports.iter_mut().filter(|import| import.module == glue) {
        let short = name(names.len());
        names.push((std::mem::replace(&mut import.name, short.clone()), short));
    }
    output.emit(folder).context("wasm-bindgen wrote nothing")?;
    let file = folder.join(format!("{}.js", crate::ui::NAME));
    let mut script = fs::read_to_string(&file)?;
    for (long, short) in names {
        // Its key, and the only place where it stands.
        let (from, to) = (format!(" {long}: "), format!(" {short}: "));
        if script.matches(&from).count() != 1 {
            bail!("wasm-bindgen binds {long:?} in another way than it did");
        }
        script = script.replacen(&from, &to, 1);
    }
    fs::write(file, script)?;
    Ok(())
}

/// `a` to `z`, `aa` and so on.
fn name(mut place: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.insert(0, char::from(LETTERS[place % LETTERS.len()]));
        if place < LETTERS.len() {
            return letters.into_iter().collect();
        }
        place = place / LETTERS.len() - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_comes_twice() {
        let names: std::collections::BTreeSet<_> = (0..2_000).map(name).collect();
        assert_eq!(names.len(), 2_000);
        assert_eq!([0, 25, 26, 701, 702].map(name), ["a", "z", "aa", "zz", "aaa"]);
    }
}
