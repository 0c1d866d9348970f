//! Benches: the real parts in a temporary folder, figures as JSON lines.

pub mod chart;
pub mod ingest;
mod machine;
pub mod soak;
