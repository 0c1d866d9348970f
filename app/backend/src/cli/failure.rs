//! How a verb fails: one line on stderr, and an exit code.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

/// Why a verb did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    line: String,
    code: u8,
}

impl Failure {
    /// It was called rightly but could not be done.
    pub(crate) fn new(reason: impl Display) -> Self {
        Self { line: reason.to_string(), code: 1 }
    }

    /// It was called wrongly.
    pub(crate) fn wrong_use(reason: impl Display) -> Self {
        Self { line: reason.to_string(), code: 2 }
    }

    /// Says it, and gives the code.
    pub(super) fn report(&self) -> ExitCode {
        let line = self.line.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(std::io::stderr(), "vigia: {line}");
        ExitCode::from(self.code)
    }
}

/// A result, alone on stdout.
pub(super) fn say(line: impl Display) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}").map_err(Failure::new)
}

/// Something beside the result, on stderr.
pub(super) fn mention(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
