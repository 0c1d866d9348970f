//! The interface for scripts.

use axum::http::{Method, StatusCode};
use vigia_domain::rights::Scope;
use vigia_domain::user::Role;

use crate::support::{Installation, both};

async fn meter(it: &Installation) -> (String, String) {
    let (_, token) = it.device("m1", None).await;
    let key = it.key("script", &[Scope::TelemetryRead]).await;
    (token, key)
}

both! {
    async fn a_reading_posted_is_read_back(it: Installation) {
        let (token, key) = meter(it).await;
        let stored = it.post("/api/v1/devices/m1/telemetry", &token, r#"[{"ts":1772366340,"power_w":100,"voltage_v":127.5},{"ts":1772366370,"power_w":300}]"#).await;
        assert_eq!((stored.status, stored.text.as_str()), (StatusCode::ACCEPTED, r#"{"stored":2}"#));
        let latest = it.get("/api/v1/devices/m1/latest", &key).await.json();
        insta::allow_duplicates!(insta::assert_json_snapshot!(latest, @r#"
        [
          {
            "age_ms": 30000,
            "at": "2026-03-01T11:59:30.000Z",
            "metric": "power_w",
            "unit": "W",
            "value": 300.0
          },
          {
            "age_ms": 60000,
            "at": "2026-03-01T11:59:00.000Z",
            "metric": "voltage_v",
            "unit": "V",
            "value": 127.5
          }
        ]
        "#));
        let series = it.get("/api/v1/devices/m1/telemetry?metric=power_w&from=2026-03-01T11:58:00.000Z&to=1772366400000&points=4", &key).await.json();
        insta::allow_duplicates!(insta::assert_json_snapshot!(series, @r#"
        {
          "gaps": [
            {
              "from": "2026-03-01T11:58:00.000Z",
              "to": "2026-03-01T11:59:00.000Z"
            }
          ],
          "metric": "power_w",
          "points": [
            {
              "at": "2026-03-01T11:59:00.000Z",
              "avg": 100.0,
              "count": 1,
              "max": 100.0,
              "min": 100.0
            },
            {
              "at": "2026-03-01T11:59:30.000Z",
              "avg": 300.0,
              "count": 1,
              "max": 300.0,
              "min": 300.0
            }
          ],
          "unit": "W"
        }
        "#));
    }

    async fn bad_input_is_told_what_is_wrong_and_nothing_of_it_is_stored(it: Installation) {
        let (token, key) = meter(it).await;
        let path = "/api/v1/devices/m1/telemetry";
        for (body, status, detail) in [
            ("", 400, "the payload is empty"),
            ("power 5", 400, "the payload is not JSON: expected value at line 1 column 1"),
            (r#"[{"power_w":1},{"power_w":[]}]"#, 422, "reading 1: power_w: a number, true, false or a text is expected, not a list"),
            (r#"[{"power_w":1},{"ts":5,"power_w":1}]"#, 422, "the time 1970-01-01T00:00:05.000Z is before the year 2000: the device's clock is not set"),
            (r#"{"power w":1}"#, 422, "the name \"power w\" is not 1 to 64 of letters, digits and : _ . -"),
        ] {
            let answer = it.post(path, &token, body).await;
            let problem = answer.json();
            assert_eq!((answer.status.as_u16(), problem["detail"].as_str()), (status, Some(detail)));
            assert_eq!(answer.headers["content-type"], "application/problem+json");
            assert_eq!(problem["request_id"].as_str(), answer.headers["x-request-id"].to_str().ok());
        }
        let page = it.get("/api/v1/devices/m1", &key).await.json();
        assert_eq!(page["quarantine"].as_array().map(Vec::len), Some(5), "the device's page shows them, too");
        let newest = &page["quarantine"][0];
        assert_eq!(newest["source"], "HTTP");
        assert_eq!(newest["cause"], serde_json::json!({"code": "bad_name", "name": "power w"}), "a code for programs");
        assert_eq!(newest["reason"], "the name \"power w\" is not 1 to 64 of letters, digits and : _ . -", "and a sentence for people");
        assert_eq!(newest["received_at"], "2026-03-01T12:00:00.000Z");
        assert_eq!(page["row"]["seen_at"], "2026-03-01T12:00:00.000Z");
        for _ in 0..25 {
            it.post(path, &token, "power 5").await;
        }
        let page = it.get("/api/v1/devices/m1", &key).await.json();
        assert_eq!(page["quarantine"].as_array().map(Vec::len), Some(30), "all that are kept");
        assert_eq!(it.post(path, &token, " ".repeat(300 * 1024)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(it.post(path, &token, " ".repeat(3 * 1024 * 1024)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(it.get("/api/v1/devices/m1/latest", &key).await.text, "[]");
        for (query, field) in [("", "metric"), ("?metric=a%20b", "metric"), ("?metric=a&points=0", "points"), ("?metric=a&points=5001", "points"), ("?metric=a&from=x", "from"), ("?metric=a&from=2&to=1", "from"), ("?metric=a&metric=b", "metric"), ("?metric=a&points=1&points=2", "points")] {
            let answer = it.get(&format!("{path}{query}"), &key).await;
            assert_eq!((answer.status.as_u16(), answer.json()["field"].as_str()), (422, Some(field)), "{query}");
        }
    }

    async fn the_list_is_paged_by_link(it: Installation) {
        let key = it.key("script", &[Scope::TelemetryRead]).await;
        for n in 0..5 {
            it.device(&format!("m{n}"), None).await;
        }
        let (mut path, mut ids) = ("/api/v1/devices?limit=2".to_owned(), Vec::new());
        loop {
            let page = it.get(&path, &key).await;
            ids.extend(page.json().as_array().expect("a bare array").iter().map(|d| d["id"].as_str().expect("an id").to_owned()));
            let Some(link) = page.headers.get("link") else { break };
            path = link.to_str().expect("text").trim_start_matches('<').split('>').next().expect("an address").to_owned();
        }
        assert_eq!(ids, ["m4", "m3", "m2", "m1", "m0"]);
        assert_eq!(it.get("/api/v1/devices?limit=1001", &key).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn a_customer_sees_their_own_devices_and_no_others(it: Installation) {
        it.user("a@example.org", Role::Customer).await;
        it.user("b@example.org", Role::Customer).await;
        it.device("of-a", Some("a@example.org")).await;
        it.device("of-b", Some("b@example.org")).await;
        let a = vigia_backend::db::users::by_email(it.app.registry(), "a@example.org").await.expect("asked").expect("there");
        let principal = vigia_domain::rights::Principal::user(a.id, a.role);
        let (rows, _) = vigia_backend::fleet::list(&it.app, &principal, &Default::default()).await.expect("asked");
        assert_eq!(rows.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["of-a"]);
    }

    async fn health_tells_strangers_little_and_the_operator_all(it: Installation) {
        assert_eq!(it.ask(Method::GET, "/healthz", &[], "").await.status, StatusCode::OK);
        let stranger = it.ask(Method::GET, "/readyz", &[], "").await;
        assert_eq!((stranger.status, stranger.text.as_str()), (StatusCode::SERVICE_UNAVAILABLE, r#"{"ready":false}"#), "no broker was started");
        let key = it.key("prometheus", &[Scope::MetricsRead]).await;
        let operator = it.get("/readyz", &key).await;
        assert_eq!(operator.json()["parts"], serde_json::json!({"database": true, "broker": false, "ingest": true}));
        assert_eq!(it.ask(Method::GET, "/metrics", &[], "").await.status, StatusCode::UNAUTHORIZED);
        let metrics = it.get("/metrics", &key).await;
        assert!(metrics.text.contains("vigia_ingest_messages_total 0") && metrics.text.ends_with("# EOF\n"), "{}", metrics.text);
    }

    async fn ready_means_that_it_can_write_and_what_is_wrong_is_named(it: Installation) {
        let key = it.key("prometheus", &[Scope::MetricsRead]).await;
        let ready = async || it.get("/readyz", &key).await.json();
        assert_eq!(ready().await["wrong"], serde_json::json!({"broker": "it is not running"}));
        it.sql("telemetry.db", "ALTER TABLE telemetry_probe RENAME TO away").await;
        assert_eq!(ready().await["parts"]["ingest"], true, "asked a moment ago, and not tried again at once");
        it.world.advance(5_000);
        let told = ready().await;
        assert_eq!(told["parts"], serde_json::json!({"database": true, "broker": false, "ingest": false}));
        assert!(told["wrong"]["ingest"].as_str().is_some_and(|why| why.contains("telemetry_probe")), "{told}");
        let stranger = it.ask(Method::GET, "/readyz", &[], "").await;
        assert_eq!(stranger.text, r#"{"ready":false}"#, "nothing of it for strangers");
        it.sql("telemetry.db", "ALTER TABLE away RENAME TO telemetry_probe").await;
        it.world.advance(5_000);
        assert_eq!(ready().await["parts"]["ingest"], true);
        it.app.databases().close().await;
        it.world.advance(5_000);
        let away = it.ask(Method::GET, "/readyz", &[], "").await;
        assert_eq!((away.status, away.text.as_str()), (StatusCode::SERVICE_UNAVAILABLE, r#"{"ready":false}"#));
    }

    async fn every_answer_has_its_safety_headers_and_another_site_is_refused(it: Installation) {
        let (token, _) = meter(it).await;
        let answer = it.ask(Method::GET, "/healthz", &[("x-request-id", "mine")], "").await;
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
        assert_ne!(answer.headers["x-request-id"], "mine");
        let path = "/api/v1/devices/m1/telemetry";
        let foreign = it.ask(Method::POST, path, &[("sec-fetch-site", "cross-site")], "{}").await;
        assert_eq!((foreign.status, foreign.json()["detail"].as_str()), (StatusCode::FORBIDDEN, Some("this request comes from another site")));
        let script = it.ask(Method::POST, path, &[("sec-fetch-site", "cross-site"), ("authorization", &format!("Bearer {token}"))], r#"{"power_w":1}"#).await;
        assert_eq!(script.status, StatusCode::ACCEPTED);
        assert_eq!(it.ask(Method::GET, "/nothing", &[], "").await.json()["title"], "Not Found");
        assert_eq!(it.ask(Method::PUT, path, &[("x-api-key", &token)], "").await.status, StatusCode::METHOD_NOT_ALLOWED);
    }

    async fn the_description_names_every_route_for_scripts(it: Installation) {
        let document = it.ask(Method::GET, "/api/v1/openapi.json", &[], "").await.json();
        let paths: Vec<_> = document["paths"].as_object().expect("paths").keys().cloned().collect();
        assert_eq!(
            paths,
            [
                "/.well-known/security.txt",
                "/api/crear-usuario/",
                "/api/iniciar-sesion/",
                "/api/usuario/actual/",
                "/api/v1/api-keys",
                "/api/v1/api-keys/{key}",
                "/api/v1/audit",
                "/api/v1/auth/forgot-password",
                "/api/v1/auth/login",
                "/api/v1/auth/logout",
                "/api/v1/auth/magic-link",
                "/api/v1/auth/oidc/{provider}",
                "/api/v1/auth/oidc/{provider}/callback",
                "/api/v1/auth/refresh",
                "/api/v1/auth/reset-password",
                "/api/v1/devices",
                "/api/v1/devices/{id}",
                "/api/v1/devices/{id}/commands",
                "/api/v1/devices/{id}/commands/{command}",
                "/api/v1/devices/{id}/config",
                "/api/v1/devices/{id}/latest",
                "/api/v1/devices/{id}/readings.csv",
                "/api/v1/devices/{id}/telemetry",
                "/api/v1/devices/{id}/token",
                "/api/v1/devices/{id}/token/old",
                "/api/v1/invitations",
                "/api/v1/live",
                "/api/v1/provisioning-keys",
                "/api/v1/provisioning-keys/{key}",
                "/api/v1/stream/devices",
                "/api/v1/unclaimed",
                "/api/v1/unclaimed/{unclaimed}/claim",
                "/api/v1/users/",
                "/api/v1/users/me",
                "/api/v1/users/me/export",
                "/api/v1/users/{user}",
                "/api/v1/users/{user}/approve",
                "/api/v1/users/{user}/disable",
                "/api/v1/users/{user}/enable",
                "/api/v1/users/{user}/rights",
                "/api/v1/users/{user}/second-step",
                "/api/v2/write",
                "/healthz",
                "/metrics",
                "/readyz",
                "/stream/dispositivos",
                "/write",
            ]
        );
        assert!(document["paths"]["/api/v1/devices/{id}/telemetry"]["post"]["responses"]["202"].is_object());
        assert!(document["paths"]["/api/v1/devices/{id}/config"]["put"]["responses"]["200"].is_object());
        assert_eq!(document["paths"]["/api/v1/devices/{id}/commands/{command}"]["get"]["parameters"][1]["name"], "command");
        assert!(document["components"]["schemas"]["DeviceRow"].is_object());
        let operations = document["paths"].as_object().expect("paths").iter().flat_map(|(path, item)| {
            item.as_object().expect("operations").iter().map(move |(method, operation)| (path, method, operation))
        });
        for (path, method, operation) in operations {
            let bodies = operation["requestBody"]["content"].as_object().into_iter().flatten();
            for (_, body) in bodies {
                assert!(body["schema"].is_object(), "{method} {path}: say what its body may be");
            }
            let refuses = |status: &str| operation["responses"][status].is_object();
            assert!(refuses("503") && (refuses("404") || !path.contains('{')) && (refuses("403") || method == "get"), "{method} {path}");
        }
        let login = &document["paths"]["/api/v1/auth/login"]["post"];
        assert_eq!(login["responses"]["429"]["headers"]["Retry-After"]["schema"]["type"], "integer", "{login}");
        assert_eq!(login["requestBody"]["content"]["application/json"]["schema"]["additionalProperties"], false, "{login}");
        let invited = &document["paths"]["/api/v1/invitations"]["post"]["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(invited["required"], serde_json::json!(["email", "role"]), "{invited}");
    }
}
