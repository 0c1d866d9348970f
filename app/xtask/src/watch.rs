//! Sees changed files by looking: no dependency, the same on every system, and quick enough for a few hundred files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use anyhow::Result;

use crate::fingerprint::files_below;

const LOOK_EVERY: Duration = Duration::from_millis(250);

/// An editor or a `git checkout` writes many files in a row: a change is told when this long nothing more came.
const QUIET: Duration = Duration::from_millis(80);

type Times = BTreeMap<PathBuf, (SystemTime, u64)>;

#[derive(Debug)]
pub(crate) struct Watch {
    root: PathBuf,
    watched: &'static [&'static str],
    seen: Times,
}

impl Watch {
    /// Remembers how the files below `root/watched` are now.
    pub(crate) fn start(root: &Path, watched: &'static [&'static str]) -> Result<Self> {
        let mut watch = Self { root: root.to_owned(), watched, seen: Times::new() };
        watch.seen = watch.look()?;
        Ok(watch)
    }

    /// Waits for a change and returns the changed, new and removed files, relative to the root.
    pub(crate) fn next(&mut self) -> Result<Vec<String>> {
        loop {
            sleep(LOOK_EVERY);
            let mut now = self.look()?;
            if now == self.seen {
                continue;
            }
            loop {
                sleep(QUIET);
                let later = self.look()?;
                if later == now {
                    break;
                }
                now = later;
            }
            let changed = self.difference(&now);
            self.seen = now;
            return Ok(changed);
        }
    }

    fn look(&self) -> Result<Times> {
        let mut times = Times::new();
        for name in self.watched {
            for file in files_below(&self.root.join(name))? {
                // Removed since it was listed: then it is not there.
                if let Ok(data) = fs::metadata(&file) {
                    times.insert(file, (data.modified()?, data.len()));
                }
            }
        }
        Ok(times)
    }

    fn difference(&self, now: &Times) -> Vec<String> {
        let changed = now.iter().filter(|(file, time)| self.seen.get(*file) != Some(time)).map(|(file, _)| file);
        let removed = self.seen.keys().filter(|file| !now.contains_key(*file));
        changed
            .chain(removed)
            .filter_map(|file| file.strip_prefix(&self.root).ok())
            .map(|file| file.to_string_lossy().into_owned())
            .collect()
    }
}
