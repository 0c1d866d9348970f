//! Reading a metric's values: from the chunks, and over them what the log holds.

use std::collections::BTreeMap;

use super::damage::{Hole, Place};
use super::series::Series;
use super::{SqlStore, block, checksum, log};
use crate::db::DbError;

impl SqlStore {
    /// Calls `found` once per instant of `[from_ms, to_ms)` with the value that counts there, in order of time.
    pub(super) async fn each(&self, series: Series, from_ms: i64, to_ms: i64, mut found: impl FnMut(i64, f64)) -> Result<(), DbError> {
        // First the log and then the chunks: what is sealed in between is in both, and not in neither.
        let mut recent = self.unsealed(series, from_ms, to_ms).await?.into_iter().peekable();
        let broken = series
            .each(&self.db, from_ms, to_ms, |at, value| {
                if !(from_ms..to_ms).contains(&at) {
                    return;
                }
                while let Some((earlier, value)) = recent.next_if(|(instant, _)| *instant < at) {
                    found(earlier, value);
                }
                found(at, recent.next_if(|(instant, _)| *instant == at).map_or(value, |(_, newer)| newer));
            })
            .await?;
        recent.for_each(|(at, value)| found(at, value));
        for chunk in broken {
            self.note_damage(Place::Chunk(chunk.id), Hole { series: Some(series), from_ms: chunk.from_ms, to_ms: chunk.to_ms });
        }
        Ok(())
    }

    /// What the log holds of it, by the instant.
    pub(super) async fn unsealed(&self, series: Series, from_ms: i64, to_ms: i64) -> Result<BTreeMap<i64, f64>, DbError> {
        let places = self.tail().of(series.device, from_ms, to_ms);
        let ids: Vec<i64> = places.iter().map(|(block, _)| *block).collect();
        let mut places = places.into_iter().peekable();
        let (mut values, mut broken) = (BTreeMap::new(), Vec::new());
        log::each(&self.db, &ids, |logged| {
            // Blocks come in the order of the places; one that was sealed meanwhile is not among them.
            while places.next_if(|(block, _)| *block < logged.id).is_some() {}
            let Some((_, offsets)) = places.next_if(|(block, _)| *block == logged.id) else { return Ok(()) };
            if checksum::checked(&logged.data).is_none() {
                broken.push((logged.id, logged.received_ms));
                return Ok(());
            }
            for offset in offsets {
                let frame = block::frame(&logged.data, usize::try_from(offset).unwrap_or(usize::MAX))?;
                values.extend(frame.values().find(|(metric, _)| *metric == series.metric).map(|(_, value)| (frame.at_ms, value)));
            }
            Ok(())
        })
        .await?;
        for (id, received_ms) in broken {
            self.note_damage(Place::Block(id), Hole { series: None, from_ms: received_ms, to_ms: received_ms });
        }
        Ok(values)
    }
}
