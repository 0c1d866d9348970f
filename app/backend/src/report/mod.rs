//! What people take along as a file.

mod exports;

pub use exports::{Busy, EACH, Export, Exports};
