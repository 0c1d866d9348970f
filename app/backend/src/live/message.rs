//! What is told: an update, put into words once for all who hear it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::extract::ws::Utf8Bytes;
use serde::{Deserialize, Serialize};
use vigia_domain::command::CommandState;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::live::Update;

/// Something to tell.
pub struct Message {
    update: Update,
    /// How far commands of the device have come, by their ids.
    commands: BTreeMap<String, CommandState>,
    /// The device, when it was heard of just now. Not told to who listens: other processes have to know it.
    heard: Option<DeviceNumber>,
    /// When that was, milliseconds since the epoch, where it is known.
    heard_ms: Option<i64>,
    text: OnceLock<Utf8Bytes>,
}

/// A message as it travels to the other processes.
#[derive(Deserialize)]
pub(super) struct Told {
    pub(super) update: Update,
    #[serde(default)]
    pub(super) commands: BTreeMap<String, CommandState>,
    #[serde(default)]
    pub(super) heard: Option<DeviceNumber>,
    /// When it was said, by the clock of who says it, in Unix milliseconds.
    pub(super) sent_ms: i64,
    #[serde(default)]
    pub(super) heard_ms: Option<i64>,
}

#[derive(Serialize)]
struct Telling<'a> {
    update: &'a Update,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    commands: &'a BTreeMap<String, CommandState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heard: Option<DeviceNumber>,
    sent_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    heard_ms: Option<i64>,
}

/// An update that tells of commands, too. Browsers of ours leave that part unread.
#[derive(Serialize)]
struct WithCommands<'a> {
    #[serde(flatten)]
    update: &'a Update,
    commands: &'a BTreeMap<String, CommandState>,
}

impl Message {
    pub(super) fn new(update: Update) -> Arc<Self> {
        Self::with(update, BTreeMap::new())
    }

    pub(super) fn with(update: Update, commands: BTreeMap<String, CommandState>) -> Arc<Self> {
        Arc::new(Self { update, commands, heard: None, heard_ms: None, text: OnceLock::new() })
    }

    /// One that came of a message of the device, if that says that it is there, and when that message came.
    pub(super) fn of(update: Update, heard: Option<DeviceNumber>, heard_ms: Option<i64>) -> Arc<Self> {
        Arc::new(Self { update, commands: BTreeMap::new(), heard, heard_ms, text: OnceLock::new() })
    }

    pub(super) fn update(&self) -> &Update {
        &self.update
    }

    pub(super) fn commands(&self) -> &BTreeMap<String, CommandState> {
        &self.commands
    }

    /// For the other processes, as it is said at this instant in Unix milliseconds.
    pub(super) fn telling(&self, sent_ms: i64) -> Vec<u8> {
        let Self { update, commands, heard, heard_ms, .. } = self;
        serde_json::to_vec(&Telling { update, commands, heard: *heard, heard_ms: *heard_ms, sent_ms }).expect("an update is always JSON")
    }

    /// The JSON text.
    #[must_use]
    pub fn text(&self) -> Utf8Bytes {
        let Self { update, commands, text, .. } = self;
        let put =
            || if commands.is_empty() { serde_json::to_string(update) } else { serde_json::to_string(&WithCommands { update, commands }) };
        text.get_or_init(|| put().expect("an update is always JSON").into()).clone()
    }

    /// The text id of the device that it is about.
    #[must_use]
    pub fn device(&self) -> &str {
        self.update.topic.strip_prefix("device/").unwrap_or_default()
    }

    /// Two messages that a slow listener gets as one, as a new one of its own.
    pub(super) fn and(&self, new: &Self) -> Arc<Self> {
        let (update, commands) = (self.update.clone(), self.commands.clone());
        let mut both = Self { update, commands, heard: self.heard, heard_ms: self.heard_ms, text: OnceLock::new() };
        both.take_up(new);
        Arc::new(both)
    }

    /// Becomes both: every metric with its newer value. What it was put into words as before is forgotten.
    pub(super) fn take_up(&mut self, new: &Self) {
        self.text.take();
        for (id, state) in &new.commands {
            put(&mut self.commands, id, *state);
        }
        if new.heard.is_some() {
            (self.heard, self.heard_ms) = (new.heard, new.heard_ms);
        }
        let (old, new) = (&mut self.update, &new.update);
        // The instant is that of the values: a device's state carries the server's time, which is later.
        let is_later = match (old.values.is_empty(), new.values.is_empty()) {
            (false, false) => new.at > old.at,
            (false, true) => false,
            (true, _) => true,
        };
        if is_later {
            old.at.clone_from(&new.at);
        }
        // What is only repeated stays so until something is heard.
        if !new.values.is_empty() {
            old.seen_at.clone_from(&new.seen_at);
        }
        for (name, value) in &new.values {
            put(&mut old.values, name, *value);
        }
        // The newer word counts: values say that the device is there, whatever was said before. How far a command has come says nothing.
        if new.online.is_some() || !new.values.is_empty() {
            old.online = new.online;
        }
    }
}

/// Most names are there already: they are not made anew.
fn put<V>(map: &mut BTreeMap<String, V>, name: &str, value: V) {
    match map.get_mut(name) {
        Some(known) => *known = value,
        None => drop(map.insert(name.to_owned(), value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_the_other_processes_says_when_the_device_was_heard_last() {
        let update = |n: f64| Update {
            topic: "device/m1".to_owned(),
            at: "2026-01-01T00:00:01.000Z".to_owned(),
            values: [("power_w".to_owned(), n)].into(),
            online: None,
            seen_at: None,
        };
        let heard = |n, heard_ms| Message::of(update(n), Some(DeviceNumber(1)), Some(heard_ms));
        let both = heard(1.0, 1_000).and(&heard(2.0, 2_000));
        assert_eq!((both.heard, both.heard_ms), (Some(DeviceNumber(1)), Some(2_000)));
        let command =
            Message::with(Update { values: BTreeMap::new(), ..update(0.0) }, BTreeMap::from([("c1".to_owned(), CommandState::Done)]));
        let both = both.and(&command);
        assert_eq!((both.heard, both.heard_ms), (Some(DeviceNumber(1)), Some(2_000)), "a command says nothing of it");
    }
}
