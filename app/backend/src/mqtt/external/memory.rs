//! What has to be the same after a restart, so that the broker takes us for who we were: our client id, and what we subscribed to.
//! It is kept in the data folder, because processes that share a database are several clients.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::mqtt::BrokerError;
use crate::world::World;

const FILE: &str = "mqtt-session.json";

/// The file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    client_id: String,
    /// Every filter that the broker may still have us down for.
    filters: BTreeSet<String>,
}

/// The memory of one process.
pub(super) struct Memory {
    file: PathBuf,
    kept: Kept,
}

impl Memory {
    /// Reads it, or begins one. A client id from the settings wins over the one made here.
    ///
    /// # Errors
    /// [`BrokerError::Failed`] with the file and the reason.
    pub(super) fn open(folder: &Path, client_id: Option<&str>, world: &World) -> Result<Self, BrokerError> {
        let file = folder.join(FILE);
        let failed = |reason: String| BrokerError::Failed(format!("{}: {reason}; mend or remove the file", file.display()));
        let mut kept = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| failed(e.to_string()))?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Kept::default(),
            Err(e) => return Err(failed(e.to_string())),
        };
        let wanted = match client_id {
            Some(id) => id.to_owned(),
            None if kept.client_id.is_empty() => format!("vigia-{}", HEXLOWER.encode(&world.bytes::<8>())),
            None => kept.client_id.clone(),
        };
        if wanted != kept.client_id {
            kept = Kept { client_id: wanted, filters: BTreeSet::new() };
        }
        let memory = Self { file, kept };
        memory.write()?;
        Ok(memory)
    }

    pub(super) fn client_id(&self) -> &str {
        &self.kept.client_id
    }

    /// Whether the broker should know us.
    pub(super) fn is_known(&self) -> bool {
        !self.kept.filters.is_empty()
    }

    /// To be written down before they are subscribed to: whatever happens then, nothing is forgotten that the broker may have.
    pub(super) fn add(&mut self, filters: &[String]) -> Result<(), BrokerError> {
        let before = self.kept.filters.len();
        self.kept.filters.extend(filters.iter().cloned());
        if self.kept.filters.len() == before { Ok(()) } else { self.write() }
    }

    /// Those that the broker does not have us down for.
    pub(super) fn missing(&self, filters: &[String]) -> Vec<String> {
        filters.iter().filter(|filter| !self.kept.filters.contains(*filter)).cloned().collect()
    }

    /// Those of an earlier setting, which would bring each message twice.
    pub(super) fn stale(&self, filters: &[String]) -> Vec<String> {
        self.kept.filters.iter().filter(|kept| !filters.contains(kept)).cloned().collect()
    }

    /// They are ended.
    pub(super) fn remove(&mut self, stale: &[String]) -> Result<(), BrokerError> {
        let before = self.kept.filters.len();
        self.kept.filters.retain(|kept| !stale.contains(kept));
        if self.kept.filters.len() == before { Ok(()) } else { self.write() }
    }

    /// Whole or not at all: a half-written file would stop the next start.
    fn write(&self) -> Result<(), BrokerError> {
        let written = || {
            let beside = self.file.with_extension("new");
            std::fs::write(&beside, serde_json::to_vec(&self.kept).map_err(std::io::Error::other)?)?;
            std::fs::rename(&beside, &self.file)
        };
        written().map_err(|e| BrokerError::Failed(format!("{}: {e}; mend the rights of the data folder", self.file.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_keeps_its_name_and_what_it_subscribed_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let world = World::real();
        let mut first = Memory::open(folder.path(), None, &world).expect("begun");
        let id = first.client_id().to_owned();
        assert!(id.starts_with("vigia-") && !first.is_known());
        first.add(&["a".to_owned(), "b".to_owned()]).expect("written");
        let mut second = Memory::open(folder.path(), None, &world).expect("read");
        assert_eq!((second.client_id(), second.is_known()), (id.as_str(), true));
        assert_eq!(second.stale(&["b".to_owned()]), ["a"]);
        second.remove(&["a".to_owned()]).expect("written");
        assert!(Memory::open(folder.path(), None, &world).expect("read").stale(&["b".to_owned()]).is_empty());
        let named = Memory::open(folder.path(), Some("process-2"), &world).expect("begun anew");
        assert_eq!((named.client_id(), named.is_known()), ("process-2", false));
    }
}
