//! Quarters of an hour: what the raw values of one metric come to, and what was consumed meanwhile.
//!
//! Everything here is a function of the raw values alone: whatever order they came in, however they were cut into
//! batches, the same quarters come out, to the last bit.

mod flow;
mod meaning;
mod quarter;
mod touched;

pub use flow::{CONTEXT, Flow, Samples, flows};
pub use meaning::Meaning;
pub use quarter::{QUARTER_MS, Quarter, quarters, start_of};
pub use touched::touched;
