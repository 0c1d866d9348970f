//! What must stand beside a figure: whether there is a disk and how quick it is, how much memory the process has.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::world::World;

/// The median of a hundred small writes with `fsync` in this folder, in milliseconds.
///
/// # Errors
/// The system's, when the folder cannot be written.
pub(super) fn fsync_ms(world: &World, dir: &Path) -> io::Result<f64> {
    let path = dir.join("fsync.probe");
    let mut file = File::create(&path)?;
    let mut times = Vec::with_capacity(100);
    for _ in 0..100 {
        file.write_all(&[0; 4096])?;
        let started = world.clock.instant();
        file.sync_data()?;
        times.push((world.clock.instant() - started).as_secs_f64() * 1000.0);
    }
    std::fs::remove_file(path)?;
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// The kind of file system of a folder whose files are in memory only, such as `tmpfs`: writing there waits for no disk, and a power cut
/// takes everything. `None` for any other, and where the system does not tell.
#[must_use]
pub fn memory_only(dir: &Path) -> Option<String> {
    let (mounts, dir) = (std::fs::read_to_string("/proc/self/mountinfo").ok()?, dir.canonicalize().ok()?);
    kind_of(&mounts, &dir).filter(|kind| matches!(kind.as_str(), "tmpfs" | "ramfs"))
}

/// The kind of file system that holds a folder, by the lines of `mountinfo`: the fifth word is where it is mounted, the first one after the
/// hyphen what it is.
fn kind_of(mounts: &str, dir: &Path) -> Option<String> {
    let mount = |line: &str| {
        let (place, about) = line.split_once(" - ")?;
        let point = PathBuf::from(place.split(' ').nth(4)?.replace("\\040", " "));
        Some((point, about.split(' ').next()?.to_owned()))
    };
    // The innermost holds it; of two on the same place the later one.
    let holds = mounts.lines().filter_map(mount).filter(|(point, _)| dir.starts_with(point));
    holds.max_by_key(|(point, _)| point.components().count()).map(|(_, kind)| kind)
}

/// Processor time of this process so far, of all its threads, in µs; `None` where the system does not tell.
pub(super) fn cpu_us() -> Option<f64> {
    // Fields 14 and 15 after the name, which may hold blanks: in user mode and in the kernel's, in hundredths of a second.
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut ticks = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let (user, kernel): (f64, f64) = (ticks.next()?.parse().ok()?, ticks.next()?.parse().ok()?);
    Some((user + kernel) * 10_000.0)
}

/// Resident memory of this process in MB; `None` where the system does not tell.
pub(super) fn rss_mb() -> Option<f64> {
    rss("self")
}

/// Resident memory of another process in MB; `None` where the system does not tell.
pub(super) fn rss_mb_of(process: u32) -> Option<f64> {
    rss(&process.to_string())
}

fn rss(process: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let kb: f64 = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kb / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_file_system_holds_a_folder() {
        let mounts = "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n31 22 0:26 / /tmp rw shared:5 - tmpfs tmpfs rw\n\
            32 31 8:2 / /tmp/a\\040disk rw - xfs /dev/sdb rw\n33 22 0:9 / /mnt rw - tmpfs none rw\n34 22 8:3 / /mnt rw - btrfs /dev/sdc rw";
        let kind = |dir| kind_of(mounts, Path::new(dir));
        let kinds = ["/data/x", "/tmp/x", "/tmpfile", "/tmp/a disk/x", "/mnt/x"].map(|dir| kind(dir).expect("known"));
        assert_eq!(kinds, ["ext4", "tmpfs", "ext4", "xfs", "btrfs"]);
        assert_eq!(kind_of("", Path::new("/")), None);
    }
}
