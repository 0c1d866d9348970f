//! A real household's week, replayed over MQTT faster than it was, with its own timestamps: every day's count and sum as in the file.

use crate::server::{Server, said, vigia};

/// An extract of "Individual household electric power consumption", Hebrail and Berard, UCI, CC BY 4.0; civil time of Paris.
const WEEK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/app/backend/tests/data/household_week_1min.csv");

#[test]
fn the_week_through_the_api_equals_the_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let server = Server::start(&mut vigia(&data));
    let broker = format!("mqtt://{}", server.mqtt);
    let report = said(vigia(&data).args(["simulate", "--replay", WEEK, "--zone", "Europe/Paris", "--broker", &broker]));
    assert_eq!(report, "sent 10080, acknowledged 10080");
    let key = said(vigia(&data).args(["api-key", "add", "test", "--scope", "telemetry:read"]));
    let file = std::fs::read_to_string(WEEK).expect("the file is there");
    for day in 5..12 {
        let date = format!("2007-02-{day:02}");
        let powers: Vec<f64> = file
            .lines()
            .filter(|line| line.starts_with(&date))
            .map(|line| line.split(',').nth(1).and_then(|cell| cell.parse().ok()).expect("a power"))
            .collect();
        // In February Paris is an hour ahead of UTC.
        let (from, to) = (format!("2007-02-{:02}T23:00:00Z", day - 1), format!("{date}T23:00:00Z"));
        let path = format!("/api/v1/devices/sim-replay/telemetry?metric=power_w&from={from}&to={to}&points=1");
        let (status, body) = server.ask("GET", &path, &[&format!("X-API-Key: {key}")], "");
        assert_eq!(status, 200, "{body}");
        let series: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let point = &series["points"][0];
        assert_eq!(point["count"].as_u64(), Some(powers.len() as u64), "{date}");
        let (sum, wanted) = (point["avg"].as_f64().expect("a number") * powers.len() as f64, powers.iter().sum::<f64>());
        assert!((sum - wanted).abs() < 1e-6 * wanted, "{date}: {sum}, not {wanted}");
        assert_eq!(series["gaps"], serde_json::json!([]));
    }
}
