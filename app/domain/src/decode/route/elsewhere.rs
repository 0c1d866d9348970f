//! The table as a broker of somebody else's needs it: what we subscribe to there, and what each of its clients may. The topic alone says
//! there whose a message is, so a client may publish only where [`Routes::find`], asked for every device, answers with one of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::{Level, NATIVE_UP, Pattern, Place, Route, Routes, TOPIC_LEVELS, Way};

/// What a Shelly sends below its prefix. All below every first level would be everything that a broker has.
const SHELLY: [&str; 4] = ["events/rpc", "status/#", "online", "announce"];

/// A device as it is known in topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// What it is called otherwise.
    pub topic: Option<String>,
}

/// Whether a client may publish on what a filter takes; the rule of the highest rank that takes a topic decides. Without one it may not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// Where.
    pub filter: String,
    /// May it.
    pub allow: bool,
    /// Which rule comes first.
    pub rank: i64,
}

/// What a client may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Where it may publish.
    pub publish: BTreeSet<Rule>,
    /// What it may hear: these filters, and every filter below them.
    pub hear: BTreeSet<String>,
}

impl Routes {
    /// What to subscribe to, so that every device of the table is heard. `names`: what devices are called beside their ids.
    #[must_use]
    pub fn filters<'n>(&self, names: impl Iterator<Item = &'n str>) -> Vec<String> {
        let up = || self.rows.iter().filter(|row| matches!(row.way, Way::Up(_)));
        let mut all: BTreeSet<String> = NATIVE_UP.iter().map(|leaf| format!("vigia/+/{leaf}")).collect();
        all.extend(up().filter(|row| row.device.is_some() || row.pattern.device != Place::None).flat_map(|row| row.sent_on("+")));
        let general: Vec<String> =
            all.iter().filter(|filter| !all.iter().any(|other| other != *filter && covers(other, filter))).cloned().collect();
        let mut filters: BTreeSet<String> = general.iter().cloned().collect();
        // A name of one level is in them already.
        for name in names.filter(|name| name.contains('/')) {
            let further = up().filter(|row| row.pattern.device == Place::Several).flat_map(|row| row.sent_on(name));
            filters.extend(further.filter(|filter| !general.iter().any(|other| covers(other, filter))));
        }
        filters.into_iter().collect()
    }

    /// What a client may that speaks for these devices, and has everything below `base`: there whoever has only the topic must take it for one
    /// of these devices' or for nobody's. It depends on nothing else, so that what changes for one client changes nothing for the others.
    #[must_use]
    pub fn rights(&self, devices: &[Named], base: Option<&str>) -> Rights {
        let mut rights = Rights::default();
        let mut may = |filter: String, allow, rank| {
            rights.publish.insert(Rule { filter, allow, rank });
        };
        let rank_of = |row: usize| 2 * i64::try_from(self.rows.len() - row).unwrap_or_default();
        let mut top = rank_of(0) + 2;
        for (number, row) in self.rows.iter().enumerate() {
            match (row.way, row.pattern.device) {
                (Way::Hello, _) => may(row.filter("+"), true, rank_of(number)),
                (Way::Down, Place::None) => {
                    rights.hear.insert(row.filter("+"));
                }
                // Whoever has the topic alone asks this row before those below it, so that what it takes is nobody's but of those whom it names.
                // Rows of the settings take what they like; the built-in ones do not cross.
                (Way::Up(_), _) if !row.tail_is_read => {
                    row.everybodys().into_iter().for_each(|filter| may(filter, false, rank_of(number)));
                    if row.pattern.head.first() == Some(&Level::Any) && top == rank_of(0) + 2 {
                        // Topics below `vigia` are no row's.
                        may("vigia/#".to_owned(), false, top);
                        top += 1;
                    }
                }
                _ => {}
            }
        }
        for device in devices {
            for leaf in NATIVE_UP {
                may(format!("vigia/{}/{leaf}", device.id), true, top);
            }
            rights.hear.insert(format!("vigia/{}/#", device.id));
            for (number, row) in self.rows.iter().enumerate() {
                let rank = rank_of(number) + 1;
                if let Some(owner) = &row.device {
                    if owner.as_str() == device.id {
                        may(row.taken("+"), true, rank);
                        rights.hear.insert(row.filter("+"));
                    }
                    continue;
                }
                for name in std::iter::once(device.id.as_str()).chain(device.topic.as_deref()) {
                    if !self.may_be_called(row, name) {
                        continue;
                    }
                    may(row.taken(name), matches!(row.way, Way::Up(_)), rank);
                    let top = row.top(name);
                    if row.pattern.tail.is_empty() && !row.pattern.open {
                        rights.hear.insert(top.clone());
                    }
                    rights.hear.insert(format!("{top}/#"));
                }
            }
        }
        if let Some(base) = base {
            may(format!("{base}/#"), true, 0);
            rights.hear.insert(format!("{base}/#"));
        }
        rights.without_what_changes_nothing()
    }

    /// Rows of the settings and what they cross: topics that the first takes of one device and the second of another. Those are the first's: at
    /// a broker of somebody else's nobody may publish on them but whom it names.
    #[must_use]
    pub fn crossings(&self) -> Vec<(String, String)> {
        let ups: Vec<_> = self.rows.iter().filter(|row| matches!(row.way, Way::Up(_))).collect();
        let own = ups.iter().enumerate().filter(|(_, row)| !row.tail_is_read);
        // Every row crosses a device's whole space, in which no row's beginning is a device's name.
        let later = |at: usize| ups[at + 1..].iter().filter(|row| !row.is_all_of_a_device());
        own.flat_map(|(at, row)| later(at).filter(|other| row.crosses(other)).map(|other| (row.to_string(), other.to_string()))).collect()
    }

    /// Whether a device of this name has a place in a row: not one with slashes where there is one level for it, and not one that begins as
    /// another row does, which is asked first for what is below it.
    fn may_be_called(&self, row: &Route, name: &str) -> bool {
        let first = name.split('/').next().unwrap_or_default();
        let is_anothers = |other: &Route| matches!(other.pattern.head.first(), Some(Level::Word(word)) if word == first);
        match row.pattern.device {
            Place::None => false,
            Place::One if name.contains('/') => false,
            _ => !row.pattern.head.is_empty() || !self.rows.iter().any(is_anothers),
        }
    }
}

impl Rights {
    /// A broker keeps every rule of every client.
    fn without_what_changes_nothing(self) -> Self {
        let Self { publish: all, hear } = self;
        // Of rules for the same filter only the first decides anything, and a broker may keep one alone.
        let mut first: BTreeMap<&str, &Rule> = BTreeMap::new();
        for rule in &all {
            let known = first.entry(&rule.filter).or_insert(rule);
            if known.rank <= rule.rank {
                *known = rule;
            }
        }
        let near = Near::of(first.values().map(|rule| (rule.filter.as_str(), *rule)));
        let between = |low: &Rule, high: &Rule, rule: &Rule| low.rank < rule.rank && rule.rank < high.rank;
        let counts = |rule: &&&Rule| {
            let others: Vec<&Rule> = near.to(&rule.filter).filter(|other| overlap(&other.filter, &rule.filter)).collect();
            let mut below = others.iter().filter(|other| other.allow && other.rank < rule.rank);
            if !rule.allow {
                return below.next().is_some();
            }
            !below.any(|other| covers(&other.filter, &rule.filter) && !others.iter().any(|deny| !deny.allow && between(other, rule, deny)))
        };
        let publish = first.values().filter(counts).map(|rule| (*rule).clone()).collect();
        let near = Near::of(hear.iter().map(|filter| (filter.as_str(), filter)));
        let narrow = |filter: &&String| !near.to(filter).any(|other| other != *filter && covers(other, filter));
        Self { publish, hear: hear.iter().filter(narrow).cloned().collect() }
    }
}

/// Filters by how they begin, so that those of a gateway's many devices are not compared each with each.
struct Near<'r, T> {
    /// By their first two levels, where both are words.
    words: BTreeMap<(&'r str, Option<&'r str>), Vec<T>>,
    /// By their first level, where it alone is one.
    first: BTreeMap<&'r str, Vec<T>>,
    wild: Vec<T>,
}

impl<'r, T: Copy> Near<'r, T> {
    fn of(all: impl Iterator<Item = (&'r str, T)>) -> Self {
        let mut near = Self { words: BTreeMap::new(), first: BTreeMap::new(), wild: Vec::new() };
        for (filter, it) in all {
            match beginning(filter) {
                (None, _) => near.wild.push(it),
                (Some(first), Some(second)) => near.words.entry((first, second)).or_default().push(it),
                (Some(first), None) => near.first.entry(first).or_default().push(it),
            }
        }
        near
    }

    /// All that could overlap with a filter, and some more.
    fn to(&self, filter: &'r str) -> Box<dyn Iterator<Item = T> + '_> {
        let wild = self.wild.iter().copied();
        match beginning(filter) {
            (None, _) => Box::new(wild.chain(self.words.values().chain(self.first.values()).flatten().copied())),
            (Some(first), Some(second)) => {
                let (same, above) = (self.words.get(&(first, second)), self.first.get(first));
                Box::new(wild.chain(same.into_iter().chain(above).flatten().copied()))
            }
            (Some(first), None) => {
                let below = self.words.range((first, None)..).take_while(move |((other, _), _)| *other == first).flat_map(|(_, all)| all);
                Box::new(wild.chain(self.first.get(first).into_iter().flatten().copied()).chain(below.copied()))
            }
        }
    }
}

/// The first two levels where they are words; the inner `None` of the second: there is none.
fn beginning(filter: &str) -> (Option<&str>, Option<Option<&str>>) {
    let word = |level: &&str| !matches!(*level, "+" | "#");
    let mut levels = filter.split('/');
    let first = levels.next().filter(word);
    let second = match levels.next() {
        None => Some(None),
        Some(level) => Some(level).filter(word).map(Some),
    };
    (first, second)
}

impl Route {
    /// Every device's own topics, whatever they are.
    fn is_all_of_a_device(&self) -> bool {
        self.pattern.head.is_empty() && self.pattern.tail.is_empty() && self.pattern.open
    }

    /// The row as a filter, for a device that is called so.
    fn filter(&self, name: &str) -> String {
        let mut filter = self.top(name);
        for level in &self.pattern.tail {
            push(&mut filter, level.word());
        }
        if self.pattern.open {
            push(&mut filter, "#");
        }
        filter
    }

    /// The levels up to the device's name, with it.
    fn top(&self, name: &str) -> String {
        let mut top = String::new();
        self.pattern.head.iter().for_each(|level| push(&mut top, level.word()));
        if self.pattern.device != Place::None {
            push(&mut top, name);
        }
        top
    }

    /// Exactly what the row takes of a device that is called so: the parent of `#` is not among it, and may be another's.
    fn taken(&self, name: &str) -> String {
        let filter = self.filter(name);
        match filter.strip_suffix("/#") {
            Some(parent) => format!("{parent}/+/#"),
            None => filter,
        }
    }

    /// What the row takes of whatever device.
    fn everybodys(&self) -> Vec<String> {
        let Pattern { head, device, tail, open } = &self.pattern;
        match device {
            Place::None | Place::One => vec![self.taken("+")],
            Place::Several if tail.is_empty() => vec![format!("{}/#", self.top("+"))],
            Place::Several => {
                let most = TOPIC_LEVELS.saturating_sub(head.len() + tail.len() + usize::from(*open));
                (1..=most).map(|levels| self.taken(&vec!["+"; levels].join("/"))).collect()
            }
        }
    }

    /// Whether there is a topic that this row takes of one device and another, which is asked later, of another one.
    fn crosses(&self, later: &Self) -> bool {
        let is_same = match (&self.device, &later.device) {
            (Some(one), Some(other)) => one == other,
            (None, None) => self.pattern.head.len() == later.pattern.head.len(),
            _ => false,
        };
        // A device is not called as another row begins.
        let is_apart = later.pattern.head.is_empty() && matches!(self.pattern.head.first(), Some(Level::Word(_)));
        let others = later.everybodys();
        !is_same && !is_apart && self.everybodys().iter().any(|one| others.iter().any(|other| overlap(one, other)))
    }

    /// What a device of this name sends on by this row.
    fn sent_on(&self, name: &str) -> Vec<String> {
        if self.is_all_of_a_device() {
            return SHELLY.iter().map(|leaf| format!("{name}/{leaf}")).collect();
        }
        vec![self.filter(name)]
    }
}

impl Level {
    fn word(&self) -> &str {
        match self {
            Self::Any => "+",
            Self::Word(word) => word,
        }
    }
}

fn push(filter: &mut String, level: &str) {
    if !filter.is_empty() {
        filter.push('/');
    }
    filter.push_str(level);
}

/// Whether a topic or filter takes only what is below a topic.
#[must_use]
pub fn is_below(topic: &str, base: &str) -> bool {
    topic.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a filter takes everything that another takes.
fn covers(wide: &str, narrow: &str) -> bool {
    let (mut wide, mut narrow) = (wide.split('/'), narrow.split('/'));
    loop {
        match (wide.next(), narrow.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(level)) if level != "#" => {}
            (Some(wide), Some(level)) if wide == level => {}
            _ => return false,
        }
    }
}

/// Whether there is a topic that both take.
fn overlap(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.split('/'), other.split('/'));
    loop {
        match (one.next(), other.next()) {
            (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
            (Some(a), Some(b)) if a == "+" || b == "+" || a == b => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests;
