//! A clock that stands until it is told to go, and randomness that is the same every time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};
use vigia_backend::world::{Clock, Randomness, World};

/// When every test begins: 2026-03-01T12:00:00Z.
pub const NOW: i64 = 1_772_366_400_000;

pub struct TestWorld {
    now_ms: AtomicI64,
    random: Mutex<StdRng>,
}

impl TestWorld {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { now_ms: AtomicI64::new(NOW), random: Mutex::new(StdRng::seed_from_u64(7)) })
    }

    pub fn advance(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn world(self: &Arc<Self>) -> World {
        World { clock: self.clone(), random: self.clone() }
    }
}

impl Clock for TestWorld {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    #[expect(clippy::disallowed_methods, reason = "durations in tests are real, and longer where the clock is told to go")]
    fn instant(&self) -> Instant {
        Instant::now() + Duration::from_millis(u64::try_from(self.now_ms() - NOW).expect("the clock only goes on"))
    }
}

impl Randomness for TestWorld {
    fn fill(&self, bytes: &mut [u8]) {
        self.random.lock().expect("no test panics while it holds this").fill_bytes(bytes);
    }
}
