//! The last values of many series at once: one question for the log, one for the chunks.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use vigia_domain::ids::DeviceNumber;

use super::damage::{Hole, Place};
use super::series::Series;
use super::{SqlStore, block, checksum, chunk, log};
use crate::db::{DbError, on};

impl SqlStore {
    /// The values of each of these metrics in `[from_ms, to_ms)`, in order of time; in the order in which they were asked for.
    pub(super) async fn recent_of(
        &self,
        wanted: &[(DeviceNumber, String)],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<Vec<(i64, f64)>>, DbError> {
        let mut series = Vec::with_capacity(wanted.len());
        for (device, metric) in wanted {
            series.push(self.series(*device, metric).await?);
        }
        let mut found = vec![BTreeMap::new(); wanted.len()];
        // First the log and then the chunks: what is sealed in between is in both, and not in neither.
        self.recent_unsealed(&series, from_ms, to_ms, &mut found).await?;
        self.recent_sealed(&series, from_ms, to_ms, &mut found).await?;
        Ok(found.into_iter().map(|values| values.into_iter().collect()).collect())
    }

    async fn recent_unsealed(
        &self,
        series: &[Option<Series>],
        from_ms: i64,
        to_ms: i64,
        found: &mut [BTreeMap<i64, f64>],
    ) -> Result<(), DbError> {
        let mut places: BTreeMap<i64, Vec<(usize, u32)>> = BTreeMap::new();
        for (index, series) in series.iter().enumerate() {
            let Some(series) = series else { continue };
            for (block, offsets) in self.tail().of(series.device, from_ms, to_ms) {
                places.entry(block).or_default().extend(offsets.into_iter().map(|offset| (index, offset)));
            }
        }
        let ids: Vec<i64> = places.keys().copied().collect();
        let mut broken = Vec::new();
        log::each(&self.db, &ids, |logged| {
            if checksum::checked(&logged.data).is_none() {
                broken.push((logged.id, logged.received_ms));
                return Ok(());
            }
            for (index, offset) in places.get(&logged.id).into_iter().flatten() {
                let frame = block::frame(&logged.data, usize::try_from(*offset).unwrap_or(usize::MAX))?;
                let value = frame.values().find(|(metric, _)| series[*index].is_some_and(|series| series.metric == *metric));
                found[*index].extend(value.map(|(_, value)| (frame.at_ms, value)));
            }
            Ok(())
        })
        .await?;
        for (id, received_ms) in broken {
            self.note_damage(Place::Block(id), Hole { series: None, from_ms: received_ms, to_ms: received_ms });
        }
        Ok(())
    }

    async fn recent_sealed(
        &self,
        series: &[Option<Series>],
        from_ms: i64,
        to_ms: i64,
        found: &mut [BTreeMap<i64, f64>],
    ) -> Result<(), DbError> {
        let known: BTreeMap<(i64, i64), usize> =
            series.iter().enumerate().filter_map(|(index, s)| s.map(|s| ((s.device, i64::from(s.metric)), index))).collect();
        if known.is_empty() {
            return Ok(());
        }
        // Numbers only, made by us: they may stand in the text. Both databases call the columns of a list so.
        let list = known.keys().map(|(device, metric)| format!("({device},{metric})")).collect::<Vec<_>>().join(",");
        let sql = format!(
            "SELECT c.device, c.metric, c.id, c.from_ms, c.to_ms, c.data FROM (VALUES {list}) AS w
            JOIN chunks c ON c.device = w.column1 AND c.metric = w.column2 AND c.from_ms < $2 AND c.from_ms >= COALESCE(
            (SELECT MAX(from_ms) FROM chunks WHERE device = w.column1 AND metric = w.column2 AND from_ms <= $1), $1)
            WHERE c.to_ms >= $1"
        );
        let mut broken = Vec::new();
        let db = &self.db;
        on!(db, |c| {
            let query = sqlx::query_as::<_, (i64, i64, i64, i64, i64, Vec<u8>)>(&sql).bind(from_ms).bind(to_ms).persistent(false);
            let mut rows = query.fetch(c);
            while let Some((device, metric, id, first_ms, last_ms, data)) = rows.try_next().await? {
                let Some(index) = known.get(&(device, metric)) else { continue };
                match chunk::unpack(&data) {
                    Ok(values) => {
                        for (at_ms, value) in values.into_iter().filter(|(at_ms, _)| (from_ms..to_ms).contains(at_ms)) {
                            found[*index].entry(at_ms).or_insert(value);
                        }
                    }
                    Err(_) => broken.push((id, Hole { series: series[*index], from_ms: first_ms, to_ms: last_ms })),
                }
            }
        });
        for (id, hole) in broken {
            self.note_damage(Place::Chunk(id), hole);
        }
        Ok(())
    }
}
