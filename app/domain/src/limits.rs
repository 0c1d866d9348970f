//! Bounds on what a device may send. Each stands here once, with the reason that its sender is told.

/// The largest payload in bytes, over MQTT and HTTP.
pub const PAYLOAD_BYTES: usize = 256 * 1024;
/// The most readings in one message.
pub const READINGS_PER_MESSAGE: usize = 10_000;
/// The most values in one reading.
pub const VALUES_PER_READING: usize = 256;
/// The most different metrics of one device.
pub const METRICS_PER_DEVICE: usize = 512;
/// The longest name of a metric or attribute, in bytes.
pub const NAME_BYTES: usize = 64;
/// The longest attribute text or event type, in bytes.
pub const TEXT_BYTES: usize = 1024;
/// How far a device's time may be ahead of ours, in milliseconds.
pub const AHEAD_MS: i64 = 10 * 60 * 1000;
/// The earliest time that a reading may carry: 2000-01-01T00:00:00Z, in milliseconds.
pub const EARLIEST_MS: i64 = 946_684_800_000;
