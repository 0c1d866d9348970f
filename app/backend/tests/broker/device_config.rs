//! How a device shall be configured, and what it says that it runs.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use crate::downward::{Listening, admin, becomes, open_broker};
use crate::support::{Installation, both};

const CONFIG: &str = "/api/v1/devices/m1/config";

async fn put(it: &Installation, key: &str, body: &str) -> (u16, serde_json::Value) {
    let headers = [("x-api-key", key), ("content-type", "application/json")];
    let answer = it.ask(Method::PUT, CONFIG, &headers, body.to_owned()).await;
    (answer.status.as_u16(), answer.json())
}

both! {
    async fn a_device_is_told_its_configuration_whenever_it_comes_and_says_what_it_runs(it: Installation) {
        let key = admin(it).await;
        let (m1, token) = it.device("m1", None).await;
        assert_eq!(it.get(CONFIG, &key).await.json()["version"], 0);
        let set = r#"{"interval_s": 10, "calibration": {"voltage_v": 1.012}}"#;
        let (status, config) = put(it, &key, set).await;
        assert_eq!((status, &config["version"], &config["applied_version"]), (200, &json!(1), &json!(null)));
        assert_eq!(put(it, &key, set).await.1["version"], 1, "the same again is no new version");
        it.restart().await;
        let address = open_broker(it).await;
        let mut device = Listening::connect(address, "m1", &token).await;
        let wanted = json!({"version": 1, "config": {"interval_s": 10, "calibration": {"voltage_v": 1.012}}});
        assert_eq!(device.hears(it, "config").await, wanted);
        device.says("config/applied", r#"{"version": 1}"#).await;
        let applied = it.get(CONFIG, &key).await.json();
        assert_eq!((&applied["applied_version"], &applied["applied_error"]), (&json!(1), &json!(null)));
        assert_eq!(put(it, &key, r#"{"interval_s": 0}"#).await.1["version"], 2);
        let next = device.hears_within(Duration::from_secs(3), "config").await.expect("told at once");
        assert_eq!(next, json!({"version": 2, "config": {"interval_s": 0}}));
        device.says("config/applied", r#"{"version": 1, "error": "interval_s is at least 1"}"#).await;
        let refused = becomes(it, CONFIG, &key, |config| !config["applied_error"].is_null()).await;
        assert_eq!((&refused["version"], &refused["applied_version"]), (&json!(2), &json!(1)));
        device.says("config/applied", r#"{"version": "two"}"#).await;
        let view = it.get("/api/v1/devices/m1", &key).await.json();
        assert_eq!(view["quarantine"][0]["reason"], "version: a number is expected, not a text");
        assert_eq!(it.events(m1.number).await.len(), 3, "kept as events, too");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM audit WHERE action = 'config.set'").await, [2]);
    }

    async fn a_configuration_is_an_object_and_not_too_large(it: Installation) {
        let key = admin(it).await;
        it.device("m1", None).await;
        let large = format!(r#"{{"x": "{}"}}"#, "x".repeat(17_000));
        for (body, status) in [("", 400), ("{", 400), ("[]", 422), ("null", 422), (large.as_str(), 413)] {
            assert_eq!(put(it, &key, body).await.0, status, "{body:.20}");
        }
        assert_eq!(it.get(CONFIG, &key).await.json()["version"], 0);
    }

    async fn what_a_device_last_said_of_itself_is_there_after_a_restart(it: Installation) {
        let key = admin(it).await;
        let (_, token) = it.device("m1", None).await;
        let address = open_broker(it).await;
        let mut device = Listening::connect(address, "m1", &token).await;
        device.says("status", r#"{"online": false, "firmware_version": "1.8.2", "ip": "192.168.1.7"}"#).await;
        it.restart().await;
        let view = it.get("/api/v1/devices/m1", &key).await.json();
        assert_eq!(view["attributes"], json!({"firmware_version": "1.8.2", "ip": "192.168.1.7"}));
        assert_eq!(view["row"]["presence"], "offline", "it said goodbye");
    }
}
