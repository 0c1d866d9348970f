//! What is told: an update, put into words once for all who hear it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::extract::ws::Utf8Bytes;
use serde::Serialize;
use vigia_domain::command::CommandState;
use vigia_domain::live::Update;

/// Something to tell.
pub struct Message {
    update: Update,
    /// How far commands of the device have come, by their ids.
    commands: BTreeMap<String, CommandState>,
    text: OnceLock<Utf8Bytes>,
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
        Arc::new(Self { update, commands, text: OnceLock::new() })
    }

    /// The JSON text.
    #[must_use]
    pub fn text(&self) -> Utf8Bytes {
        let Self { update, commands, text } = self;
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
        let mut both = Self { update: self.update.clone(), commands: self.commands.clone(), text: OnceLock::new() };
        both.take_up(new);
        Arc::new(both)
    }

    /// Becomes both: every metric with its newer value. What it was put into words as before is forgotten.
    pub(super) fn take_up(&mut self, new: &Self) {
        self.text.take();
        for (id, state) in &new.commands {
            put(&mut self.commands, id, *state);
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
        // The newer word counts: values say that the device is there, whatever was said before.
        old.online = new.online;
    }
}

/// Most names are there already: they are not made anew.
fn put<V>(map: &mut BTreeMap<String, V>, name: &str, value: V) {
    match map.get_mut(name) {
        Some(known) => *known = value,
        None => drop(map.insert(name.to_owned(), value)),
    }
}
