//! What is to be sealed, gathered from blocks of the log.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::ahead::New;
use super::block::{self, Frame};
use super::damage::{Hole, Place};
use super::series::Series;
use super::{SqlStore, log};
use crate::db::DbError;

impl SqlStore {
    /// The values of some devices in blocks of the log, series by series, in the order in which they came; notes when each device was heard.
    pub(super) async fn gather(
        &self,
        ids: &[i64],
        wanted: impl Fn(i64) -> bool,
        seen: &mut BTreeMap<i64, i64>,
    ) -> Result<Vec<New>, DbError> {
        let (mut gathered, mut broken) = (Gathered::default(), Vec::new());
        log::each(&self.db, ids, |logged| {
            let Ok(frames) = block::frames(&logged.data) else {
                broken.push((logged.id, logged.received_ms));
                return Ok(());
            };
            for (_, frame) in frames.into_iter().filter(|(_, frame)| wanted(frame.device)) {
                seen.insert(frame.device, logged.received_ms);
                gathered.add(&frame);
            }
            Ok(())
        })
        .await?;
        for (id, received_ms) in broken {
            self.note_damage(Place::Block(id), Hole { series: None, from_ms: received_ms, to_ms: received_ms });
            self.move_aside(Place::Block(id)).await?;
        }
        Ok(gathered.series())
    }
}

type Values = Vec<(i64, f64)>;

/// Values by device and metric.
#[derive(Default)]
struct Gathered {
    devices: FxHashMap<i64, Vec<(u32, Values)>>,
}

impl Gathered {
    fn add(&mut self, frame: &Frame<'_>) {
        let metrics = self.devices.entry(frame.device).or_default();
        for (place, (metric, value)) in frame.values().enumerate() {
            // A device names its metrics in the same order again and again.
            let is_there = metrics.get(place).is_some_and(|(known, _)| *known == metric);
            let place = if is_there { Some(place) } else { metrics.iter().position(|(known, _)| *known == metric) };
            match place {
                Some(place) => metrics[place].1.push((frame.at_ms, value)),
                None => metrics.push((metric, vec![(frame.at_ms, value)])),
            }
        }
    }

    /// As they stand in the tables, so that rows of the same pages are written together.
    fn series(self) -> Vec<New> {
        let of_device =
            |(device, metrics): (i64, Vec<_>)| metrics.into_iter().map(move |(metric, values)| (Series { device, metric }, values));
        let mut all: Vec<_> = self.devices.into_iter().flat_map(of_device).collect();
        all.sort_unstable_by_key(|(series, _)| *series);
        all
    }
}
