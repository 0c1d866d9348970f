//! What must stand beside a figure: how quick the disk is, how much memory the process has.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

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
