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

    /// Two messages that a slow listener gets as one: every metric with its newer value.
    pub(super) fn and(&self, new: &Self) -> Arc<Self> {
        let mut commands = self.commands.clone();
        commands.extend(new.commands.iter().map(|(id, state)| (id.clone(), *state)));
        let (old, new) = (&self.update, &new.update);
        let mut values = old.values.clone();
        values.extend(new.values.iter().map(|(k, v)| (k.clone(), *v)));
        let at = match (old.values.is_empty(), new.values.is_empty()) {
            (false, false) => old.at.clone().max(new.at.clone()),
            // The instant is that of the values: a device's state carries the server's time, which is later.
            (false, true) => old.at.clone(),
            (true, _) => new.at.clone(),
        };
        // What is only repeated stays so until something is heard.
        let seen_at = if new.values.is_empty() { old.seen_at.clone() } else { new.seen_at.clone() };
        // The newer word counts: values say that the device is there, whatever was said before.
        Self::with(Update { topic: new.topic.clone(), at, values, online: new.online, seen_at }, commands)
    }
}
