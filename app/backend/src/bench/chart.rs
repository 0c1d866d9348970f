//! `vigia bench chart`: questions for a chart over a month and over a year of a household, and what storing it takes.

use std::path::Path;

use jiff::tz::TimeZone;
use serde::Serialize;
use sqlx::Row as _;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::reading::Reading;
use vigia_domain::rollup::QUARTER_MS;

use super::ingest::{BenchError, failed, round};
use super::machine;
use super::opened::with_app;
use crate::app::App;
use crate::db::on;
use crate::simulate::physics::{Circuit, Household, readings};
use crate::simulate::replay;
use crate::telemetry::{Entry, Question, Stamped};
use crate::world::World;

const DAY_MS: i64 = 96 * QUARTER_MS;
/// Where the series begin: 2025-01-01T00:00:00Z.
const BEGIN_MS: i64 = 1_735_689_600_000;
const METRIC: &str = "power_w";
const ZONE: &str = "America/Mexico_City";
const SEED: u64 = 20_260_301;
/// Readings in one transaction while the series are made.
const BATCH: usize = 1_000;

const MONTH: DeviceNumber = DeviceNumber(1);
const YEAR: DeviceNumber = DeviceNumber(2);
const WEEK: DeviceNumber = DeviceNumber(3);

/// What is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How far apart readings are, in ms.
    pub step_ms: i64,
    /// Days of the month's chart.
    pub days: i64,
    /// Days of the year's chart; 0 leaves it out.
    pub year_days: i64,
    /// The most points asked for.
    pub points: u32,
    /// How often each question is asked.
    pub rounds: usize,
    /// A measured week, `ts_local,power_w,...`; ours when not given.
    pub week: Option<String>,
}

/// One line of the bench: a question, asked many times, or what a series takes on the disk.
#[derive(Debug, Default, Serialize)]
pub struct Line {
    bench: &'static str,
    engine: &'static str,
    case: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step_ms: Option<i64>,
    /// Readings that the chart is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    readings: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points_asked: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p50_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p95_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<i64>,
    /// Of the chunks alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_per_value: Option<f64>,
    /// With the quarters of an hour beside them.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_per_value_with_quarters: Option<f64>,
    rss_mb: Option<f64>,
}

/// Runs the bench in `dir`, an empty folder; each line is told as soon as it is there.
///
/// # Errors
/// [`BenchError`].
pub async fn run(world: &World, dir: &Path, plan: &Plan, mut tell: impl FnMut(&Line)) -> Result<(), BenchError> {
    with_app(world, dir, None, async |app| measure(world, app, plan, &mut tell).await).await
}

async fn measure(world: &World, app: &App, plan: &Plan, tell: &mut impl FnMut(&Line)) -> Result<(), BenchError> {
    let zone = TimeZone::get(ZONE).map_err(failed)?;
    let bench = Bench { world, app, plan };
    let mut home = Household::new(Circuit::Home, SEED, zone.clone(), 0.0);
    let end_ms = BEGIN_MS + plan.days * DAY_MS;
    bench.fill(MONTH, readings(&mut home, BEGIN_MS, end_ms, plan.step_ms), None).await?;
    app.store().compact().await.map_err(failed)?;
    tell(&bench.stored("storage, simulated household", MONTH).await?);
    // Off the quarters by a little: every reading has to be looked at.
    let off = plan.step_ms * 7;
    tell(&bench.asked("month, from readings", MONTH, BEGIN_MS + off, end_ms + off).await?);
    tell(&bench.asked("month, from quarters", MONTH, BEGIN_MS, end_ms).await?);
    bench.fill(MONTH, readings(&mut home, end_ms, end_ms + DAY_MS, plan.step_ms), None).await?;
    let (from_ms, to_ms) = (BEGIN_MS + DAY_MS, end_ms + DAY_MS);
    tell(&bench.asked("month, from readings, a day of them not sealed", MONTH, from_ms + off, to_ms + off).await?);
    tell(&bench.asked("month, from quarters, a day of them not sealed", MONTH, from_ms, to_ms).await?);
    app.store().compact().await.map_err(failed)?;
    let week = plan.week.as_deref().unwrap_or(replay::REAL_WEEK);
    bench.fill(WEEK, replay::parse(week, &zone).map_err(failed)?.into_iter(), None).await?;
    app.store().compact().await.map_err(failed)?;
    tell(&bench.stored("storage, a real week", WEEK).await?);
    if plan.year_days > 0 {
        let end_ms = BEGIN_MS + plan.year_days * DAY_MS;
        let mut home = Household::new(Circuit::Home, SEED + 1, zone, 0.0);
        bench.fill(YEAR, readings(&mut home, BEGIN_MS, end_ms, plan.step_ms), Some(METRIC)).await?;
        app.store().compact().await.map_err(failed)?;
        tell(&bench.asked("year, from quarters", YEAR, BEGIN_MS, end_ms).await?);
        tell(&bench.asked("year, from readings", YEAR, BEGIN_MS + off, end_ms + off).await?);
    }
    Ok(())
}

struct Bench<'b> {
    world: &'b World,
    app: &'b App,
    plan: &'b Plan,
}

impl Bench<'_> {
    /// Stores readings, all their metrics or one.
    async fn fill(&self, device: DeviceNumber, all: impl Iterator<Item = Reading>, only: Option<&str>) -> Result<(), BenchError> {
        let mut batch: Vec<Entry> = Vec::with_capacity(BATCH);
        let mut all = all.peekable();
        while let Some(reading) = all.next() {
            let received_ms = self.world.clock.now_ms();
            let mut values = reading.values;
            values.retain(|(name, _)| only.is_none_or(|only| only == name));
            let readings = vec![Stamped { at_ms: reading.at_ms.unwrap_or(received_ms), values }];
            let (events, attributes, refused) = Default::default();
            batch.push(Entry { device, received_ms, readings, events, attributes, online: None, refused, heard: true });
            if batch.len() == BATCH || all.peek().is_none() {
                self.app.store().append(&batch).await.map_err(failed)?;
                batch.clear();
            }
        }
        Ok(())
    }

    /// Asks again and again, each time as whoever opens the page.
    async fn asked(&self, case: &'static str, device: DeviceNumber, from_ms: i64, to_ms: i64) -> Result<Line, BenchError> {
        let question = Question { device, metric: METRIC, from_ms, to_ms, points: self.plan.points };
        let mut times = Vec::with_capacity(self.plan.rounds);
        let (mut points, mut counted) = (0, 0);
        for _ in 0..self.plan.rounds {
            let begun = self.world.clock.instant();
            let buckets = self.app.store().aggregate(&question).await.map_err(failed)?;
            times.push((self.world.clock.instant() - begun).as_secs_f64() * 1_000.0);
            (points, counted) = (buckets.filled().count(), buckets.filled().map(|(_, bucket)| bucket.count).sum());
        }
        times.sort_by(f64::total_cmp);
        let quantile = |percent: usize| times.get(((times.len() * percent).div_ceil(100)).saturating_sub(1)).copied().map(round);
        Ok(Line {
            bench: "chart",
            engine: "sqlite",
            case,
            step_ms: Some(self.plan.step_ms),
            readings: Some(counted),
            points_asked: Some(self.plan.points),
            points: Some(points),
            p50_ms: quantile(50),
            p95_ms: quantile(95),
            rss_mb: machine::rss_mb().map(round),
            ..Line::default()
        })
    }

    async fn stored(&self, case: &'static str, device: DeviceNumber) -> Result<Line, BenchError> {
        const SQL: &str =
            "SELECT (SELECT SUM(count) FROM chunks WHERE device = $1), (SELECT SUM(LENGTH(data)) FROM chunks WHERE device = $1),
            (SELECT SUM(LENGTH(data)) FROM quarters WHERE device = $1)";
        let (values, chunks, quarters) = on!(self.app.telemetry_db(), |c| {
            let row = sqlx::query(SQL).bind(device.0).fetch_one(c).await.map_err(failed)?;
            let number = |n: usize| row.try_get::<i64, _>(n).map_err(failed);
            (number(0)?, number(1)?, number(2)?)
        });
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let each = |bytes: i64| Some(round(bytes as f64 / values.max(1) as f64));
        Ok(Line {
            bench: "chart",
            engine: "sqlite",
            case,
            values: Some(values),
            bytes_per_value: each(chunks),
            bytes_per_value_with_quarters: each(chunks + quarters),
            rss_mb: machine::rss_mb().map(round),
            ..Line::default()
        })
    }
}
