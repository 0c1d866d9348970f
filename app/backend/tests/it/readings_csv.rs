//! The readings of a chart as a file.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use vigia_domain::rights::Scope;
use vigia_domain::user::Role;

use crate::sealing::entry;
use crate::support::{NOW, both};

const HEAD: &str = "time_local,time_utc,metric,value,unit\r\n";

both! {
    async fn every_reading_is_a_line_in_the_readers_zone_and_a_gap_is_none(it: Installation) {
        let (_, token) = it.device("m1", None).await;
        let key = it.key("script", &[Scope::TelemetryRead]).await;
        let body = r#"[{"ts":1772359200,"power_w":100.5,"voltage_v":127},{"ts":1772359230,"power_w":-0.001},{"ts":1772366340,"power_w":12000}]"#;
        assert_eq!(it.post("/api/v1/devices/m1/telemetry", &token, body).await.status, StatusCode::ACCEPTED);
        let path = format!("/api/v1/devices/m1/readings.csv?metrics=power_w,voltage_v&from=0&to={NOW}&zone=America/Mexico_City");
        let file = it.get(&path.replace("from=0", "from=1772359200000"), &key).await;
        assert_eq!((file.status, file.headers["content-type"].to_str().ok()), (StatusCode::OK, Some("text/csv; charset=utf-8")));
        assert_eq!(file.headers["content-disposition"], "attachment; filename=\"m1.csv\"");
        assert_eq!(
            file.text,
            format!(
                "{HEAD}2026-03-01T04:00:00-06:00,2026-03-01T10:00:00.000Z,power_w,100.5,W\r\n\
                 2026-03-01T04:00:30-06:00,2026-03-01T10:00:30.000Z,power_w,-0.001,W\r\n\
                 2026-03-01T05:59:00-06:00,2026-03-01T11:59:00.000Z,power_w,12000,W\r\n\
                 2026-03-01T04:00:00-06:00,2026-03-01T10:00:00.000Z,voltage_v,127,V\r\n"
            ),
            "two hours without a reading have no line, and none is made up"
        );
        let none = it.get("/api/v1/devices/m1/readings.csv?metrics=power_w&from=1772359231000&to=1772366340000", &key).await;
        assert_eq!(none.text, HEAD, "the end is not in it");
    }

    async fn no_cell_of_a_device_becomes_a_formula(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        let key = it.key("script", &[Scope::TelemetryRead]).await;
        // A name by the grammar of metrics, which may begin so.
        let entry = entry(device.number, [(NOW - 1_000, vec![("-2.5:cmd", -3.5)])]);
        it.app.store().append(&[entry]).await.expect("stored");
        let file = it.get(&format!("/api/v1/devices/m1/readings.csv?metrics=-2.5:cmd&from={}&to={NOW}", NOW - 2_000), &key).await;
        assert_eq!(file.text, format!("{HEAD}2026-03-01T11:59:59+00:00,2026-03-01T11:59:59.000Z,'-2.5:cmd,-3.5,\r\n"));
        for name in ["=1+1", "@x", "+1", "\"", "%0A"] {
            let wrong = it.get(&format!("/api/v1/devices/m1/readings.csv?metrics={}&from=0&to=1", name.replace('"', "%22")), &key).await;
            assert_eq!((wrong.status, wrong.json()["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("metrics")), "{name}");
        }
    }

    async fn only_who_may_read_the_device_gets_its_file_and_a_wrong_question_names_its_field(it: Installation) {
        it.user("own@example.org", Role::Customer).await;
        it.user("eva@example.org", Role::Customer).await;
        let (_, token) = it.device("m1", Some("own@example.org")).await;
        let (_, foreign) = it.device("m2", None).await;
        let path = "/api/v1/devices/m1/readings.csv?metrics=power_w&from=0&to=1000";
        assert_eq!(it.status(path, "x-nothing", "1").await, 401);
        for (email, status) in [("own@example.org", 200), ("eva@example.org", 404)] {
            assert_eq!(it.status(path, "cookie", &it.cookie(email).await).await, status, "{email}");
        }
        // A key of somebody's own reads as they do, whatever its scopes.
        for (email, status) in [("own@example.org", 200), ("eva@example.org", 404)] {
            let key = it.key_of(email, "all", &Scope::ALL).await;
            assert_eq!(it.status(path, "x-api-key", &key).await, status, "the key of {email}");
        }
        for (bearer, status) in [(&token, 200), (&foreign, 404)] {
            assert_eq!(it.status(path, "authorization", &format!("Bearer {bearer}")).await, status);
        }
        let key = it.key("script", &[Scope::TelemetryRead]).await;
        for (query, field) in [
            ("from=0&to=1", "metrics"),
            ("metrics=power_w&from=x&to=1", "from"),
            ("metrics=power_w&from=0&to=", "to"),
            ("metrics=power_w&from=5&to=5", "from"),
            ("metrics=power_w&from=0&to=999999999999999", "from"),
            ("metrics=power_w&from=0&to=1&zone=Nowhere/City", "zone"),
            ("metrics=power_w&from=0&to=1&zone=../../etc/passwd", "zone"),
        ] {
            let wrong = it.get(&format!("/api/v1/devices/m1/readings.csv?{query}"), &key).await;
            assert_eq!((wrong.status, wrong.json()["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some(field)), "{query}");
        }
    }

    async fn only_so_many_files_are_made_at_once(it: Installation) {
        it.device("m1", None).await;
        let path = "/api/v1/devices/m1/readings.csv?metrics=power_w&from=0&to=1000";
        let mut keys = Vec::new();
        for n in 0..6 {
            keys.push(it.key(&format!("script {n}"), &[Scope::TelemetryRead]).await);
        }
        // Answered, and not fetched yet.
        let begin = async |key: &str| {
            let request = Request::get(path).header("x-api-key", key).body(Body::empty()).expect("a request");
            it.router.clone().oneshot(request).await.expect("the router answers")
        };
        let mut held = vec![begin(&keys[0]).await, begin(&keys[0]).await];
        let refused = it.get(path, &keys[0]).await;
        assert_eq!((refused.status, refused.headers["retry-after"].to_str().ok()), (StatusCode::TOO_MANY_REQUESTS, Some("5")), "{}", refused.text);
        assert!(refused.json()["detail"].as_str().is_some_and(|text| text.contains("at most 2 files")), "{}", refused.text);
        for key in &keys[1..4] {
            held.push(begin(key).await);
            held.push(begin(key).await);
        }
        assert!(held.iter().all(|answer| answer.status() == StatusCode::OK));
        let refused = it.get(path, &keys[4]).await;
        assert_eq!((refused.status, refused.headers.contains_key("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, true), "{}", refused.text);
        // One is fetched, one is given up.
        let file = held.remove(0).into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(file, HEAD);
        drop(held.remove(0));
        assert_eq!(it.get(path, &keys[0]).await.status, StatusCode::OK);
        assert_eq!(it.get(path, &keys[4]).await.status, StatusCode::OK);
    }
}
