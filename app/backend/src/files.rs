//! How many files and connections the system lets this process have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// As many as are ever useful here: the broker's sessions, the web server's connections, the databases, and room to spare.
/// Where the system would allow a billion, nothing is gained by asking for it.
const WANTED: u64 = 65_536;

/// Raises the soft limit, which is 1,024 on most machines so that programs of the eighties live, as far as the hard one allows.
pub(crate) fn raise_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(WANTED, |hard| hard.min(WANTED));
    if current.is_some_and(|soft| soft < wanted) {
        // Nobody is worse off than before when it fails; the limit is asked for again where it counts.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}

/// How many may be open now.
pub(crate) fn limit() -> usize {
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |soft| usize::try_from(soft).unwrap_or(usize::MAX))
}
