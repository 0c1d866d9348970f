//! `vigia check`: proves that what is stored is whole, beside a running server or without one. Nothing is changed.

use std::collections::HashMap;

use super::Failure;
use super::failure::say;
use crate::config::Settings;
use crate::db::{Databases, Db, OpenError, devices, integrity};
use crate::telemetry::sql::{self, Report};

pub(super) async fn run(settings: &Settings) -> Result<(), Failure> {
    let databases = match Databases::open(settings).await {
        Ok(databases) => databases,
        Err(damaged @ OpenError::Damaged { .. }) => {
            say(damaged)?;
            return Err(Failure::new("1 thing is wrong"));
        }
        Err(other) => return Err(Failure::new(other)),
    };
    let outcome = checked(&databases).await;
    databases.close().await;
    outcome
}

async fn checked(databases: &Databases) -> Result<(), Failure> {
    let mut wrong = problems("registry", &databases.registry).await?;
    let torn = problems("telemetry", &databases.telemetry).await?;
    let is_torn = !torn.is_empty();
    wrong.extend(torn);
    let (numbers, damaged) = match devices::index(&databases.registry).await {
        Ok(all) => (all.into_iter().map(|device| (device.number.0, device.id)).collect::<HashMap<_, _>>(), None),
        Err(error) => (HashMap::new(), Some(format!("registry: table devices: {error}"))),
    };
    wrong.extend(damaged);
    let report = match sql::check(&databases.telemetry).await {
        Ok(report) => report,
        // What SQLite says of its pages names it already.
        Err(error) if is_torn => {
            wrong.push(format!("telemetry: {error}"));
            Report::default()
        }
        Err(error) => return Err(Failure::new(error)),
    };
    wrong.extend(report.findings.iter().map(|finding| format!("telemetry: {}", finding.line(|number| numbers.get(&number).cloned()))));
    for line in &wrong {
        say(line)?;
    }
    let Report { series, chunks, values, quarters, unsealed, more, .. } = report;
    match wrong.len() + more {
        0 => say(format!(
            "clean: {values} values of {series} metrics in {chunks} chunks, {quarters} quarters of an hour proven, {unsealed} readings in the log"
        )),
        1 => Err(Failure::new("1 thing is wrong")),
        count => Err(Failure::new(format!("{count} things are wrong"))),
    }
}

async fn problems(name: &str, db: &Db) -> Result<Vec<String>, Failure> {
    let found = integrity::problems(db).await.map_err(Failure::new)?;
    Ok(found.into_iter().map(|line| format!("{name}: {}", line.split_whitespace().collect::<Vec<_>>().join(" "))).collect())
}
