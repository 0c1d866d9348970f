//! Time and randomness, passed in: nothing below `main` asks the machine for them by itself.

use std::sync::Arc;
use std::time::Instant;

/// The clocks of a process.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch, UTC.
    fn now_ms(&self) -> i64;
    /// A clock that never goes back, for durations.
    fn instant(&self) -> Instant;
}

/// A source of unpredictable bytes, good enough for keys and tokens.
pub trait Randomness: Send + Sync {
    /// Fills the whole of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// What a process knows of the world outside it.
#[derive(Clone)]
pub struct World {
    /// Its clocks.
    pub clock: Arc<dyn Clock>,
    /// Its randomness.
    pub random: Arc<dyn Randomness>,
}

impl World {
    /// The machine's own clocks and randomness; called by `main` and by nothing else but tests.
    #[must_use]
    pub fn real() -> Self {
        Self { clock: Arc::new(SystemClock), random: Arc::new(SystemRandomness) }
    }

    /// `N` unpredictable bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }
}

struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        jiff::Timestamp::now().as_millisecond()
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }
}

struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        use rand::TryRngCore as _;
        rand::rngs::OsRng.try_fill_bytes(bytes).expect("the operating system always has randomness once it runs");
    }
}
