//! A program of a bench's own, without listeners.

use std::path::Path;

use super::ingest::{BenchError, failed};
use crate::app::App;
use crate::config::{Secret, Settings};
use crate::lifecycle::Lifecycle;
use crate::world::World;

/// Does `work` with a program that keeps its data in `dir`, or in `database`, an empty PostgreSQL one; it is closed whatever came of that.
pub(super) async fn with_app<T>(
    world: &World,
    dir: &Path,
    database: Option<&str>,
    work: impl AsyncFnOnce(&App) -> Result<T, BenchError>,
) -> Result<T, BenchError> {
    let mut settings = Settings::default();
    settings.data.dir = dir.join("data");
    settings.database.url = database.map(|url| Secret::from(url.to_owned()));
    let lifecycle = Lifecycle::default();
    let app = App::open(settings, world.clone(), lifecycle.clone()).await.map_err(failed)?;
    let done = work(&app).await;
    lifecycle.stop().await;
    app.databases().close().await;
    done
}
