//! How many of something each holder has at a time: the same number for each, given back when it is dropped.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Who holds how many. Clones are handles to the same count.
pub(crate) struct Shares<K> {
    most: usize,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

/// One of a holder's share; free again when dropped.
pub(crate) struct Share<K: Eq + Hash> {
    shares: Shares<K>,
    holder: K,
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// So many for each holder.
    pub(crate) fn of(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// One more; `None` when this holder has all of its share.
    pub(crate) fn take(&self, holder: K) -> Option<Share<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(holder.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Share { shares: self.clone(), holder })
    }

    /// Whether nobody holds anything, and nothing is kept of those who did.
    #[cfg(test)]
    pub(crate) fn are_free(&self) -> bool {
        self.taken.lock().expect("no panic").is_empty()
    }
}

impl<K> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Self { most: self.most, taken: Arc::clone(&self.taken) }
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.shares.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.holder);
            }
        }
    }
}

/// Whose address it is: of IPv6 everybody has a network of 64 bits to choose from. Requests without a peer share one.
pub(crate) fn network(from: Option<IpAddr>) -> IpAddr {
    match from.map(|ip| ip.to_canonical()) {
        Some(IpAddr::V6(v6)) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        Some(v4) => v4,
        None => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}
