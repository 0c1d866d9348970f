//! Why something was not taken from a device: a code with its parameters. Pages word it in their language; `Display` is the
//! sentence of the HTTP interface and of the log.

use serde::{Deserialize, Serialize};

use crate::limits::{
    ATTRIBUTES_PER_DEVICE, ATTRIBUTES_PER_MESSAGE, EVENTS_PER_MESSAGE, METRICS_PER_DEVICE, PAYLOAD_BYTES, READINGS_PER_MESSAGE, TEXT_BYTES,
    VALUES_PER_READING,
};
use crate::reading::BadValue;
use crate::time::BadTime;

/// How much of a sender's own words a reason keeps, in characters.
const WORDS: usize = 200;

/// What stands in a payload, or should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Missing, or `null`.
    Nothing,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A text.
    Text,
    /// An array.
    List,
    /// An object.
    Object,
    /// A number or a text that is a time.
    Time,
    /// A number, `true`, `false` or a text.
    Value,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Boolean => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Object => "an object",
            Self::Time => "a number or a text",
            Self::Value => "a number, true, false or a text",
        }
    }
}

/// Why a message, one element of a batch or a connection was refused. Parameters that are texts are the sender's own words:
/// they are text and nothing else, wherever they are shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// No bytes at all.
    #[error("the payload is empty")]
    Empty,
    /// Over the limit of the payload.
    #[error("the payload has {bytes} bytes; the limit is {PAYLOAD_BYTES}")]
    TooLarge {
        /// Its length.
        bytes: u64,
    },
    /// Not JSON.
    #[error("the payload is not JSON: {parser}")]
    NotJson {
        /// What the parser says, with line and column.
        parser: String,
        /// Where it stopped to be JSON, counted from 1.
        line: u64,
        /// And in which column.
        column: u64,
    },
    /// One thing where another belongs.
    #[error("{}{} is expected, not {}", place(field), wanted.as_str(), found.as_str())]
    WrongType {
        /// The field; empty for the payload itself.
        field: String,
        /// What belongs there.
        wanted: Kind,
        /// What stood there.
        found: Kind,
    },
    /// A Shelly notification of a kind that carries no readings.
    #[error("the method {method:?} is none of NotifyStatus, NotifyFullStatus, NotifyEvent")]
    UnknownMethod {
        /// The method.
        method: String,
    },
    /// A Shelly component whose channel is no number.
    #[error("{component:?} is no component")]
    UnknownComponent {
        /// The component.
        component: String,
    },
    /// A message that names another device than its topic does.
    #[error("it names the device {named:?}, which this topic is not of")]
    OtherDevice {
        /// The name in it.
        named: String,
    },
    /// A value that cannot be: outside what its quantity can have.
    #[error("{name} is {value}; it lies between {least} and {most}")]
    OutOfRange {
        /// The metric.
        name: String,
        /// The value, as a decimal number.
        value: String,
        /// The least that is taken.
        least: String,
        /// The most that is taken.
        most: String,
    },
    /// A value that is too far from the one before it.
    #[error("{name} went from {before} to {value}, faster than the {most} per second that its settings allow")]
    TooFast {
        /// The metric.
        name: String,
        /// The value, as a decimal number.
        value: String,
        /// The one before it.
        before: String,
        /// What it may change by in a second.
        most: String,
    },
    /// A batch over the limit.
    #[error("{count} readings in one message; the limit is {READINGS_PER_MESSAGE}")]
    TooManyReadings {
        /// How many there were.
        count: u64,
    },
    /// No decoder for this topic.
    #[error("nothing is expected on this topic")]
    UnknownTopic,
    /// Neither a number nor RFC 3339.
    #[error("the time {time:?} is neither Unix seconds or milliseconds nor RFC 3339")]
    TimeUnreadable {
        /// As it came.
        time: String,
    },
    /// Before 2000: a clock that was never set.
    #[error("the time {time} is before the year 2000: the device's clock is not set")]
    TimeTooEarly {
        /// RFC 3339.
        time: String,
    },
    /// More than ten minutes ahead of the server.
    #[error("the time {time} is more than 10 minutes ahead of the server's clock")]
    TimeTooLate {
        /// RFC 3339.
        time: String,
    },
    /// The name breaks the grammar of metrics.
    #[error("the name {name:?} is not 1 to 64 of letters, digits and : _ . -")]
    BadName {
        /// The beginning of the name.
        name: String,
    },
    /// Not a number that can be stored.
    #[error("{name} is not a finite number")]
    NotFinite {
        /// The field.
        name: String,
    },
    /// More values than one reading may hold.
    #[error("more than {VALUES_PER_READING} values in one reading")]
    TooManyValues,
    /// A text over the limit.
    #[error("{name} is longer than {TEXT_BYTES} bytes")]
    TextTooLong {
        /// The field.
        name: String,
    },
    /// Too many different metrics.
    #[error("more than {METRICS_PER_DEVICE} different metrics from one device")]
    TooManyMetrics,
    /// More texts than one message may hold; the first of them, by name, were taken.
    #[error("{count} texts in one message; the limit is {ATTRIBUTES_PER_MESSAGE}")]
    TooManyAttributes {
        /// How many there were.
        count: u64,
    },
    /// Too many different texts.
    #[error("more than {ATTRIBUTES_PER_DEVICE} different texts from one device")]
    TooManyAttributeNames,
    /// More events than one message may hold; the first of them were taken.
    #[error("{count} events in one message; the limit is {EVENTS_PER_MESSAGE}")]
    TooManyEvents {
        /// How many there were.
        count: u64,
    },
    /// One element of a batch.
    #[error("reading {index}: {reason}")]
    Element {
        /// Its place in the batch, counted from 0.
        index: u64,
        /// Why.
        #[cfg_attr(not(target_arch = "wasm32"), schema(no_recursion))]
        reason: Box<Self>,
    },
    /// What is left of a batch of which the first refusals are told one by one.
    #[error("{count} more readings of this message were refused")]
    More {
        /// How many.
        count: u64,
    },
    /// A wrong password for a user name that is a device's.
    #[error("wrong password")]
    WrongPassword,
    /// PUBLISH outside its own topics.
    #[error("published outside its own topics")]
    ForeignPublish,
    /// SUBSCRIBE outside its own topics.
    #[error("subscribed outside its own topics")]
    ForeignSubscribe,
    /// More connections of one device than it may have.
    #[error("more than {most} connections of one device at once")]
    TooManyConnections {
        /// The limit.
        most: u64,
    },
    /// A last will outside its own topics; the connection was refused.
    #[error("left a last will outside its own topics")]
    ForeignWill,
    /// A retained message outside its own topics.
    #[error("retained a message outside its own topics")]
    ForeignRetain,
    /// A sentence of an older version, which kept no codes.
    #[error("{text}")]
    Told {
        /// The sentence.
        text: String,
    },
}

fn place(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("{field}: ") }
}

impl Reason {
    /// One thing where another belongs; `field` is empty for the payload itself.
    #[must_use]
    pub fn wrong_type(field: &str, wanted: Kind, found: Kind) -> Self {
        Self::WrongType { field: field.to_owned(), wanted, found }
    }

    /// Whether it is the same mistake: a clock that is not set tells another time with every message.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        use Reason::{TimeTooEarly, TimeTooLate};
        matches!((self, other), (TimeTooEarly { .. }, TimeTooEarly { .. }) | (TimeTooLate { .. }, TimeTooLate { .. })) || self == other
    }

    /// As it is stored: JSON, with the sender's words cut to what a page can show.
    #[must_use]
    pub fn to_stored(&self) -> String {
        let mut cut = self.clone();
        cut.cut();
        // Nothing in it that JSON has no form for.
        serde_json::to_string(&cut).unwrap_or_else(|_| self.to_string())
    }

    /// As it was stored. What is no reason of ours is the sentence of an older version.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        serde_json::from_str(&text).unwrap_or(Self::Told { text })
    }

    fn cut(&mut self) {
        let words = match self {
            Self::NotJson { parser: words, .. }
            | Self::WrongType { field: words, .. }
            | Self::UnknownMethod { method: words }
            | Self::UnknownComponent { component: words }
            | Self::TimeUnreadable { time: words }
            | Self::OtherDevice { named: words }
            | Self::BadName { name: words }
            | Self::NotFinite { name: words }
            | Self::TextTooLong { name: words }
            | Self::Told { text: words } => words,
            Self::Element { reason, .. } => return reason.cut(),
            _ => return,
        };
        if let Some((end, _)) = words.char_indices().nth(WORDS) {
            words.truncate(end);
        }
    }
}

impl From<BadTime> for Reason {
    fn from(bad: BadTime) -> Self {
        match bad {
            BadTime::Unreadable(time) => Self::TimeUnreadable { time },
            BadTime::TooEarly(time) => Self::TimeTooEarly { time },
            BadTime::TooLate(time) => Self::TimeTooLate { time },
        }
    }
}

impl From<BadValue> for Reason {
    fn from(bad: BadValue) -> Self {
        match bad {
            BadValue::Name(name) => Self::BadName { name },
            BadValue::NotFinite(name) => Self::NotFinite { name },
            BadValue::TooMany => Self::TooManyValues,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_stored_with_its_code_and_read_back() {
        let reason = Reason::Element { index: 2, reason: Box::new(Reason::BadName { name: "a\"b\\ \0<b>ñ".to_owned() }) };
        assert_eq!(reason.to_stored(), r#"{"code":"element","index":2,"reason":{"code":"bad_name","name":"a\"b\\ \u0000<b>ñ"}}"#);
        assert_eq!(Reason::from_stored(reason.to_stored()), reason);
    }

    #[test]
    fn a_sentence_of_an_older_version_and_a_code_of_a_newer_one_are_told_as_they_stand() {
        for text in ["published outside its own topics", "", "{", r#"{"code":"of_tomorrow"}"#, "\"empty\"", "7"] {
            let reason = Reason::from_stored(text.to_owned());
            assert_eq!(reason, Reason::Told { text: text.to_owned() });
            assert_eq!(reason.to_string(), text);
        }
    }

    #[test]
    fn a_senders_words_are_cut_and_what_is_stored_is_still_json() {
        let long = Reason::Element { index: 0, reason: Box::new(Reason::wrong_type(&"\"ñ".repeat(9_000), Kind::Value, Kind::List)) };
        let stored = long.to_stored();
        assert!(stored.len() < 1_000, "{}", stored.len());
        let Reason::Element { reason, .. } = Reason::from_stored(stored) else { panic!("another reason") };
        assert_eq!(*reason, Reason::wrong_type(&"\"ñ".repeat(WORDS / 2), Kind::Value, Kind::List));
    }
}
