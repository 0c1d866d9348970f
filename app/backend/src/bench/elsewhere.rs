//! `vigia bench ingest --broker URL`: the same load to a broker that is not ours. What its acknowledgement promises is its own affair, and
//! whoever stores behind it counts for himself.

use serde::Serialize;

use super::ingest::{BenchError, Plan, VALUES, a_year_ago, ids, round, send};
use crate::world::World;

/// One line of the bench.
#[derive(Debug, Serialize)]
pub struct Line {
    bench: &'static str,
    engine: &'static str,
    broker: &'static str,
    connections: usize,
    in_flight: u16,
    values_per_message: u64,
    durable: bool,
    seconds: f64,
    /// Taken by the broker.
    messages: u64,
    messages_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// Sends the load to `host:port`. Every device signs in with its id and the password `x`.
///
/// # Errors
/// [`BenchError`].
pub async fn run(world: &World, broker: String, plan: Plan) -> Result<Line, BenchError> {
    let devices = ids(plan.connections).into_iter().map(|id| (id, String::from("x"))).collect();
    let outcome = send(broker, a_year_ago(world), devices, plan).await?;
    Ok(Line {
        bench: "ingest",
        engine: "none",
        broker: "external",
        connections: plan.connections,
        in_flight: plan.window,
        values_per_message: VALUES,
        durable: false,
        seconds: round(outcome.elapsed.as_secs_f64()),
        messages: outcome.acknowledged,
        messages_per_s: outcome.messages_per_s().round(),
        p50_ms: round(outcome.p50.as_secs_f64() * 1000.0),
        p99_ms: round(outcome.p99.as_secs_f64() * 1000.0),
    })
}
