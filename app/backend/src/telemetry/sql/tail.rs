//! Where the readings stand that are not sealed yet: for each device the place of each reading in the log, in the order in
//! which they came. Places and no values, so that its size is known: 24 bytes a reading.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap as HashMap;

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
    /// How many readings each block holds, and when it came.
    blocks: BTreeMap<i64, (usize, i64)>,
    readings: usize,
}

impl Tail {
    /// Adds the readings of a block that was written; the same block again changes nothing.
    pub(super) fn add(&mut self, block: i64, received_ms: i64, readings: impl IntoIterator<Item = (i64, i64, u32)>) {
        if self.blocks.contains_key(&block) {
            return;
        }
        let before = self.readings;
        for (device, at_ms, offset) in readings {
            self.devices.entry(device).or_default().push(Place { at_ms, block, offset });
            self.readings += 1;
        }
        self.blocks.insert(block, (self.readings - before, received_ms));
    }

    /// Forgets blocks that were sealed.
    pub(super) fn forget(&mut self, sealed: &BTreeSet<i64>) {
        self.blocks.retain(|block, _| !sealed.contains(block));
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

    /// Whether a block is known.
    pub(super) fn holds(&self, block: i64) -> bool {
        self.blocks.contains_key(&block)
    }

    /// The first and the last block.
    pub(super) fn ends(&self) -> Option<(i64, i64)> {
        Some((*self.blocks.first_key_value()?.0, *self.blocks.last_key_value()?.0))
    }

    /// All blocks.
    pub(super) fn blocks(&self) -> Vec<i64> {
        self.blocks.keys().copied().collect()
    }

    /// How many readings.
    pub(super) fn readings(&self) -> usize {
        self.readings
    }

    /// The oldest blocks: as many as hold `readings` readings, or one more.
    pub(super) fn oldest(&self, readings: usize) -> Vec<i64> {
        let mut held = 0;
        let wanted = |(_, (count, _)): &(&i64, &(usize, i64))| {
            let is_wanted = held < readings;
            held += count;
            is_wanted
        };
        self.blocks.iter().take_while(wanted).map(|(block, _)| *block).collect()
    }

    /// Cuts the devices of the oldest blocks into parts, counted from 0, each with `readings` of their readings or those of one device more.
    pub(super) fn parts(&self, blocks: &[i64], readings: usize) -> HashMap<i64, usize> {
        let last = blocks.last().copied().unwrap_or(i64::MIN);
        let (mut part, mut held) = (0, 0);
        let mut parts = HashMap::default();
        for (device, places) in &self.devices {
            if held >= readings {
                (part, held) = (part + 1, 0);
            }
            let count = places.iter().filter(|place| place.block <= last).count();
            if count > 0 {
                parts.insert(*device, part);
                held += count;
            }
        }
        parts
    }

    /// When the oldest block came, ms since the epoch.
    pub(super) fn since_ms(&self) -> Option<i64> {
        self.blocks.first_key_value().map(|(_, (_, received_ms))| *received_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_by_device_and_time_and_forgotten_with_their_block() {
        let mut tail = Tail::default();
        tail.add(2, 200, [(1, 20, 0), (7, 20, 50), (1, 21, 90)]);
        tail.add(1, 100, [(1, 10, 0)]);
        tail.add(2, 200, [(1, 20, 0)]);
        assert_eq!(tail.of(1, 0, 100), [(1, vec![0]), (2, vec![0, 90])]);
        assert_eq!(tail.of(1, 20, 21), [(2, vec![0])]);
        assert_eq!(tail.of(9, 0, 100), []);
        assert_eq!(tail.since_ms(), Some(100));
        assert_eq!((tail.readings(), tail.oldest(1), tail.oldest(2)), (4, vec![1], vec![1, 2]));
        let both = tail.parts(&[1, 2], 1);
        assert!(both[&1] != both[&7] && both.values().all(|part| *part < 2), "{both:?}");
        assert_eq!(tail.parts(&[1, 2], 9).values().sum::<usize>(), 0, "all fit into one");
        assert_eq!(tail.parts(&[1], 1).keys().copied().collect::<Vec<_>>(), [1], "the other one has nothing in this block");
        tail.forget(&BTreeSet::from([2]));
        assert_eq!((tail.of(1, 0, 100), tail.of(7, 0, 100)), (vec![(1, vec![0])], vec![]));
        assert_eq!(tail.readings(), 1);
    }
}
