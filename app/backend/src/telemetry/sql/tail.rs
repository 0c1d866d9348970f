//! Where the readings stand that are not sealed yet: for each device the place of each reading in the log, in the order in
//! which they came. Places and no values, so that its size is known: 24 bytes a reading.

use std::collections::{BTreeSet, HashMap};

/// A place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) at_ms: i64,
    pub(super) block: i64,
    pub(super) offset: u32,
}

/// All places.
#[derive(Debug, Default)]
pub(super) struct Tail {
    devices: HashMap<i64, Vec<Place>>,
    blocks: BTreeSet<i64>,
    readings: usize,
}

impl Tail {
    /// Adds the readings of a block that was written; the same block again changes nothing.
    pub(super) fn add(&mut self, block: i64, readings: impl IntoIterator<Item = (i64, i64, u32)>) {
        if !self.blocks.insert(block) {
            return;
        }
        for (device, at_ms, offset) in readings {
            self.devices.entry(device).or_default().push(Place { at_ms, block, offset });
            self.readings += 1;
        }
    }

    /// Forgets blocks that were sealed.
    pub(super) fn forget(&mut self, sealed: &BTreeSet<i64>) {
        self.blocks.retain(|block| !sealed.contains(block));
        self.devices.retain(|_, places| {
            let before = places.len();
            places.retain(|place| !sealed.contains(&place.block));
            self.readings -= before - places.len();
            // Room for what a busy hour needed is given back after it.
            if places.capacity() > 2 * places.len() + 64 {
                places.shrink_to(places.len() + 16);
            }
            !places.is_empty()
        });
    }

    /// The readings of a device in `[from_ms, to_ms)`, in the order in which they came: block and places in it.
    pub(super) fn of(&self, device: i64, from_ms: i64, to_ms: i64) -> Vec<(i64, Vec<u32>)> {
        let mut found: Vec<(i64, Vec<u32>)> = Vec::new();
        let places = self.devices.get(&device).into_iter().flatten();
        for place in places.filter(|place| (from_ms..to_ms).contains(&place.at_ms)) {
            match found.last_mut() {
                Some((block, offsets)) if *block == place.block => offsets.push(place.offset),
                _ => found.push((place.block, vec![place.offset])),
            }
        }
        // In several processes blocks are met out of their order.
        found.sort_by_key(|(block, _)| *block);
        found
    }

    /// How many readings.
    pub(super) fn readings(&self) -> usize {
        self.readings
    }

    /// The blocks, oldest first.
    pub(super) fn blocks(&self) -> impl Iterator<Item = i64> + '_ {
        self.blocks.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_by_device_and_time_and_forgotten_with_their_block() {
        let mut tail = Tail::default();
        tail.add(2, [(1, 20, 0), (7, 20, 50), (1, 21, 90)]);
        tail.add(1, [(1, 10, 0)]);
        tail.add(2, [(1, 20, 0)]);
        assert_eq!(tail.of(1, 0, 100), [(1, vec![0]), (2, vec![0, 90])]);
        assert_eq!(tail.of(1, 20, 21), [(2, vec![0])]);
        assert_eq!(tail.of(9, 0, 100), []);
        assert_eq!((tail.readings(), tail.blocks().collect::<Vec<_>>()), (4, vec![1, 2]));
        tail.forget(&BTreeSet::from([2]));
        assert_eq!((tail.of(1, 0, 100), tail.of(7, 0, 100)), (vec![(1, vec![0])], vec![]));
        assert_eq!(tail.readings(), 1);
    }
}
