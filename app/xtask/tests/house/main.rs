//! Keeps the house: what no compiler checks and what reviewers forget. Each failure says how to mend it.

mod arrows;
mod leaks;
mod metadata;
mod migrations;
mod rooms;
mod secrets;
mod shape;
mod tree;
