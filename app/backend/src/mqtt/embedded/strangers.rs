//! Who has connected and not said yet who he is.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::limits::{STRANGERS_PER_PEER, strangers};
use crate::share::{Share, Shares, network};

/// Everybody who is there without a name. Clones are handles to the same.
#[derive(Clone)]
pub(super) struct Strangers {
    most: usize,
    waiting: Arc<Mutex<Waiting>>,
    of_peers: Shares<IpAddr>,
}

#[derive(Default)]
struct Waiting {
    /// In the order in which they came.
    all: BTreeMap<u64, CancellationToken>,
    next: u64,
}

/// One of them, until it is dropped.
pub(super) struct Stranger {
    strangers: Strangers,
    number: u64,
    /// Cancelled when the place is needed.
    pub(super) gone: CancellationToken,
    _share: Option<Share<IpAddr>>,
}

impl Default for Strangers {
    fn default() -> Self {
        Self::of(strangers(), STRANGERS_PER_PEER)
    }
}

impl Strangers {
    fn of(most: usize, per_peer: usize) -> Self {
        Self { most, waiting: Arc::default(), of_peers: Shares::of(per_peer) }
    }

    /// One more; the oldest makes room. `None`: too many of this peer, unless it `speaks_for_many`.
    pub(super) fn enter(&self, peer: IpAddr, speaks_for_many: bool) -> Option<Stranger> {
        let unbound = speaks_for_many || peer.to_canonical().is_loopback();
        let share = if unbound { None } else { Some(self.of_peers.take(network(Some(peer)))?) };
        let gone = CancellationToken::new();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.all.len() >= self.most
            && let Some((_, oldest)) = waiting.all.pop_first()
        {
            oldest.cancel();
        }
        let number = waiting.next;
        waiting.next += 1;
        waiting.all.insert(number, gone.clone());
        Some(Stranger { strangers: self.clone(), number, gone, _share: share })
    }

    /// Sends everybody away.
    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner).all);
        all.values().for_each(CancellationToken::cancel);
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.strangers.waiting.lock().unwrap_or_else(PoisonError::into_inner).all.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_makes_room_and_no_address_takes_more_than_its_share() {
        let strangers = Strangers::of(3, 2);
        let peer: IpAddr = "192.0.2.7".parse().expect("an address");
        let mut held: Vec<_> = (0..5).map_while(|_| strangers.enter(peer, false)).collect();
        assert_eq!(held.len(), 2);
        held.extend((0..3).filter_map(|_| strangers.enter("127.0.0.1".parse().expect("an address"), false)));
        assert_eq!(held.iter().map(|stranger| stranger.gone.is_cancelled()).collect::<Vec<_>>(), [true, true, false, false, false]);
        assert!(strangers.enter(peer, true).is_some_and(|stranger| !stranger.gone.is_cancelled()), "a proxy speaks for many");
        drop(held);
        assert!(strangers.waiting.lock().expect("no panic").all.is_empty() && strangers.of_peers.are_free());
    }
}
