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
/// The most texts (attributes) in one message.
pub const ATTRIBUTES_PER_MESSAGE: usize = 64;
/// The most events in one message.
pub const EVENTS_PER_MESSAGE: usize = 256;
/// The most different texts of one device.
pub const ATTRIBUTES_PER_DEVICE: usize = 256;
/// How many events of one device are kept: the newest by their own time. The next ones push the oldest out.
pub const EVENTS_KEPT: usize = 10_000;
/// How far a device's time may be ahead of ours, in milliseconds.
pub const AHEAD_MS: i64 = 10 * 60 * 1000;
/// The earliest time that a reading may carry: 2000-01-01T00:00:00Z, in milliseconds.
pub const EARLIEST_MS: i64 = 946_684_800_000;
