//! The time-series store: one trait, one engine so far, and what every engine's answers are made with.

pub mod buckets;
mod minutes;
pub mod sql;
mod tidy;

use std::collections::BTreeMap;

use async_trait::async_trait;
use vigia_domain::event::Event;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::reason::Reason;
use vigia_domain::rollup::Quarter;
use vigia_domain::series::{Gap, Latest, Point, Series};
use vigia_domain::{time, units};

use crate::db::DbError;
use buckets::Buckets;
pub use minutes::Minutes;
pub use tidy::tidy;

/// How many refusals are kept of each device.
pub const QUARANTINE_KEPT: i64 = 100;
/// For how long a rate (a power) holds at most when no further value comes, in ms; how long a silence of a register may be
/// before what it grew by meanwhile is estimated.
pub const LONGEST_GAP_MS: i64 = 10 * 60_000;
/// The most points that one question may ask for.
pub const MOST_POINTS: u32 = 5_000;

/// One message as it goes into the store: checked, stamped, still whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Whose it is.
    pub device: DeviceNumber,
    /// When it came, milliseconds since the epoch.
    pub received_ms: i64,
    /// Values by their instants.
    pub readings: Vec<Stamped>,
    /// Things that happened; every `at_ms` is set.
    pub events: Vec<Event>,
    /// Texts that the device told of itself.
    pub attributes: Vec<(String, String)>,
    /// Whether it said that it is online.
    pub online: Option<bool>,
    /// What of it was not taken.
    pub refused: Vec<Refused>,
    /// Whether it came from the device itself, and not from a stranger who used its name.
    pub heard: bool,
}

/// Values at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Stamped {
    /// Milliseconds since the epoch.
    pub at_ms: i64,
    /// Metric and value.
    pub values: Vec<(String, f64)>,
}

/// For each value of an entry, as they stand in it, whether it became its metric's newest.
pub type Won = Vec<bool>;

/// A row for the quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// A topic, an HTTP path, or `connect`.
    pub source: String,
    /// Why.
    pub reason: Reason,
    /// The payload's beginning.
    pub excerpt: Vec<u8>,
    /// Its whole length in bytes.
    pub bytes: usize,
}

/// The last value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct LastValue {
    /// The metric.
    pub metric: String,
    /// When the device had it, milliseconds since the epoch.
    pub at_ms: i64,
    /// The value.
    pub value: f64,
}

/// A question for an aggregated series: `[from_ms, to_ms)` in at most `points` buckets.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// Whose.
    pub device: DeviceNumber,
    /// Which metric.
    pub metric: &'a str,
    /// Start, milliseconds since the epoch.
    pub from_ms: i64,
    /// End, not included.
    pub to_ms: i64,
    /// The most buckets, 1 to [`MOST_POINTS`].
    pub points: u32,
}

/// A time-series store. Identity of a value is (device, instant, metric): the same again changes nothing, another value wins.
#[async_trait]
pub trait TelemetryStore: Send + Sync {
    /// Stores a batch, all of it or nothing. When it returns `Ok` the batch survives a power cut. Says for each entry which of its
    /// values became their metrics' newest.
    ///
    /// # Errors
    /// [`DbError`]; nothing was stored then.
    async fn append(&self, batch: &[Entry]) -> Result<Vec<Won>, DbError>;

    /// The last value of every metric of a device, by name.
    fn latest(&self, device: DeviceNumber) -> Vec<LastValue>;

    /// The last value of one metric of a device.
    fn last(&self, device: DeviceNumber, metric: &str) -> Option<LastValue> {
        self.latest(device).into_iter().find(|last| last.metric == metric)
    }

    /// The newest instant of anything that a device sent, milliseconds since the epoch.
    fn newest_ms(&self, device: DeviceNumber) -> Option<i64>;

    /// How many different metrics a device has sent.
    fn known_metrics(&self, device: DeviceNumber) -> usize;

    /// When anything was last heard of a device, milliseconds since the epoch.
    fn seen_ms(&self, device: DeviceNumber) -> Option<i64>;

    /// When a device said that it goes offline, if that was its last word on it, milliseconds since the epoch.
    fn goodbye_ms(&self, device: DeviceNumber) -> Option<i64>;

    /// Another process that stores in the same database heard a device at `at_ms` (ms since the epoch), or its goodbye: known at once, until it is read
    /// there. What was heard later counts, whoever tells it first.
    fn heard_elsewhere(&self, _device: DeviceNumber, _at_ms: i64, _is_there: bool) {}

    /// Learns what other processes have stored since; answers of the functions above know it then.
    ///
    /// # Errors
    /// [`DbError`].
    async fn catch_up(&self) -> Result<(), DbError>;

    /// Every value of a metric in `[from_ms, to_ms)`, in order of time.
    ///
    /// # Errors
    /// [`DbError`].
    async fn range(&self, device: DeviceNumber, metric: &str, from_ms: i64, to_ms: i64) -> Result<Vec<(i64, f64)>, DbError>;

    /// The same of many metrics of many devices at once, in the order in which they are asked for.
    ///
    /// # Errors
    /// [`DbError`].
    async fn recent(&self, wanted: &[(DeviceNumber, String)], from_ms: i64, to_ms: i64) -> Result<Vec<Vec<(i64, f64)>>, DbError>;

    /// Every value of one metric in buckets.
    ///
    /// # Errors
    /// [`DbError`].
    async fn aggregate(&self, question: &Question<'_>) -> Result<Buckets, DbError>;

    /// The quarters of an hour that begin in `[from_ms, to_ms)`, by their beginning; those without anything are left out.
    ///
    /// # Errors
    /// [`DbError`].
    async fn quarters(&self, device: DeviceNumber, metric: &str, from_ms: i64, to_ms: i64) -> Result<BTreeMap<i64, Quarter>, DbError>;

    /// Returns as soon as there may be something to tidy before the next look.
    async fn due(&self);

    /// Does what is due in the background, a piece at a time; says whether there is more.
    ///
    /// # Errors
    /// [`DbError`]; nothing is lost then, it is done the next time.
    async fn tidy(&self, now_ms: i64) -> Result<bool, DbError>;

    /// Does all of that at once, due or not.
    ///
    /// # Errors
    /// [`DbError`].
    async fn compact(&self) -> Result<(), DbError>;

    /// Removes readings before an instant; says how many values went. Their quarters stay.
    ///
    /// # Errors
    /// [`DbError`].
    async fn delete_before(&self, before_ms: i64) -> Result<u64, DbError>;

    /// Deletes what is stored of a device when it is called: readings and what was reckoned of them, events, and of the whole device its
    /// attributes and last values, too; or what lies in `[from, to)`, ms since the epoch. What is acknowledged afterwards stays.
    ///
    /// # Errors
    /// [`DbError`]; part of it may be deleted then. Call it again.
    async fn delete(&self, device: DeviceNumber, range: Option<(i64, i64)>) -> Result<(), DbError>;

    /// What is wrong with what is stored, in words for the operator; it works all the same.
    fn wrong(&self) -> Vec<String>;

    /// Proves that what is stored is whole, and that rollups are what the raw values come to. Changes nothing.
    ///
    /// # Errors
    /// [`DbError`] when the store cannot be asked at all; damage stands in the report.
    async fn check(&self) -> Result<sql::Report, DbError>;

    /// Writes down what is kept in memory only to be quick. Called now and then, and at the end.
    ///
    /// # Errors
    /// [`DbError`]; nothing is lost then, it is written the next time.
    async fn settle(&self) -> Result<(), DbError>;

    /// Asks whether the store can be read and written.
    ///
    /// # Errors
    /// [`DbError`].
    async fn health(&self) -> Result<(), DbError>;
}

/// A bucketed answer in the words of the interface.
#[must_use]
pub fn series(metric: &str, buckets: &Buckets) -> Series {
    Series {
        metric: metric.to_owned(),
        unit: units::unit_of(metric).to_owned(),
        points: buckets
            .filled()
            .map(|(at, b)| Point { at: time::to_text(at), avg: b.mean(), min: b.min, max: b.max, count: b.count })
            .collect(),
        gaps: buckets.gaps().into_iter().map(|(from, to)| Gap { from: time::to_text(from), to: time::to_text(to) }).collect(),
    }
}

/// A last value in the words of the interface.
#[must_use]
pub fn latest(value: LastValue, now_ms: i64) -> Latest {
    Latest {
        unit: units::unit_of(&value.metric).to_owned(),
        metric: value.metric,
        value: value.value,
        at: time::to_text(value.at_ms),
        age_ms: (now_ms - value.at_ms).max(0),
    }
}
