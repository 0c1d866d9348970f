//! `GET /api/v1/devices/{id}/readings.csv?metrics=&from=&to=&zone=`: every reading, a line each, as it is read from the store.

use std::collections::VecDeque;
use std::fmt::Write as _;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{OriginalUri, Query, State};
use axum::http::{HeaderValue, Response, Uri, header};
use futures_util::stream;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::reading::check_name;
use vigia_domain::rights::{Action, Principal};
use vigia_domain::{time, units};

use crate::app::App;
use crate::db::DbError;
use crate::db::devices::Device;
use crate::http::Problem;
use crate::http::access::PathDevice;
use crate::http::table::{Right, Route};
use crate::report::Busy;

/// So much time is read at once: at a reading a second 2 MB of text.
const STEP_MS: i64 = 6 * 60 * 60 * 1000;
/// At most, where nothing is found.
const LONGEST_STEP_MS: i64 = 32 * STEP_MS;
/// The most metrics of one file.
const MOST_METRICS: usize = 16;
/// The longest time of one file.
const LONGEST_MS: i64 = 3_660 * 24 * 60 * 60 * 1000;
const HEAD: &str = "time_local,time_utc,metric,value,unit\r\n";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    metrics: String,
    from: String,
    to: String,
    zone: Option<String>,
}

pub(super) fn route() -> Route {
    Route::get("/api/v1/devices/{id}/readings.csv", Right::NeedsDevice(Action::ReadTelemetry), answer)
        .summary("Every reading of some metrics in [from, to) as CSV, metric by metric, in order of time")
        .param("metrics", true, "One metric, or several with commas between them")
        .param("from", true, "RFC 3339 or Unix milliseconds")
        .param("to", true, "RFC 3339 or Unix milliseconds")
        .param("zone", false, "An IANA time zone for the first column, for example America/Mexico_City; UTC by default")
        .answers_text("text/csv; charset=utf-8", "time_local, time_utc, metric, value, unit")
        .refuses(429, "two of your files are under way; see Retry-After")
        .refuses(503, "as many files are under way as can be")
        .example_query("?metrics=power_w&from=0&to=1000")
}

/// Why there is no file.
pub enum NotExported {
    /// Too many are under way.
    Busy(Busy),
    /// Anything else.
    Problem(Problem),
}

impl<E: Into<Problem>> From<E> for NotExported {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

async fn answer(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(PathDevice(device)): Extension<PathDevice>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response<Body>, Problem> {
    readings_csv(app, &principal, &device, &uri).await.map_err(|error| match error {
        NotExported::Busy(busy) => busy.into(),
        NotExported::Problem(problem) => problem,
    })
}

/// The readings that the query of `uri` asks for. Whoever calls has asked the right.
///
/// # Errors
/// [`NotExported`].
pub async fn readings_csv(app: App, principal: &Principal, device: &Device, uri: &Uri) -> Result<Response<Body>, NotExported> {
    let asked = Query::<Asked>::try_from_uri(uri);
    let Query(asked) = asked.map_err(|_| Problem::field("metrics", "metrics, from, to and zone are given once each"))?;
    let metrics: VecDeque<String> = asked.metrics.split(',').map(str::to_owned).collect();
    if metrics.len() > MOST_METRICS {
        return Err(Problem::field("metrics", format!("at most {MOST_METRICS} metrics")).into());
    }
    for metric in &metrics {
        check_name(metric).map_err(|e| Problem::field("metrics", e.to_string()))?;
    }
    let instant = |field, text: &str| time::from_query(text).map_err(|e| Problem::field(field, e.to_string()));
    let (from_ms, to_ms) = (instant("from", &asked.from)?, instant("to", &asked.to)?);
    if from_ms >= to_ms || to_ms.saturating_sub(from_ms) > LONGEST_MS {
        return Err(Problem::field("from", "from is before to, by ten years at most").into());
    }
    let zone = match asked.zone.as_deref() {
        None | Some("UTC") => TimeZone::UTC,
        Some(name) => TimeZone::get(name).map_err(|_| Problem::field("zone", "an IANA name like America/Mexico_City"))?,
    };
    let export = app.exports().begin(principal).map_err(NotExported::Busy)?;
    let name = format!("attachment; filename=\"{}.csv\"", device.id);
    let mut lines = Lines { app, device: device.number, metrics, from_ms, at_ms: from_ms, step_ms: STEP_MS, to_ms, zone };
    // What cannot be read at all is still a problem and no broken file.
    let first = lines.next().await?.unwrap_or_default();
    let head = Bytes::from(format!("{HEAD}{first}"));
    let rest = stream::try_unfold(lines, |mut lines| async move {
        let text = lines.next().await?;
        Ok::<_, DbError>(text.map(|text| (Bytes::from(text), lines)))
    });
    let body = Body::from_stream(stream::StreamExt::chain(stream::iter([Ok(head)]), rest));
    let mut response = Response::new(export.until_sent(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// What is still to be written.
struct Lines {
    app: App,
    device: DeviceNumber,
    /// The first is being written.
    metrics: VecDeque<String>,
    from_ms: i64,
    at_ms: i64,
    /// So much is asked for at a time.
    step_ms: i64,
    to_ms: i64,
    zone: TimeZone,
}

impl Lines {
    /// The next lines, read only when somebody takes them; `None` at the end.
    async fn next(&mut self) -> Result<Option<String>, DbError> {
        while let Some(metric) = self.metrics.front() {
            if self.at_ms >= self.to_ms {
                self.metrics.pop_front();
                self.at_ms = self.from_ms;
                continue;
            }
            let end = (self.at_ms + self.step_ms).min(self.to_ms);
            let values = self.app.store().range(self.device, metric, self.at_ms, end).await?;
            let Some((first_ms, _)) = values.first() else {
                // Years without a reading are not asked for by the hour.
                (self.at_ms, self.step_ms) = (end, (self.step_ms * 2).min(LONGEST_STEP_MS));
                continue;
            };
            if self.step_ms > STEP_MS {
                // Found: from here on by the hour, so that no more is held at a time than can be.
                (self.at_ms, self.step_ms) = (*first_ms, STEP_MS);
                continue;
            }
            self.at_ms = end;
            let mut text = String::with_capacity(values.len() * 80);
            values.iter().for_each(|(at_ms, value)| line(&mut text, &self.zone, *at_ms, metric, *value));
            return Ok(Some(text));
        }
        Ok(None)
    }
}

fn line(text: &mut String, zone: &TimeZone, at_ms: i64, metric: &str, value: f64) {
    let local = Timestamp::from_millisecond(at_ms).ok().map(|at| {
        let offset = zone.to_offset(at);
        at.display_with_offset(offset).to_string()
    });
    let utc = time::to_text(at_ms);
    let local = local.as_deref().unwrap_or(&utc);
    // Writing to a text cannot fail.
    let _ = write!(text, "{local},{utc},{},{value},{}\r\n", harmless(metric), units::unit_of(metric));
}

/// A text that no spreadsheet takes for a formula, and that stays in its cell.
fn harmless(text: &str) -> String {
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if guarded.contains([',', ';', '"', '\n', '\r']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_readers_time_and_utc() {
        let mut text = String::new();
        let mexico = TimeZone::get("America/Mexico_City").expect("known");
        line(&mut text, &mexico, 1_736_604_018_380, "power_w", -0.001);
        line(&mut text, &TimeZone::UTC, 0, "power_factor", 1e12);
        let lines: Vec<_> = text.split("\r\n").collect();
        assert_eq!(lines[0], "2025-01-11T08:00:18.38-06:00,2025-01-11T14:00:18.380Z,power_w,-0.001,W");
        assert_eq!(lines[1], "1970-01-01T00:00:00+00:00,1970-01-01T00:00:00.000Z,power_factor,1000000000000,");
    }

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(harmless("-1+1"), "'-1+1");
        assert_eq!(harmless("=HYPERLINK(\"x\",1)"), "\"'=HYPERLINK(\"\"x\"\",1)\"");
        assert_eq!(harmless("power_w"), "power_w");
    }
}
