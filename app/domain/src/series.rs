//! Answers to questions about readings, as the HTTP interface and the pages have them.

use serde::{Deserialize, Serialize};

/// One metric of one device over a time, in buckets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct Series {
    /// The metric.
    pub metric: String,
    /// Its unit's symbol, empty when it has none.
    pub unit: String,
    /// Buckets with readings in them, in order of time.
    pub points: Vec<Point>,
    /// Stretches without readings, in order of time.
    pub gaps: Vec<Gap>,
}

/// One bucket. `at` is its start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct Point {
    /// Start of the bucket, RFC 3339.
    pub at: String,
    /// Mean of its readings.
    pub avg: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// How many raw readings.
    pub count: u64,
}

/// A stretch `[from, to)` without readings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct Gap {
    /// Start, RFC 3339.
    pub from: String,
    /// End, RFC 3339.
    pub to: String,
}

/// The last value of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct Latest {
    /// The metric.
    pub metric: String,
    /// Its value.
    pub value: f64,
    /// Its unit's symbol, empty when it has none.
    pub unit: String,
    /// When the device had it, RFC 3339.
    pub at: String,
    /// How long ago that was when the answer was made, in milliseconds.
    pub age_ms: i64,
}
