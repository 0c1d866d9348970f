//! Pauses that grow, each with a part by chance, so that many who lost the same broker do not all come back in the same instant.

use std::time::Duration;

use crate::world::World;

/// The pauses between tries.
#[derive(Clone)]
pub(super) struct Pause {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Pause {
    pub(super) fn new((first, longest): (Duration, Duration)) -> Self {
        Self { first, longest, next: first }
    }

    /// The next pause: between half and the whole of what it has grown to.
    pub(super) fn take(&mut self, world: &World) -> Duration {
        let whole = self.next;
        self.next = (self.next * 2).min(self.longest);
        let chance = f64::from(u32::from_le_bytes(world.bytes())) / f64::from(u32::MAX);
        whole.mul_f64(0.5 + chance / 2.0)
    }

    /// All is well again.
    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit_and_are_not_all_the_same() {
        let world = World::real();
        let mut pause = Pause::new((Duration::from_millis(100), Duration::from_secs(1)));
        let taken: Vec<_> = (0..20).map(|_| pause.take(&world)).collect();
        assert!(taken[0] >= Duration::from_millis(50) && taken[0] <= Duration::from_millis(100));
        assert!(taken[10..].iter().all(|p| *p >= Duration::from_millis(500) && *p <= Duration::from_secs(1)));
        assert!(taken[10..].iter().any(|p| *p != taken[10]));
        pause.reset();
        assert!(pause.take(&world) <= Duration::from_millis(100));
    }
}
