//! The list as a table for other programs: CSV as RFC 4180 has it, in UTF-8.

use axum::body::Body;
use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use vigia_backend::report::Busy;
use vigia_domain::device::{DeviceRow, Presence};
use vigia_domain::time;

use super::wanted::Wanted;

const HEAD: &str = "id,name,kind,owner,state,metric,value,unit,value_at,seen_at\r\n";

/// `GET /devices.csv`: what the same query would show on all pages together; with `id` once or more only these.
pub(crate) async fn export_csv(parts: Parts) -> Result<Response, Busy> {
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri) else {
        return Ok(StatusCode::UNPROCESSABLE_ENTITY.into_response());
    };
    let word = |name: &str| pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim());
    let wanted = Wanted::new(word("q").to_owned(), word("show"), word("kind"), word("owner").to_owned(), word("sort"), String::new());
    let ids: Vec<String> = pairs.iter().filter(|(name, _)| name == "id").map(|(_, value)| value.clone()).collect();
    Ok(match crate::server::all_devices(&parts, &wanted, &ids).await? {
        Ok((rows, export)) => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"vigia-devices.csv\""),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, export.until_sent(Body::from(table(&rows)))).into_response()
        }
        Err(fault) => StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response(),
    })
}

fn table(rows: &[DeviceRow]) -> String {
    // Spreadsheets take what does not begin so for another alphabet.
    let mut csv = String::from("\u{feff}");
    csv.push_str(HEAD);
    for row in rows {
        let state = match row.presence {
            Presence::Online => "online",
            Presence::Offline => "offline",
            Presence::Never => "never",
        };
        let (metric, number, unit, at) = row.headline.as_ref().map_or_else(Default::default, |last| {
            let number = if last.value.is_finite() { last.value.to_string() } else { String::new() };
            (last.metric.as_str(), number, last.unit.as_str(), last.at.as_str())
        });
        let seen = row.seen_ms.map(time::to_text).unwrap_or_default();
        let cells = [
            &text(&row.id),
            &text(&row.name),
            row.kind.as_str(),
            &text(row.owner.as_deref().unwrap_or_default()),
            state,
            &text(metric),
            &number,
            &text(unit),
            at,
            &seen,
        ];
        csv.push_str(&cells.join(","));
        csv.push_str("\r\n");
    }
    csv
}

/// A text as a cell. People and devices choose names: what a spreadsheet would reckon with is made a text.
fn text(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !text.contains([',', ';', '"', '\n', '\r']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use vigia_domain::device::DeviceKind;
    use vigia_domain::series::Latest;

    use super::*;

    #[test]
    fn a_cell_is_a_cell_whatever_is_in_it() {
        let row = |name: &str, value: f64| DeviceRow {
            id: "m1".to_owned(),
            name: name.to_owned(),
            kind: DeviceKind::EnergyMeter,
            owner: None,
            presence: Presence::Never,
            seen_ms: None,
            headline: Some(Latest { metric: "power_w".to_owned(), value, unit: "W".to_owned(), at: "T".to_owned(), age_ms: 0 }),
        };
        let lines = |name, value| table(&[row(name, value)]).split_once("\r\n").expect("a head").1.trim_end().to_owned();
        assert_eq!(lines("Pozo", -0.001), "m1,Pozo,energy_meter,,never,power_w,-0.001,W,T,");
        assert_eq!(lines("a, \"b\"", f64::NAN), "m1,\"a, \"\"b\"\"\",energy_meter,,never,power_w,,W,T,");
        assert_eq!(lines("=HYPERLINK(1)", 1e12), "m1,\"'=HYPERLINK(1)\",energy_meter,,never,power_w,1000000000000,W,T,");
    }
}
