//! `cargo run -p xtask -- bundle` builds what the browser gets into `target/site`;
//! `cargo run -p xtask -- dev` does so on every change and restarts the program;
//! `cargo run -p xtask -- lint` refuses compiler warnings in the browser half.
//!
//! The set-up (`setup/setup.sh`) must have run. Arrows: `main -> dev -> bundle -> {ui, parts, site} -> {step, tools}`.

mod bundle;
mod dev;
mod fingerprint;
mod leave_out;
mod parts;
mod place;
mod program;
mod shorten;
mod site;
mod sizes;
mod step;
mod tools;
mod ui;
mod watch;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::place::{Mode, Place};

const USAGE: &str = "usage: cargo run -p xtask -- bundle [--release|--dev]\n       cargo run -p xtask -- lint\n       cargo run -p xtask -- dev [-- ARGUMENT...]   (arguments of `vigia serve`, --demo by default)";

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["bundle"] | ["bundle", "--release"] => bundle::build(&Place::find(Mode::Release)?),
        ["bundle", "--dev"] => bundle::build(&Place::find(Mode::Dev)?),
        ["lint"] => ui::refuse_warnings(&Place::find(Mode::Release)?),
        ["dev"] => dev::run(&Place::find(Mode::Dev)?, &["--demo"]),
        ["dev", "--", rest @ ..] => dev::run(&Place::find(Mode::Dev)?, rest),
        _ => bail!("{USAGE}"),
    }
}

/// Tells the person at the terminal. On stderr: stdout is for results.
fn say(text: &str) {
    use std::io::Write;
    // A closed terminal is no reason to stop building.
    let _ = writeln!(std::io::stderr(), "{text}");
}
