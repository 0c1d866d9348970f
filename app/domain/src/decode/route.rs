//! From a topic to a decoder and the device it speaks of: a table of patterns, ours first, the settings' own before the built-in ones.
//!
//! A pattern is a topic in which one level, `{device}`, is the device's name there, or several levels, `{device...}` (a Shelly's
//! topic prefix and a Zigbee2MQTT friendly name may hold slashes). `+` is any level, a last `#` is whatever follows. A pattern
//! without a device belongs to one that the route names, or to whoever sends.

use std::fmt;

use super::Decoder;
use crate::ids::DeviceId;

/// Topics with more levels are nobody's; the longest that a device of ours uses has seven.
pub const TOPIC_LEVELS: usize = 16;

/// What stands for the device in a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name<'t> {
    /// Its id: in native topics, and where a route names the device.
    Id(&'t str),
    /// Its name in the topics of others: its id, or the topic that it was registered with.
    Topic(&'t str),
    /// Nothing does: it is whoever sends.
    Sender,
}

/// Whose topic it is and what stands in its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'t, T> {
    /// The device sends there.
    Up {
        /// Whose topic it is, as the caller's look-up said.
        device: T,
        /// What reads its messages.
        decoder: Decoder,
        /// The device's name in the topic; empty where it has none.
        name: &'t str,
        /// What follows the device in the topic, for decoders that read it; empty where nothing does.
        rest: &'t str,
    },
    /// The device is told something there; only we send on it.
    Down {
        /// Whose topic it is.
        device: T,
    },
    /// Every client of its kind says hello there; it is taken and says nothing about a reading.
    Hello,
    /// Nobody's that the look-up knows.
    Nobodys,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pattern: Pattern,
    device: Option<DeviceId>,
    way: Way,
    /// Whether the decoder reads the words behind the device: those of the settings only find the route.
    tail_is_read: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Up(Decoder),
    Down,
    Hello,
}

/// A topic with a place for the device.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    head: Vec<Level>,
    device: Place,
    tail: Vec<Level>,
    /// Ends with `#`.
    open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Level {
    Any,
    Word(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    None,
    One,
    Several,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// Empty, too deep, or an empty level.
    #[error("a topic has 1 to {TOPIC_LEVELS} levels, none of them empty")]
    Levels,
    /// `#` before the end, or a wildcard beside other characters.
    #[error("`+` and `{{device}}` stand alone on their level, and `#` only on the last one")]
    Wildcard,
    /// `{device}` twice.
    #[error("`{{device}}` stands in it once at most")]
    Device,
    /// A space that is ours or the broker's.
    #[error("topics below `vigia/` and `$` are not for routes")]
    Reserved,
    /// Nothing in it is a word.
    #[error("a level of it must be a word, or it would take every topic")]
    Everything,
    /// No `{device}` and no device.
    #[error("it needs `{{device}}` in the topic, or a device of its own, and not both")]
    Whose,
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, BadPattern> {
        let mut pattern = Self { head: Vec::new(), device: Place::None, tail: Vec::new(), open: false };
        if text.split('/').count() > TOPIC_LEVELS {
            return Err(BadPattern::Levels);
        }
        for level in text.split('/') {
            if pattern.open {
                return Err(BadPattern::Wildcard);
            }
            let here = if pattern.device == Place::None { &mut pattern.head } else { &mut pattern.tail };
            match level {
                "" => return Err(BadPattern::Levels),
                "#" => pattern.open = true,
                "+" => here.push(Level::Any),
                "{device}" | "{device...}" if pattern.device != Place::None => return Err(BadPattern::Device),
                "{device}" => pattern.device = Place::One,
                "{device...}" => pattern.device = Place::Several,
                word if word.contains(['+', '#', '{', '}', '\0']) => return Err(BadPattern::Wildcard),
                word => here.push(Level::Word(word.to_owned())),
            }
        }
        Ok(pattern)
    }
}

impl Level {
    fn takes(&self, level: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Word(word) => word == level,
        }
    }

    /// Whether a filter's level takes no topic that this one does not.
    fn covers(&self, level: &str) -> bool {
        match self {
            Self::Any => level != "#",
            Self::Word(word) => word == level,
        }
    }
}

impl Route {
    /// A route of the settings. Without `{device}` in the topic it needs a `device`.
    ///
    /// # Errors
    /// [`BadPattern`] says which rule is broken.
    pub fn new(topic: &str, decoder: Decoder, device: Option<DeviceId>) -> Result<Self, BadPattern> {
        let pattern = Pattern::parse(topic)?;
        if topic.starts_with('$') || matches!(pattern.head.first(), Some(Level::Word(word)) if word == "vigia") {
            return Err(BadPattern::Reserved);
        }
        if (pattern.device == Place::None) == device.is_none() {
            return Err(BadPattern::Whose);
        }
        if pattern.head.iter().chain(&pattern.tail).all(|level| *level == Level::Any) {
            return Err(BadPattern::Everything);
        }
        Ok(Self { pattern, device, way: Way::Up(decoder), tail_is_read: false })
    }

    fn built_in(topic: &str, way: Way) -> Self {
        let pattern = Pattern::parse(topic).expect("the built-in table holds patterns; its test reads every row");
        Self { pattern, device: None, way, tail_is_read: true }
    }
}

/// The table. Rows are asked in order; the first whose pattern fits and whose device is known answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routes {
    rows: Vec<Route>,
}

/// Native topics that a device sends on; every other topic below `vigia/<id>/` is ours.
const NATIVE_UP: [&str; 5] = ["telemetry", "event", "status", "command/result", "config/applied"];

/// The built-in rows, in order. Where orders come down stands before what goes up in the same place.
const BUILT_IN: [(&str, Way); 25] = [
    // Shelly Gen1.
    ("shellies/announce", Way::Hello),
    ("shellies/command", Way::Down),
    ("shellies/{device}/command", Way::Down),
    ("shellies/{device}/+/+/command", Way::Down),
    ("shellies/{device}/+/+/set", Way::Down),
    ("shellies/{device}/#", Way::Up(Decoder::ShellyGen1)),
    // Tasmota, in both orders of its FullTopic that are in use.
    ("cmnd/{device...}/#", Way::Down),
    ("tele/{device...}/#", Way::Up(Decoder::Tasmota)),
    ("stat/{device...}/#", Way::Up(Decoder::Tasmota)),
    ("{device...}/cmnd/#", Way::Down),
    ("{device...}/tele/#", Way::Up(Decoder::Tasmota)),
    ("{device...}/stat/#", Way::Up(Decoder::Tasmota)),
    ("tasmota/discovery/+/+", Way::Hello),
    // Zigbee2MQTT: a friendly name may hold slashes.
    ("zigbee2mqtt/{device...}/set", Way::Down),
    ("zigbee2mqtt/{device...}/set/#", Way::Down),
    ("zigbee2mqtt/{device...}/get", Way::Down),
    ("zigbee2mqtt/{device...}/get/#", Way::Down),
    ("zigbee2mqtt/{device...}/availability", Way::Up(Decoder::Zigbee2Mqtt)),
    ("zigbee2mqtt/{device...}", Way::Up(Decoder::Zigbee2Mqtt)),
    // The documents of earlier systems.
    ("iot/{device}/estado", Way::Up(Decoder::IotBackend)),
    ("Prueba", Way::Up(Decoder::Biogestor)),
    // Shelly Gen2 and later: below the topic prefix, which is the device's id unless it was changed.
    ("{device...}/rpc", Way::Down),
    ("{device...}/command", Way::Down),
    ("{device...}/command/#", Way::Down),
    ("{device...}/#", Way::Up(Decoder::Shelly)),
];

impl Routes {
    /// The built-in table.
    #[must_use]
    pub fn built_in() -> Self {
        Self { rows: BUILT_IN.iter().map(|(topic, way)| Route::built_in(topic, *way)).collect() }
    }

    /// The built-in table behind these rows, which are asked first.
    #[must_use]
    pub fn with(mut own: Vec<Route>) -> Self {
        own.extend(Self::built_in().rows);
        Self { rows: own }
    }

    /// Whose a topic is. `device` says which device has a name, if the caller knows of one.
    pub fn find<'t, T>(&'t self, topic: &'t str, device: impl Fn(Name<'t>) -> Option<T>) -> Found<'t, T> {
        // No device of ours sends on a topic with an empty end, and a row that ends with `#` and one that does not would differ about it.
        if topic.is_empty() || topic.ends_with('/') || topic.contains(['+', '#', '\0']) || topic.starts_with('$') {
            return Found::Nobodys;
        }
        if let Some(below) = topic.strip_prefix("vigia/") {
            return native(below, &device);
        }
        // Ends of levels: the topic up to the first, the second, ... slash, and all of it.
        let mut ends = [0; TOPIC_LEVELS];
        let mut levels = 0;
        for end in topic.bytes().enumerate().filter(|(_, byte)| *byte == b'/').map(|(at, _)| at).chain([topic.len()]) {
            let Some(slot) = ends.get_mut(levels) else { return Found::Nobodys };
            *slot = end;
            levels += 1;
        }
        let topic = Topic { text: topic, ends: &ends[..levels] };
        self.rows.iter().find_map(|row| row.find(topic, &device)).unwrap_or(Found::Nobodys)
    }

    /// Whether everything that a filter takes is of devices that the caller knows.
    pub fn covers<'t>(&'t self, filter: &'t str, device: impl Fn(Name<'t>) -> bool) -> bool {
        let known = |name: Name<'t>| device(name).then_some(());
        if filter.is_empty() || filter.starts_with('$') || filter.contains('\0') {
            return false;
        }
        let levels: Vec<&str> = filter.split('/').collect();
        if levels.len() > TOPIC_LEVELS {
            return false;
        }
        if levels[0] == "vigia" {
            return levels.len() > 2 && !levels[2].is_empty() && !is_wild(levels[1]) && known(Name::Id(levels[1])).is_some();
        }
        self.rows.iter().any(|row| row.covers(filter, &levels, &known))
    }
}

fn native<'t, T>(below: &'t str, device: &impl Fn(Name<'t>) -> Option<T>) -> Found<'t, T> {
    let Some((id, rest)) = below.split_once('/') else { return Found::Nobodys };
    let Some(device) = device(Name::Id(id)) else { return Found::Nobodys };
    if NATIVE_UP.contains(&rest) { Found::Up { device, decoder: Decoder::Native, name: id, rest } } else { Found::Down { device } }
}

fn is_wild(level: &str) -> bool {
    matches!(level, "+" | "#" | "")
}

/// A topic and where its levels end.
#[derive(Clone, Copy)]
struct Topic<'a, 't> {
    text: &'t str,
    ends: &'a [usize],
}

impl<'t> Topic<'_, 't> {
    fn start(&self, level: usize) -> usize {
        if level == 0 { 0 } else { self.ends[level - 1] + 1 }
    }

    fn level(&self, level: usize) -> &'t str {
        &self.text[self.start(level)..self.ends[level]]
    }

    /// The levels from `from`, up to but without `to`.
    fn part(&self, from: usize, to: usize) -> &'t str {
        if from >= to { "" } else { &self.text[self.start(from)..self.ends[to - 1]] }
    }

    fn fits(&self, pattern: &[Level], from: usize) -> bool {
        pattern.iter().enumerate().all(|(at, level)| level.takes(self.level(from + at)))
    }
}

impl Route {
    fn find<'t, T>(&'t self, topic: Topic<'_, 't>, device: &impl Fn(Name<'t>) -> Option<T>) -> Option<Found<'t, T>> {
        let Pattern { head, device: place, tail, open } = &self.pattern;
        let levels = topic.ends.len();
        let least = head.len() + tail.len() + usize::from(*open) + usize::from(*place != Place::None);
        if levels < least || !topic.fits(head, 0) {
            return None;
        }
        // The most levels that the device's name may have here. The longest name that is somebody's wins.
        let most = match place {
            Place::None => 0,
            Place::One => 1,
            Place::Several => levels - (least - 1),
        };
        let lengths = if *place == Place::Several { 1..=most } else { most..=most };
        lengths.rev().find_map(|length| {
            let after = head.len() + length;
            let end = after + tail.len();
            let fits = levels >= end + usize::from(*open) && topic.fits(tail, after) && (*open || levels == end);
            if !fits || *open && topic.part(end, levels).is_empty() {
                return None;
            }
            let name = topic.part(head.len(), after);
            let wanted = match (&self.device, place) {
                (Some(id), _) => Name::Id(id.as_str()),
                (None, Place::None) => Name::Sender,
                _ => Name::Topic(name),
            };
            if self.way == Way::Hello {
                return Some(Found::Hello);
            }
            let device = device(wanted)?;
            Some(match self.way {
                Way::Up(decoder) => {
                    let rest = match (open, self.tail_is_read) {
                        (true, _) => topic.part(end, levels),
                        (false, true) => topic.part(after, levels),
                        (false, false) => "",
                    };
                    Found::Up { device, decoder, name, rest }
                }
                _ => Found::Down { device },
            })
        })
    }

    fn covers<'t>(&'t self, filter: &'t str, levels: &[&'t str], known: &impl Fn(Name<'t>) -> Option<()>) -> bool {
        let Pattern { head, device: place, tail, open } = &self.pattern;
        if levels.len() < head.len() || !head.iter().zip(levels).all(|(level, asked)| level.covers(asked)) {
            return false;
        }
        let below = &levels[head.len()..];
        if *place == Place::None {
            // A topic of one device alone; what everybody may send on, nobody may listen to.
            let exact = below.is_empty() || *open && !below[0].is_empty();
            return match (&self.device, self.way) {
                (Some(id), _) => exact && known(Name::Id(id.as_str())).is_some(),
                (None, Way::Down) => below.is_empty(),
                (None, _) => false,
            };
        }
        let goes_on = !tail.is_empty() || *open;
        let most = if *place == Place::One { 1 } else { below.len() };
        let start: usize = levels[..head.len()].iter().map(|level| level.len() + 1).sum();
        let mut end = start;
        for length in 1..=most.min(below.len()) {
            let level = below[length - 1];
            if is_wild(level) {
                return false;
            }
            end += level.len() + usize::from(length > 1);
            // What follows the device's name in its own topics is its own, wildcards included.
            let follows = below.get(length).is_some_and(|level| !level.is_empty());
            if (follows || below.len() == length && !goes_on) && known(Name::Topic(&filter[start..end])).is_some() {
                return true;
            }
        }
        false
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |level: &Level| match level {
            Level::Any => "+".to_owned(),
            Level::Word(word) => word.clone(),
        };
        let device = match self.pattern.device {
            Place::None => None,
            Place::One => Some("{device}".to_owned()),
            Place::Several => Some("{device...}".to_owned()),
        };
        let open = self.pattern.open.then(|| "#".to_owned());
        let levels = self.pattern.head.iter().map(word).chain(device).chain(self.pattern.tail.iter().map(word)).chain(open);
        f.write_str(&levels.collect::<Vec<_>>().join("/"))
    }
}

pub mod elsewhere;
#[cfg(test)]
mod tests;
