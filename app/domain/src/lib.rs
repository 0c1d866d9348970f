//! Words and rules of Vigía, pure: no I/O, no clock, no async; compiled for the server and for the browser.
//!
//! Arrows run one way: `src -> web -> backend -> domain`. This crate imports none of the others.

pub mod attention;
pub mod command;
pub mod decode;
pub mod device;
pub mod digits;
pub mod event;
pub mod gap;
pub mod headline;
pub mod hour;
pub mod ids;
pub mod limits;
pub mod live;
pub mod money;
pub mod plausible;
pub mod reading;
pub mod reason;
pub mod rights;
pub mod rollup;
pub mod series;
pub mod sort;
pub mod time;
pub mod unclaimed;
pub mod units;
pub mod user;
