//! A store that keeps nothing: what everything before it costs.

use std::collections::BTreeMap;

use async_trait::async_trait;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::rollup::Quarter;

use crate::db::DbError;
use crate::telemetry::buckets::Buckets;
use crate::telemetry::sql::Report;
use crate::telemetry::{Entry, LastValue, Question, TelemetryStore, Won};

/// Says of every batch that it is stored.
pub(super) struct Nowhere;

#[async_trait]
impl TelemetryStore for Nowhere {
    async fn append(&self, batch: &[Entry]) -> Result<Vec<Won>, DbError> {
        Ok(vec![Won::new(); batch.len()])
    }

    fn latest(&self, _: DeviceNumber) -> Vec<LastValue> {
        Vec::new()
    }

    fn newest_ms(&self, _: DeviceNumber) -> Option<i64> {
        None
    }

    fn known_metrics(&self, _: DeviceNumber) -> usize {
        0
    }

    fn seen_ms(&self, _: DeviceNumber) -> Option<i64> {
        None
    }

    fn goodbye_ms(&self, _: DeviceNumber) -> Option<i64> {
        None
    }

    async fn catch_up(&self) -> Result<(), DbError> {
        Ok(())
    }

    async fn recent(&self, wanted: &[(DeviceNumber, String)], _: i64, _: i64) -> Result<Vec<Vec<(i64, f64)>>, DbError> {
        Ok(vec![Vec::new(); wanted.len()])
    }

    async fn range(&self, _: DeviceNumber, _: &str, _: i64, _: i64) -> Result<Vec<(i64, f64)>, DbError> {
        Ok(Vec::new())
    }

    async fn aggregate(&self, question: &Question<'_>) -> Result<Buckets, DbError> {
        Ok(Buckets::new(question.from_ms, question.to_ms, question.points))
    }

    async fn quarters(&self, _: DeviceNumber, _: &str, _: i64, _: i64) -> Result<BTreeMap<i64, Quarter>, DbError> {
        Ok(BTreeMap::new())
    }

    async fn due(&self) {
        std::future::pending().await
    }

    async fn tidy(&self, _: i64) -> Result<bool, DbError> {
        Ok(false)
    }

    async fn compact(&self) -> Result<(), DbError> {
        Ok(())
    }

    async fn delete_before(&self, _: i64) -> Result<u64, DbError> {
        Ok(0)
    }

    async fn delete(&self, _: DeviceNumber, _: Option<(i64, i64)>) -> Result<(), DbError> {
        Ok(())
    }

    fn wrong(&self) -> Vec<String> {
        Vec::new()
    }

    async fn check(&self) -> Result<Report, DbError> {
        Ok(Report::default())
    }

    async fn settle(&self) -> Result<(), DbError> {
        Ok(())
    }

    async fn health(&self) -> Result<(), DbError> {
        Ok(())
    }
}
