//! What was deleted on request stays deleted, also when a damaged file that was set aside before is read once more: after a second damage the
//! new database does not know that it was taken over. What is deleted while such files lie there is written down beside them, in a file of its
//! own, because a database that is damaged next may tell nothing any more.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vigia_domain::ids::DeviceNumber;
use vigia_domain::rollup::QUARTER_MS;

use super::SqlStore;
use super::take_over::name_of;
use crate::db::DbError;

/// One line of JSON for each deletion.
const FILE: &str = "telemetry.db.erased";

/// A deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Deleted {
    device: i64,
    /// `[from, to)`, ms since the epoch; `None`: all of the device.
    range: Option<(i64, i64)>,
    /// The files that were there: what they hold is older than the deletion.
    files: Vec<String>,
}

/// What was deleted of that which a file that was set aside may hold.
#[derive(Debug, Default)]
pub(super) struct Gone(Vec<Deleted>);

impl Gone {
    /// # Errors
    /// The system's. What cannot be known is no reason to bring back what may be deleted.
    pub(super) fn from(aside: &Path) -> io::Result<Self> {
        let name = name_of(aside);
        let deletions = read(&list_of(aside))?;
        Ok(Self(deletions.into_iter().filter(|deleted| deleted.files.contains(&name)).collect()))
    }

    fn ranges(&self, device: i64) -> impl Iterator<Item = Option<(i64, i64)>> {
        self.0.iter().filter(move |deleted| deleted.device == device).map(|deleted| deleted.range)
    }

    /// Whether all of a device was deleted.
    pub(super) fn holds(&self, device: i64) -> bool {
        self.ranges(device).any(|range| range.is_none())
    }

    /// Whether what a device sent of this instant was deleted.
    pub(super) fn holds_at(&self, device: i64, at_ms: i64) -> bool {
        self.ranges(device).any(|range| range.is_none_or(|(from, to)| (from..to).contains(&at_ms)))
    }

    /// Whether a quarter of a device was: one that lies within what was deleted.
    pub(super) fn holds_quarter(&self, device: i64, start_ms: i64) -> bool {
        self.ranges(device).any(|range| range.is_none_or(|(from, to)| start_ms >= from && start_ms.saturating_add(QUARTER_MS) <= to))
    }
}

impl SqlStore {
    /// Writes a deletion down if files lie there that were set aside; when it returns, that survives a power cut.
    pub(super) fn note_gone(&self, device: DeviceNumber, range: Option<(i64, i64)>) -> Result<(), DbError> {
        let aside = self.db.set_aside();
        let Some(one) = aside.first() else { return Ok(()) };
        let list = list_of(one);
        let names: Vec<String> = aside.iter().map(|file| name_of(file)).collect();
        let kept = || -> io::Result<()> {
            let mut deletions = read(&list)?;
            // What is moved away is never read again.
            deletions.retain(|deleted| deleted.files.iter().any(|file| names.contains(file)));
            let deleted = Deleted { device: device.0, range, files: names.clone() };
            if !deletions.contains(&deleted) {
                deletions.push(deleted);
            }
            write(&list, &deletions)
        };
        kept().map_err(|error| sqlx::Error::Io(error).into())
    }
}

fn list_of(aside: &Path) -> PathBuf {
    aside.with_file_name(FILE)
}

fn read(list: &Path) -> io::Result<Vec<Deleted>> {
    let unreadable = |error: &dyn std::fmt::Display| io::Error::other(format!("{} cannot be read: {error}", list.display()));
    match fs::read_to_string(list) {
        Ok(text) => text.lines().map(|line| serde_json::from_str(line).map_err(|error| unreadable(&error))).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(unreadable(&error)),
    }
}

/// The whole list anew, under its name only when all of it is on the disk.
fn write(list: &Path, deletions: &[Deleted]) -> io::Result<()> {
    let made = list.with_extension("erased.anew");
    let mut file = File::create(&made)?;
    for deleted in deletions {
        serde_json::to_writer(&mut file, deleted)?;
        file.write_all(b"\n")?;
    }
    file.sync_all()?;
    fs::rename(&made, list)?;
    File::open(list.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_counts_for_the_files_that_were_there_and_for_its_time() {
        let dir = tempfile::tempdir().expect("a folder");
        let [old, new] = ["telemetry.db.damaged-1Z", "telemetry.db.damaged-2Z"].map(|name| dir.path().join(name));
        let list = list_of(&old);
        assert_eq!(read(&list).expect("none yet"), []);
        let some = Deleted { device: 1, range: Some((QUARTER_MS, 3 * QUARTER_MS)), files: vec![name_of(&old)] };
        let all = Deleted { device: 2, range: None, files: vec![name_of(&old)] };
        write(&list, &[some.clone(), all.clone()]).expect("written");
        assert_eq!(read(&list).expect("read"), [some, all]);
        let gone = Gone::from(&old).expect("read");
        assert_eq!(
            [QUARTER_MS - 1, QUARTER_MS, 3 * QUARTER_MS - 1, 3 * QUARTER_MS].map(|at| gone.holds_at(1, at)),
            [false, true, true, false]
        );
        assert_eq!([0, 1, 2, 3].map(|n| gone.holds_quarter(1, n * QUARTER_MS)), [false, true, true, false]);
        assert_eq!((gone.holds(1), gone.holds(2), gone.holds_at(2, 5), gone.holds_at(3, 5)), (false, true, true, false));
        let later = Gone::from(&new).expect("read");
        assert!(!later.holds(2) && !later.holds_at(1, QUARTER_MS), "what came after the deletion stays");
        fs::write(&list, "nonsense").expect("written");
        Gone::from(&old).expect_err("nobody knows what was deleted");
    }
}
