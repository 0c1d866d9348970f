//! Benches: the real parts in a temporary folder, figures as JSON lines.

pub mod ingest;
mod machine;
