//! Load for the benches: many connections, a window of messages under way on each, and what the acknowledgements cost.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use vigia_domain::ids::DeviceId;

use super::latencies::Latencies;
use super::wire;

/// How long the last acknowledgements may take after the load has ended.
const LAST_ACKS: Duration = Duration::from_secs(10);
/// The values of a whole message, as a meter's are.
pub const VALUES: usize = 10;
/// Connections that are opened at the same time.
const OPENING: usize = 64;

/// What is to be sent. One connection per device; every message carries a time of its own.
#[derive(Clone, Debug)]
pub struct Load {
    /// `host:port` of the broker.
    pub broker: String,
    /// The devices and their tokens.
    pub devices: Vec<(DeviceId, String)>,
    /// Messages under way per connection.
    pub window: u16,
    /// Messages a second of all connections together; `None`: as many as go through.
    pub rate_per_s: Option<f64>,
    /// How long it is sent.
    pub time: Duration,
    /// How many values a message carries, [`VALUES`] at most.
    pub values: usize,
    /// The time of each device's first message, in milliseconds since the epoch. Choose it so that what a device sends in `time`
    /// ends before now.
    pub from_ms: i64,
    /// By how much each further message is later, in milliseconds.
    pub step_ms: i64,
    /// Whether to keep the time of every acknowledged message.
    pub keep: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Messages written to a connection.
    pub sent: u64,
    /// Messages that were acknowledged.
    pub acknowledged: u64,
    /// From the first message to the last acknowledgement.
    pub elapsed: Duration,
    /// Half of the acknowledgements took no longer. With a rate, counted from when the message was due.
    pub p50: Duration,
    /// Ninety-nine of a hundred took no longer.
    pub p99: Duration,
    /// Connections that failed, with the first reason.
    pub failed: usize,
    /// Why the first of them failed.
    pub first_failure: Option<String>,
    /// Per device, the times of its acknowledged messages, if they were to be kept.
    pub kept: Vec<(DeviceId, Vec<i64>)>,
}

impl Outcome {
    /// Acknowledged messages a second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub fn messages_per_s(&self) -> f64 {
        self.acknowledged as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// Sends the load until its time is over, every connection has failed, or it is told to stop. Counting begins when all
/// connections stand.
pub async fn run(load: Load, stop: CancellationToken) -> Outcome {
    let latencies = Arc::new(Latencies::default());
    let mut outcome = run_counting(load, stop, &latencies).await;
    [outcome.p50, outcome.p99] = latencies.take([0.5, 0.99]).1;
    outcome
}

/// The same; how long acknowledgements took is counted where whoever asks can look meanwhile.
pub async fn run_counting(load: Load, stop: CancellationToken, latencies: &Arc<Latencies>) -> Outcome {
    let mut outcome = Outcome::default();
    let streams = open(&load, &mut outcome).await;
    let started = Instant::now();
    let mut lanes = JoinSet::new();
    let gap = load.rate_per_s.map(|rate| Duration::from_secs_f64(streams.len() as f64 / rate));
    for (n, (device, stream)) in streams.into_iter().enumerate() {
        // Spread over the gap, so that a fixed rate is not a burst of all connections.
        let first = started + gap.unwrap_or_default().mul_f64(n as f64 / load.devices.len().max(1) as f64);
        let lane = Lane::new(device, &load, gap, first, started + load.time, Arc::clone(latencies));
        lanes.spawn(lane.run(stream, stop.clone()));
    }
    while let Some(lane) = lanes.join_next().await {
        let Ok(lane) = lane else { continue };
        outcome.sent += lane.sent;
        outcome.acknowledged += lane.acknowledged;
        if let Some(reason) = lane.failure {
            outcome.failed += 1;
            outcome.first_failure.get_or_insert(reason);
        }
        outcome.elapsed = outcome.elapsed.max(lane.last_ack - started);
        if load.keep {
            outcome.kept.push((lane.device, lane.kept));
        }
    }
    outcome
}

async fn open(load: &Load, outcome: &mut Outcome) -> Vec<(DeviceId, TcpStream)> {
    let (mut opening, mut streams) = (JoinSet::new(), Vec::new());
    let mut waiting = load.devices.iter().cloned();
    loop {
        while opening.len() < OPENING
            && let Some((device, token)) = waiting.next()
        {
            let broker = load.broker.clone();
            opening.spawn(async move {
                let stream = wire::sign_in(&broker, &format!("load-{device}"), device.as_str(), &token).await;
                (device, stream)
            });
        }
        match opening.join_next().await {
            Some(Ok((device, Ok(stream)))) => streams.push((device, stream)),
            Some(Ok((_, Err(reason)))) => {
                outcome.failed += 1;
                outcome.first_failure.get_or_insert(reason.to_string());
            }
            Some(Err(_)) => outcome.failed += 1,
            None => return streams,
        }
    }
}

/// One connection. Packet ids go round, and acknowledgements come in the order of the messages, so a queue is enough.
struct Lane {
    device: DeviceId,
    topic: String,
    window: usize,
    gap: Option<Duration>,
    due: Instant,
    end: Instant,
    next_ms: i64,
    values: usize,
    step_ms: i64,
    packet: u16,
    under_way: VecDeque<(u16, i64, Instant)>,
    keep: bool,
    sent: u64,
    acknowledged: u64,
    latencies: Arc<Latencies>,
    kept: Vec<i64>,
    last_ack: Instant,
    failure: Option<String>,
}

impl Lane {
    fn new(device: DeviceId, load: &Load, gap: Option<Duration>, first: Instant, end: Instant, latencies: Arc<Latencies>) -> Self {
        Self {
            topic: format!("vigia/{device}/telemetry"),
            device,
            window: usize::from(load.window.max(1)),
            gap,
            due: first,
            end,
            next_ms: load.from_ms,
            values: load.values,
            step_ms: load.step_ms,
            packet: 0,
            under_way: VecDeque::new(),
            keep: load.keep,
            sent: 0,
            acknowledged: 0,
            latencies,
            kept: Vec::new(),
            last_ack: first,
            failure: None,
        }
    }

    async fn run(mut self, mut stream: TcpStream, stop: CancellationToken) -> Self {
        if let Err(reason) = self.talk(&mut stream, &stop).await {
            self.failure = Some(reason.to_string());
        }
        self
    }

    async fn talk(&mut self, stream: &mut TcpStream, stop: &CancellationToken) -> io::Result<()> {
        let (mut out, mut read) = (Vec::with_capacity(16 * 1024), Vec::with_capacity(4096));
        loop {
            let now = Instant::now();
            let sending = now < self.end && !stop.is_cancelled();
            if sending {
                self.fill(&mut out, now);
            } else if self.under_way.is_empty() {
                return stream.write_all(&wire::DISCONNECT).await;
            }
            if !out.is_empty() {
                stream.write_all(&out).await?;
                out.clear();
            }
            // With a rate, the next message may be due before the next acknowledgement comes.
            let wake = if !sending {
                self.end.max(now) + LAST_ACKS
            } else if self.gap.is_some() && self.under_way.len() < self.window {
                self.due.min(self.end)
            } else {
                self.end
            };
            tokio::select! {
                read_now = stream.read_buf(&mut read) => {
                    if read_now? == 0 {
                        return Err(io::Error::other("the broker closed the connection"));
                    }
                    self.take(&mut read)?;
                }
                () = sleep_until(wake) => if !sending {
                    return Err(io::Error::other("the last acknowledgements did not come"));
                },
                () = stop.cancelled(), if sending => {}
            }
        }
    }

    /// Writes as many messages as the window and the rate allow.
    fn fill(&mut self, out: &mut Vec<u8>, now: Instant) {
        while self.under_way.len() < self.window {
            let since = match self.gap {
                Some(_) if self.due > now => return,
                Some(gap) => {
                    let due = self.due;
                    self.due += gap;
                    due
                }
                None => now,
            };
            self.packet = self.packet.checked_add(1).unwrap_or(1);
            let payload = payload(self.next_ms, self.values);
            wire::put_publish(out, &self.topic, self.packet, payload.as_bytes());
            self.under_way.push_back((self.packet, self.next_ms, since));
            self.next_ms += self.step_ms;
            self.sent += 1;
        }
    }

    fn take(&mut self, read: &mut Vec<u8>) -> io::Result<()> {
        let now = Instant::now();
        let mut strange = false;
        wire::take_acks(read, |packet| {
            let Some((_, at_ms, since)) = self.under_way.pop_front().filter(|(expected, ..)| *expected == packet) else {
                strange = true;
                return;
            };
            self.acknowledged += 1;
            self.latencies.count(now - since);
            if self.keep {
                self.kept.push(at_ms);
            }
        })?;
        self.last_ack = now;
        if strange { Err(io::Error::other("an acknowledgement out of order")) } else { Ok(()) }
    }
}

/// The first so many of ten values that move a little from message to message, as a meter's do.
pub(crate) fn payload(at_ms: i64, values: usize) -> String {
    let mut text = Vec::with_capacity(224);
    let n = at_ms.rem_euclid(1000);
    let power = 4000 + n * 7 % 900;
    let written = write!(
        text,
        r#"{{"ts":{at_ms},"power_w":{}.{},"voltage_v":12{}.{},"current_a":{}.{:02},"power_factor":0.{},"frequency_hz":60.0{},"energy_wh":{}.{},"apparent_power_va":{},"reactive_power_var":{},"temperature_c":{}.{},"rssi_dbm":-{}}}"#,
        power / 10,
        power % 10,
        n % 9,
        n % 10,
        power / 1270,
        n % 100,
        90 + n % 9,
        n % 10,
        1_000_000 + at_ms.rem_euclid(1_000_000_000) / 1000,
        n % 10,
        power / 10 + 12,
        100 + n % 50,
        35 + n % 5,
        n % 10,
        50 + n % 20,
    );
    written.expect("memory takes any text");
    let mut text = String::from_utf8(text).expect("only ASCII was written");
    // The first comma is the one behind the time.
    if let Some((end, _)) = text.match_indices(',').nth(values) {
        text.truncate(end);
        text.push('}');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_has_its_time_and_as_many_values_as_it_should() {
        for at_ms in [1_736_604_018_000, 1_736_604_018_999, 1_736_604_019_123] {
            for values in [1, 2, VALUES] {
                let value: serde_json::Value = serde_json::from_str(&payload(at_ms, values)).expect("JSON");
                let map = value.as_object().expect("an object");
                assert_eq!((map.len(), &map["ts"]), (values + 1, &serde_json::json!(at_ms)));
                assert!(map.contains_key("power_w") && map.values().all(serde_json::Value::is_number));
            }
        }
    }
}
