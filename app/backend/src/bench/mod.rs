//! Benches: the real parts in a temporary folder, figures as JSON lines.

pub mod backlog;
pub mod chart;
pub mod devices;
pub mod elsewhere;
pub mod fanout;
pub mod ingest;
pub mod machine;
mod nowhere;
mod opened;
pub mod soak;
