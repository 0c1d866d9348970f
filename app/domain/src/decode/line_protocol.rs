//! InfluxDB's line protocol: `house,device=kitchen power_w=512.3,relay=true 1736604018000000000`.
//!
//! Source: InfluxData's reference of the line protocol. A tag names the device, `<measurement>_<field>` is the metric, a text is
//! an attribute of the device. All or nothing: the first line that cannot be taken is named.

mod scan;

use std::collections::HashMap;

use crate::ids::{BadDeviceId, DeviceId};
use crate::limits::{METRICS_PER_DEVICE, READINGS_PER_MESSAGE, TEXT_BYTES, VALUES_PER_READING};
use crate::reading::{BadValue, Reading, check_name};
use scan::{Scanner, Value};

/// What a time stamp counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Nanoseconds, the default.
    #[default]
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Minutes, of InfluxDB 1 alone.
    Minutes,
    /// Hours, of InfluxDB 1 alone.
    Hours,
}

impl std::str::FromStr for Precision {
    type Err = UnknownPrecision;
    fn from_str(text: &str) -> Result<Self, UnknownPrecision> {
        Ok(match text {
            "" | "ns" | "n" => Self::Nanoseconds,
            "us" | "u" | "µ" | "µs" => Self::Microseconds,
            "ms" => Self::Milliseconds,
            "s" => Self::Seconds,
            "m" => Self::Minutes,
            "h" => Self::Hours,
            _ => return Err(UnknownPrecision),
        })
    }
}

/// The text names no precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a precision is ns, us, ms, s, m or h")]
pub struct UnknownPrecision;

impl Precision {
    /// To milliseconds, downwards; `None` when it does not fit.
    fn to_ms(self, stamp: i64) -> Option<i64> {
        match self {
            Self::Nanoseconds => Some(stamp.div_euclid(1_000_000)),
            Self::Microseconds => Some(stamp.div_euclid(1_000)),
            Self::Milliseconds => Some(stamp),
            Self::Seconds => stamp.checked_mul(1_000),
            Self::Minutes => stamp.checked_mul(60_000),
            Self::Hours => stamp.checked_mul(3_600_000),
        }
    }
}

/// How lines are read.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The tag that names the device.
    pub device_tag: &'a str,
    /// Tags whose values stand in the metric's name, between measurement and field; the others are left out.
    pub name_tags: &'a [String],
    /// What a time stamp counts.
    pub precision: Precision,
    /// Whose lines without the tag are.
    pub own: Option<&'a DeviceId>,
}

/// What a body says of one device.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Which device.
    pub device: DeviceId,
    /// Its readings; lines of one instant are one reading.
    pub readings: Vec<Reading>,
    /// For each reading the first line that it came from, counted from 1.
    pub lines: Vec<u64>,
    /// Texts.
    pub attributes: Vec<(String, String)>,
}

/// A line that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct BadLine {
    /// Which, counted from 1.
    pub line: u64,
    /// Why.
    pub problem: Problem,
}

/// Why a line cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Bytes that are no UTF-8.
    #[error("it is not UTF-8")]
    NotText,
    /// Nothing before the first comma or space.
    #[error("the measurement is missing")]
    NoMeasurement,
    /// A tag without `=`, name or value.
    #[error("a tag is written name=value, with \\ before a comma, a space or = within them")]
    BadTag,
    /// No fields, or one without `=`, name or value.
    #[error("fields are written name=value, with a space before the first and commas between them")]
    BadField,
    /// Neither a number nor true, false or a quoted text.
    #[error("the value of {field:?} is neither a number, true, false nor a text in quotes")]
    BadNumber {
        /// The field.
        field: String,
    },
    /// A text without its closing quote.
    #[error("the text of {field:?} has no closing quote")]
    Unclosed {
        /// The field.
        field: String,
    },
    /// No whole number, or one that does not fit.
    #[error("the time {time:?} is not a whole number, or does not fit the precision")]
    BadTime {
        /// As it came.
        time: String,
    },
    /// No tag that names the device.
    #[error("the tag {tag:?}, which names the device, is missing")]
    NoDevice {
        /// The tag.
        tag: String,
    },
    /// The tag holds no id.
    #[error("{found:?} is no device: {problem}")]
    BadDevice {
        /// What it holds.
        found: String,
        /// Why.
        problem: BadDeviceId,
    },
    /// A name or a value that cannot be stored.
    #[error(transparent)]
    BadValue(#[from] BadValue),
    /// A text over the limit.
    #[error("{name} is longer than {TEXT_BYTES} bytes")]
    TextTooLong {
        /// The attribute.
        name: String,
    },
    /// Two values of one metric for one millisecond: the tags that keep them apart are not in the name.
    #[error("{metric} has two values for one millisecond; tags that keep them apart belong into ingest.line_protocol_name_tags")]
    Twice {
        /// The metric.
        metric: String,
    },
    /// More metrics in one instant than a device may have at all.
    #[error("more than {METRICS_PER_DEVICE} different metrics from one device")]
    TooManyMetrics,
    /// Over the limit.
    #[error("a request has at most {READINGS_PER_MESSAGE} lines")]
    TooManyLines,
}

/// Reads a body, in the order of its lines.
///
/// # Errors
/// [`BadLine`] names the first line that cannot be taken.
pub fn parse(body: &[u8], rules: &Rules<'_>) -> Result<Vec<Part>, BadLine> {
    let text = std::str::from_utf8(body).map_err(|e| {
        let line = 1 + body[..e.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64;
        BadLine { line, problem: Problem::NotText }
    })?;
    let mut parts = Parts::default();
    let mut scanner = Scanner::new(text);
    let mut count = 0;
    while scanner.next_line() {
        let line = scanner.line();
        count += 1;
        let taken = if count > READINGS_PER_MESSAGE { Err(Problem::TooManyLines) } else { parts.take(&mut scanner, rules, line) };
        taken.map_err(|problem| BadLine { line, problem })?;
    }
    Ok(parts.list)
}

#[derive(Default)]
struct Parts {
    list: Vec<Part>,
    /// Where each device stands in the list.
    places: HashMap<DeviceId, usize>,
    instants: HashMap<(usize, Option<i64>), Instant>,
}

/// What a device's instant holds.
#[derive(Default)]
struct Instant {
    /// Every value by its metric, or a long body would be searched through for each of its fields.
    values: HashMap<String, f64>,
    /// The reading with room for more, and how many values are in it.
    open: Option<(usize, usize)>,
}

impl Parts {
    fn take(&mut self, scanner: &mut Scanner<'_>, rules: &Rules<'_>, line: u64) -> Result<(), Problem> {
        let mut stem = scanner.measurement()?;
        let mut device = None;
        let mut in_name = vec![None; rules.name_tags.len()];
        while let Some((tag, value)) = scanner.tag()? {
            if tag == rules.device_tag {
                device = Some(value);
            } else if let Some(place) = rules.name_tags.iter().position(|name| *name == tag) {
                in_name[place] = Some(value);
            }
        }
        let device = match (device, rules.own) {
            (Some(found), _) => DeviceId::new(found.clone()).map_err(|problem| Problem::BadDevice { found: shortened(&found), problem })?,
            (None, Some(own)) => own.clone(),
            (None, None) => return Err(Problem::NoDevice { tag: rules.device_tag.to_owned() }),
        };
        for value in in_name.into_iter().flatten() {
            stem.push('_');
            stem.push_str(&value);
        }
        let mut values = Vec::new();
        let mut texts = Vec::new();
        while let Some((field, value)) = scanner.field(values.is_empty() && texts.is_empty())? {
            let name = format!("{stem}_{field}");
            check_name(&name)?;
            match value {
                Value::Text(text) if text.len() > TEXT_BYTES => return Err(Problem::TextTooLong { name }),
                Value::Text(text) => texts.push((name, text)),
                Value::Number(number) if number.is_finite() => values.push((name, number)),
                Value::Number(_) => return Err(BadValue::NotFinite(name).into()),
            }
        }
        let at_ms = match scanner.stamp()? {
            None => None,
            Some(stamp) => Some(rules.precision.to_ms(stamp).ok_or_else(|| Problem::BadTime { time: stamp.to_string() })?),
        };
        let place = *self.places.entry(device.clone()).or_insert_with(|| {
            self.list.push(Part { device, readings: Vec::new(), lines: Vec::new(), attributes: Vec::new() });
            self.list.len() - 1
        });
        self.list[place].attributes.extend(texts);
        values.into_iter().try_for_each(|(name, value)| self.put(place, at_ms, name, value, line))
    }

    fn put(&mut self, place: usize, at_ms: Option<i64>, name: String, value: f64, line: u64) -> Result<(), Problem> {
        let part = &mut self.list[place];
        let instant = self.instants.entry((place, at_ms)).or_default();
        #[expect(clippy::float_cmp, reason = "the same value again is a repetition, to the last bit")]
        match instant.values.get(&name) {
            Some(known) if *known == value => return Ok(()),
            // Without a time of its own each gets another instant.
            Some(_) if at_ms.is_none() => *instant = Instant::default(),
            Some(_) => return Err(Problem::Twice { metric: name }),
            None if instant.values.len() == METRICS_PER_DEVICE => return Err(Problem::TooManyMetrics),
            None => {}
        }
        let (at, count) = instant.open.filter(|(_, count)| *count < VALUES_PER_READING).unwrap_or_else(|| {
            part.readings.push(Reading::at(at_ms));
            part.lines.push(line);
            (part.readings.len() - 1, 0)
        });
        instant.open = Some((at, count + 1));
        instant.values.insert(name.clone(), value);
        part.readings[at].values.push((name, value));
        Ok(())
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests;
