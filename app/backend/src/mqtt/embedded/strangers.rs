//! Who has connected and not said yet who he is, and how many of one address wait to be answered when they have.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::limits::{ARRIVALS_PER_PEER, STRANGERS_PER_PEER, strangers};
use crate::share::{Share, Shares, network};

/// Everybody who is there without a name. Clones are handles to the same.
#[derive(Clone)]
pub(super) struct Strangers {
    most: usize,
    waiting: Arc<Mutex<Waiting>>,
    of_peers: Shares<IpAddr>,
    callers: Shares<IpAddr>,
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
    pub(super) peer: IpAddr,
    share: Option<Share<IpAddr>>,
}

/// One who has said who he is, until he is answered.
pub(super) struct Caller {
    /// `None` for whoever speaks for many.
    share: Option<Share<IpAddr>>,
}

impl Caller {
    /// Whether he speaks for himself alone, and may be made to wait.
    pub(super) fn is_one_of_many(&self) -> bool {
        self.share.is_some()
    }
}

impl Default for Strangers {
    fn default() -> Self {
        Self::of(strangers(), STRANGERS_PER_PEER, ARRIVALS_PER_PEER)
    }
}

impl Strangers {
    fn of(most: usize, per_peer: usize, callers: usize) -> Self {
        Self { most, waiting: Arc::default(), of_peers: Shares::of(per_peer), callers: Shares::of(callers) }
    }

    /// How many are there now.
    pub(super) fn count(&self) -> usize {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).all.len()
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
        Some(Stranger { strangers: self.clone(), number, gone, peer, share })
    }

    /// Sends everybody away.
    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner).all);
        all.values().for_each(CancellationToken::cancel);
    }
}

impl Stranger {
    /// He has said who he is. `None`: so many others of his address wait to be answered.
    pub(super) fn calls(self) -> Option<Caller> {
        let share = match &self.share {
            Some(_) => Some(self.strangers.callers.take(network(Some(self.peer)))?),
            None => None,
        };
        Some(Caller { share })
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
        let strangers = Strangers::of(3, 2, 1);
        let peer: IpAddr = "192.0.2.7".parse().expect("an address");
        let mut held: Vec<_> = (0..5).map_while(|_| strangers.enter(peer, false)).collect();
        assert_eq!(held.len(), 2);
        held.extend((0..3).filter_map(|_| strangers.enter("127.0.0.1".parse().expect("an address"), false)));
        assert_eq!(held.iter().map(|stranger| stranger.gone.is_cancelled()).collect::<Vec<_>>(), [true, true, false, false, false]);
        assert!(strangers.enter(peer, true).is_some_and(|stranger| !stranger.gone.is_cancelled()), "a proxy speaks for many");
        drop(held);
        assert!(strangers.count() == 0 && strangers.of_peers.are_free());
    }

    #[test]
    fn of_one_address_so_many_wait_for_an_answer_and_the_others_have_their_own() {
        let strangers = Strangers::of(9, 9, 2);
        let call = |peer: &str| strangers.enter(peer.parse().expect("an address"), false).and_then(Stranger::calls);
        let held: Vec<_> = (0..5).map_while(|_| call("2001:db8::1")).collect();
        assert!(held.len() == 2 && held.iter().all(Caller::is_one_of_many));
        assert!(call("2001:db8::2").is_none() && call("192.0.2.7").is_some());
        assert!((0..5).all(|_| call("127.0.0.1").is_some_and(|caller| !caller.is_one_of_many())));
        drop(held);
        assert!(strangers.callers.are_free() && strangers.of_peers.are_free());
    }
}
