//! Logs: structured, on stderr. The one process-wide thing, as `tracing` has it.

use std::fmt::{self, Debug, Write as _};
use std::io::{self, IsTerminal as _};

use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

use super::Failure;
use crate::config::{Log, LogFormat};

/// Starts logging.
pub(super) fn start(log: &Log) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&log.filter)
        .map_err(|e| Failure::wrong_use(format!("log.filter: {e}; write a level like \"info\", or \"warn,vigia_backend=debug\"")))?;
    // "Already exists, skipping", at each start of each verb.
    let filter = if log.filter.contains("sqlx") {
        filter
    } else {
        filter.add_directive("sqlx::postgres::notice=warn".parse().expect("a directive"))
    };
    // What a stranger's browser sends wrong is refused and counted, and no error of ours.
    let filter = if log.filter.contains("webauthn") {
        filter
    } else {
        ["webauthn_rs=off", "webauthn_rs_core=off"]
            .into_iter()
            .fold(filter, |f, silent| f.add_directive(silent.parse().expect("a directive")))
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match log.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).fmt_fields(debug_fn(field).delimited(" ")).try_init(),
    }
    .map_err(Failure::new)
}

/// Writes a field of an event or of what it is within. Topics, client ids and what other servers answer stand in them, and whoever sends them would
/// else write lines of their own into the log, or steer the terminal of whoever reads it: `tracing` escapes the sentence, and not the fields that
/// are told as they are. (In JSON line breaks and what is below a space are escaped, by JSON's own rule: it is read by programs.)
fn field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    match (field.name(), writer.has_ansi_escapes()) {
        ("message", _) => {}
        (name, true) => write!(writer, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m")?,
        (name, false) => write!(writer, "{name}=")?,
    }
    write!(Plain(writer), "{value:?}")
}

/// Writes out by its code what would not stand there as the text that it is.
struct Plain<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for Plain<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            if letter != '\t' && is_deceptive(letter) {
                write!(self.0, "{}", letter.escape_default())?;
            } else {
                self.0.write_char(letter)?;
            }
        }
        Ok(())
    }
}

/// What breaks a line, moves a cursor, or turns the order of letters around.
fn is_deceptive(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What somebody would like to stand in a log.
    const HOSTILE: &str =
        "m1\n2026-03-01T12:00:00Z  INFO vigia: all is well\r\x1b[2J\x1b]0;title\x07\u{9b}31m\x08\0\u{85}\u{2028}\u{202e}ñ 🏡";
    /// The same as it may stand there.
    const WRITTEN: &str = "all is well\\r\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{9b}31m\\u{8}\\u{0}\\u{85}\\u{2028}\\u{202e}ñ 🏡";

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, event: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no test panics while it holds this").write(event)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(is_coloured: bool, say: impl FnOnce()) -> String {
        let kept = Kept::default();
        let to = kept.clone();
        let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(is_coloured);
        let lines = lines.fmt_fields(debug_fn(field).delimited(" ")).with_writer(move || to.clone()).finish();
        tracing::subscriber::with_default(lines, say);
        let kept = kept.0.lock().expect("no test panics while it holds this").clone();
        String::from_utf8(kept).expect("text")
    }

    #[test]
    fn whatever_a_device_or_person_is_called_an_event_is_one_line_without_control_characters() {
        let error = io::Error::other(HOSTILE);
        let told = logged(false, || {
            let _within = tracing::info_span!("request", path = %HOSTILE).entered();
            tracing::warn!(topic = %HOSTILE, "as it is");
            tracing::warn!(topic = HOSTILE, client = ?Some(HOSTILE), "as Rust writes it");
            tracing::warn!(error = &error as &dyn std::error::Error, "an error");
            tracing::warn!(%error, "{HOSTILE}");
        });
        assert_eq!(told.lines().count(), 4, "{told}");
        assert!(!told.replace('\n', "").contains(is_deceptive), "{told:?}");
        for line in told.lines() {
            assert!(line.contains("WARN request{path=m1\\n2026-03-01T12:00:00Z  INFO vigia: "), "it can be read: {line}");
            assert!(line.contains(WRITTEN), "{line}");
        }
    }

    #[test]
    fn colours_are_the_programs_own() {
        let told = logged(true, || tracing::warn!(topic = %HOSTILE, "as it is"));
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.contains("\x1b[33m WARN\x1b[0m") && told.contains("\x1b[3mtopic\x1b[0m\x1b[2m=\x1b[0mm1\\n2026-"), "{told:?}");
        assert!(told.contains(WRITTEN) && !told.contains("\x1b[2J") && !told.contains("\x1b]"), "{told:?}");
        assert!(!told.replace(['\n', '\x1b'], "").contains(is_deceptive), "{told:?}");
    }

    #[test]
    fn what_people_write_in_their_own_language_stays_as_it_is() {
        let told = logged(false, || tracing::info!(name = %"Ñandú\t🏡 عداد", "«así»"));
        assert!(told.ends_with("«así» name=Ñandú\t🏡 عداد\n"), "{told:?}");
    }
}
