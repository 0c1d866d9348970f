//! What simulated devices measure. Pure and seeded: the same seed and the same times give the same readings.

mod appliance;
mod digester;
mod household;
mod pills;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use digester::Digester;
pub use household::{Circuit, Household};
pub use pills::{Dose, Pills};
use vigia_domain::reading::Reading;

/// Something whose state at one time follows from its state before. Times must not go back.
pub trait Machine: Send {
    /// What it measures at this time.
    fn reading(&mut self, at_ms: i64) -> Reading;
}

/// The readings of a machine from one time to before another, `step_ms` apart: history for the demo. The machine can go on
/// from there, with its registers where they stand.
pub fn readings(machine: &mut dyn Machine, from_ms: i64, to_ms: i64, step_ms: i64) -> impl Iterator<Item = Reading> + '_ {
    let step_ms = step_ms.max(1);
    std::iter::successors(Some(from_ms), move |at_ms| Some(at_ms + step_ms))
        .take_while(move |at_ms| *at_ms < to_ms)
        .map(|at_ms| machine.reading(at_ms))
}

/// The hour of the day in the zone, with its fraction: 18.5 is half past six in the evening.
pub(super) fn hour(zone: &TimeZone, at_ms: i64) -> f64 {
    let at = civil(zone, at_ms);
    f64::from(at.hour()) + f64::from(at.minute()) / 60.0 + f64::from(at.second()) / 3600.0
}

pub(super) fn civil(zone: &TimeZone, at_ms: i64) -> jiff::civil::DateTime {
    let at = Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_millis(at_ms)).unwrap_or(Timestamp::UNIX_EPOCH);
    zone.to_datetime(at)
}

/// A value as an instrument gives it, with this many digits after the point.
pub(super) fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}

pub(super) fn values<const N: usize>(at_ms: i64, values: [(&str, f64); N]) -> Reading {
    Reading { at_ms: Some(at_ms), values: values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
}

/// Seconds since the last reading; none before the first, and never backwards.
pub(super) fn elapsed_s(last_ms: Option<i64>, at_ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a span of time, far below 2^53 ms")]
    last_ms.map_or(0.0, |last| (at_ms - last).max(0) as f64 / 1000.0)
}
