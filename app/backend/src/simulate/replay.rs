//! A measured household from a file, sent with its own timestamps.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;
use vigia_domain::ids::DeviceId;
use vigia_domain::reading::Reading;

use super::device::Outgoing;

/// One measured week of a real household, a reading a minute: an extract of "Individual household electric power consumption",
/// G. Hebrail and A. Berard, UCI Machine Learning Repository, CC BY 4.0.
pub const REAL_WEEK: &str = include_str!("../../tests/data/household_week_1min.csv");

/// The column with the time.
const TIME: &str = "ts_local";

/// Why a file cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFile {
    /// The first line.
    #[error("the first line names the columns, {TIME} first, then one per metric")]
    Columns,
    /// Another line.
    #[error("line {line}: {problem}")]
    Line {
        /// Counted from 1, the columns' line included.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

/// Reads `ts_local,power_w,...` with civil times of `zone`. A time that the clocks skip or repeat in autumn is read as jiff's
/// "compatible" rule does: the earlier of two. An empty cell is a value that is not there.
///
/// # Errors
/// [`BadFile`] names the line.
pub fn parse(csv: &str, zone: &TimeZone) -> Result<Vec<Reading>, BadFile> {
    let mut lines = csv.lines();
    let mut columns = lines.next().unwrap_or_default().split(',').map(str::trim);
    if columns.next() != Some(TIME) {
        return Err(BadFile::Columns);
    }
    let metrics: Vec<&str> = columns.collect();
    if metrics.is_empty() {
        return Err(BadFile::Columns);
    }
    lines
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(n, line)| {
            let bad = |problem: String| BadFile::Line { line: n + 2, problem };
            let mut cells = line.split(',').map(str::trim);
            let time: DateTime = cells.next().unwrap_or_default().parse().map_err(|e| bad(format!("{e}")))?;
            let at = time.to_zoned(zone.clone()).map_err(|e| bad(e.to_string()))?;
            let mut reading = Reading::at(Some(at.timestamp().as_millisecond()));
            for (metric, cell) in metrics.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
                let value = cell.parse().map_err(|_| bad(format!("{cell:?} is no number")))?;
                reading.push(metric, value).map_err(|e| bad(e.to_string()))?;
            }
            Ok(reading)
        })
        .collect()
}

/// The readings as messages of this device, `batch` readings each.
#[must_use]
pub fn messages(device: &DeviceId, readings: &[Reading], batch: usize) -> Vec<Outgoing> {
    readings
        .chunks(batch.max(1))
        .map(|chunk| {
            let bodies: Vec<Value> = chunk.iter().map(super::device::body).collect();
            let payload = if let [one] = &bodies[..] { one.to_string() } else { Value::Array(bodies).to_string() };
            Outgoing {
                topic: format!("vigia/{device}/telemetry"),
                payload: payload.into_bytes(),
                retain: false,
                at_ms: chunk.first().and_then(|r| r.at_ms).unwrap_or_default(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: &str = include_str!("../../tests/data/household_week_1min.csv");

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").expect("the zone database is compiled in")
    }

    #[test]
    fn the_measured_week_is_read_whole() {
        let week = parse(WEEK, &paris()).expect("a good file");
        assert_eq!(week.len(), 10_080);
        // Midnight in Paris in winter is 23:00 UTC.
        assert_eq!(week[0].at_ms, Some(1_170_630_000_000));
        assert_eq!(week[0].values.len(), 6);
        assert!(week.windows(2).all(|pair| pair[1].at_ms.zip(pair[0].at_ms).is_some_and(|(b, a)| b - a == 60_000)));
        let kwh: f64 = week.iter().map(|r| r.values[0].1 / 60_000.0).sum();
        assert!((kwh - 251.149).abs() < 0.001, "{kwh}");
    }

    #[test]
    fn batches_hold_every_reading_once() {
        let week = parse(WEEK, &paris()).expect("a good file");
        let id = DeviceId::new("m1").expect("a good id");
        let sent = messages(&id, &week, 100);
        assert_eq!((sent.len(), sent[1].at_ms), (101, 1_170_630_000_000 + 100 * 60_000));
        let decoded: usize =
            sent.iter().map(|m| vigia_domain::decode::decode(&id, &m.topic, &m.payload).expect("good").readings.len()).sum();
        assert_eq!(decoded, 10_080);
        assert!(messages(&id, &week[..1], 1)[0].payload.starts_with(b"{"));
    }

    #[test]
    fn a_bad_line_is_named() {
        assert_eq!(parse("a,b\n", &paris()), Err(BadFile::Columns));
        let bad = parse("ts_local,power_w\n2007-02-05 00:00:00,much\n", &paris()).map_err(|e| e.to_string());
        assert_eq!(bad, Err("line 2: \"much\" is no number".into()));
        assert!(parse("ts_local,power_w\nsoon,1\n", &paris()).is_err());
    }
}
