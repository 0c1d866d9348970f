//! Logs: structured, on stderr. The one process-wide thing, as `tracing` has it.

use tracing_subscriber::EnvFilter;

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
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match log.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text => {
            use std::io::IsTerminal as _;
            lines.with_ansi(std::io::stderr().is_terminal()).try_init()
        }
    }
    .map_err(Failure::new)
}
