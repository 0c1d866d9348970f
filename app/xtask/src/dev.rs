//! `make dev`: builds what a change touches, no more, and shows it.
//!
//! The program (a debug build) reads `target/site` from disk, sees a new `assets.json` and tells open pages to load
//! again: a change of the styles needs no compiler.

use std::thread;

use anyhow::{Result, anyhow};

use crate::place::Place;
use crate::program::Program;
use crate::watch::Watch;
use crate::{bundle, say, ui};

const WATCHED: [&str; 9] = ["style", "public", "bundle", "src", "app/domain", "app/backend", "app/web", "migrations", "Cargo.toml"];

/// What has to be built again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Work {
    /// The browser half, in Rust.
    ui: bool,
    /// The program.
    program: bool,
}

impl Work {
    const EVERYTHING: Self = Self { ui: true, program: true };

    fn of(changed: &[String]) -> Self {
        let any = |touches: fn(&str) -> bool| changed.iter().any(|file| touches(file));
        Self { ui: any(touches_ui), program: any(touches_program) }
    }
}

fn touches_ui(file: &str) -> bool {
    file == "Cargo.toml" || file == "src/lib.rs" || file.starts_with("app/web/") || file.starts_with("app/domain/")
}

fn touches_program(file: &str) -> bool {
    let assets = ["style/", "public/", "bundle/"].iter().any(|folder| file.starts_with(folder));
    !assets && file != "src/lib.rs"
}

pub(crate) fn run(place: &Place, arguments: &[&str]) -> Result<()> {
    let mut watch = Watch::start(&place.root, &WATCHED)?;
    let mut program = Program::new(arguments);
    let mut work = Work::EVERYTHING;
    loop {
        match rebuild(place, work, &mut program) {
            Ok(()) => {
                let changed = watch.next()?;
                say(&format!("changed: {}", changed.join(", ")));
                work = Work::of(&changed);
            }
            Err(error) => {
                say(&format!("{error:#}\nwaiting for a change"));
                let next = Work::of(&watch.next()?);
                // What failed is still to be done.
                work = Work { ui: work.ui || next.ui, program: work.program || next.program };
            }
        }
    }
}

fn rebuild(place: &Place, work: Work, program: &mut Program) -> Result<()> {
    let site = thread::scope(|scope| {
        let build = scope.spawn(|| if work.program { Program::build(place) } else { Ok(()) });
        let ui = if work.ui { ui::build(place) } else { Ok(place.steps.join("ui")) };
        let site = ui.and_then(|ui| bundle::collect(place, &ui));
        build.join().map_err(|_| anyhow!("the build thread panicked"))??;
        site
    })?;
    if work.program {
        program.stop()?;
    }
    site.publish(place)?;
    if work.program {
        program.start(place)?;
    }
    say("ready");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(file: &str) -> Work {
        Work::of(&[file.to_owned()])
    }

    #[test]
    fn a_change_builds_no_more_than_it_touches() {
        assert_eq!(work("style/base.css"), Work { ui: false, program: false });
        assert_eq!(work("app/backend/src/db/samples.rs"), Work { ui: false, program: true });
        assert_eq!(work("app/web/src/pages/device.rs"), Work::EVERYTHING);
        assert_eq!(work("src/lib.rs"), Work { ui: true, program: false });
        assert_eq!(work("src/main.rs"), Work { ui: false, program: true });
        assert_eq!(work("Cargo.toml"), Work::EVERYTHING);
    }
}
