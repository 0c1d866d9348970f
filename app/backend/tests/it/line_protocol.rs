//! Line protocol over HTTP, as Telegraf sends it.

use std::io::Write as _;

use axum::body::Body;
use axum::http::Method;
use flate2::Compression;
use flate2::write::GzEncoder;
use vigia_backend::db::state;
use vigia_domain::rights::Scope;

use crate::support::{Engine, Installation, both};

/// Three lines as Telegraf's `cpu`, `mem` and `system` inputs send them, the device's tag set in its configuration.
const TELEGRAF: &str = "cpu,cpu=cpu-total,device=barn,host=barn usage_idle=98.49,usage_user=0.75 1772366300000000000\n\
    mem,device=barn,host=barn active=1216548864i,used_percent=31.2 1772366300000000000\n\
    system,device=barn,host=barn load1=0.07,n_cpus=4i,uptime_format=\"3 days, 1:02\" 1772366300000000000\n";

async fn write(it: &Installation, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> (u16, String) {
    let answer = it.ask(Method::POST, path, headers, body).await;
    (answer.status.as_u16(), answer.text)
}

both! {
    async fn what_telegraf_sends_is_stored_when_it_is_answered(it: Installation) {
        let (barn, _) = it.device("barn", None).await;
        let token = format!("Token {}", it.key("telegraf", &[Scope::TelemetryWrite]).await);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(TELEGRAF.as_bytes()).expect("packed");
        let gzip = gzip.finish().expect("packed");
        let headers = [("authorization", token.as_str()), ("content-encoding", "gzip"), ("content-type", "text/plain; charset=utf-8")];
        assert_eq!(write(it, "/api/v2/write?bucket=home&org=farm&precision=ns", &headers, gzip).await, (204, String::new()));
        let mut after = it.again().await;
        let idle = after.app.store().range(barn.number, "cpu_usage_idle", 0, i64::MAX).await.expect("asked");
        assert_eq!(idle, [(1_772_366_300_000, 98.49)]);
        assert_eq!(after.app.store().known_metrics(barn.number), 6);
        assert_eq!(state::attributes(after.app.telemetry_db(), barn.number).await.expect("asked")["system_uptime_format"], "3 days, 1:02");
        after.close().await;
    }

    async fn a_request_is_taken_whole_or_not_at_all(it: Installation) {
        let (a, _) = it.device("a", None).await;
        let (b, _) = it.device("b", None).await;
        let key = it.key("script", &[Scope::TelemetryWrite]).await;
        let headers = [("x-api-key", key.as_str())];
        for (body, status, message) in [
            ("m,device=a power_w=1 1772366300\nm,device=b power_w=x 1772366300", 400, r#"{"code":"invalid","message":"line 2: the value of \"power_w\" is neither a number, true, false nor a text in quotes","line":2}"#),
            ("m,device=a power_w=1 1772366300\nm,device=nobody power_w=1", 404, r#"{"code":"not found","message":"line 2: there is no device nobody that you may write to; add it with: vigia device add nobody --kind KIND","line":2}"#),
            ("m,device=a f=1 1772366300\nm,device=b f=1 5", 400, r#"{"code":"invalid","message":"line 2: the time 1970-01-01T00:00:05.000Z is before the year 2000: the device's clock is not set","line":2}"#),
            ("voltage,device=a v=3005000 1772366300", 400, r#"{"code":"invalid","message":"line 1: voltage_v is 3005000; it lies between -1000000 and 1000000","line":1}"#),
            ("m f=1", 400, r#"{"code":"invalid","message":"line 1: the tag \"device\", which names the device, is missing","line":1}"#),
        ] {
            assert_eq!(write(it, "/write?precision=s", &headers, body).await, (status, message.to_owned()), "{body}");
        }
        assert!(it.app.store().latest(a.number).is_empty() && it.app.store().latest(b.number).is_empty());
        let seen = state::quarantine(it.app.telemetry_db(), a.number, 10).await.expect("asked");
        assert_eq!(seen.len(), 1, "on the device's page, too");
        assert_eq!(write(it, "/write?precision=s", &headers, "m,device=a f=1 1772366300\nm,device=b f=2 1772366300").await.0, 204);
        assert_eq!((it.app.store().latest(a.number).len(), it.app.store().latest(b.number).len()), (1, 1));
        assert_eq!(write(it, "/write", &headers, "").await.0, 204, "nothing to store");
    }

    async fn a_device_writes_its_own_lines_and_no_others(it: Installation) {
        let (own, token) = it.device("m1", None).await;
        it.device("m2", None).await;
        let basic = format!("Basic {}", data_encoding::BASE64.encode(format!("telegraf:{token}").as_bytes()));
        let headers = [("authorization", basic.as_str())];
        assert_eq!(write(it, "/write", &headers, "power w=512.3").await.0, 204);
        assert_eq!(it.app.store().latest(own.number)[0].metric, "power_w");
        assert_eq!(write(it, "/write", &headers, "power,device=m2 w=512.3").await.0, 404);
    }

    async fn a_store_that_is_away_is_said_and_nothing_was_taken(it: Installation) {
        it.device("m1", None).await;
        let key = it.key("script", &[Scope::TelemetryWrite]).await;
        it.app.databases().telemetry.close().await;
        let answer = it.ask(Method::POST, "/write", &[("x-api-key", &key)], "m,device=m1 f=1").await;
        assert_eq!((answer.status.as_u16(), answer.headers["retry-after"].to_str().ok()), (503, Some("5")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_request_for_lines_is_refused_in_influxdbs_words() {
    let mut it = Installation::new(Engine::Sqlite).await;
    it.device("m1", None).await;
    let key = it.key("script", &[Scope::TelemetryWrite]).await;
    let auth = ("x-api-key", key.as_str());
    let line = "m,device=m1 f=1";
    assert_eq!(write(&it, "/write?u=x&p=y", &[auth], line).await.0, 401);
    assert_eq!(write(&it, "/write?precision=week", &[auth], line).await.0, 400);
    assert_eq!(write(&it, "/write", &[auth, ("content-encoding", "br")], line).await.0, 415);
    let (status, text) = write(&it, "/write", &[auth, ("content-encoding", "gzip")], line).await;
    assert!(status == 400 && text.contains("not gzip"), "{text}");
    let (status, text) = write(&it, "/write", &[auth], "x".repeat(2 * 1024 * 1024)).await;
    assert!(status == 413 && text.contains("request too large"), "{text}");
    let (status, text) = write(&it, "/write", &[auth], format!("{line}\n").repeat(10_001)).await;
    assert!(status == 413 && text.contains("line 10001: a request has at most 10000 lines"), "{text}");
    let texts: Vec<_> = (0..300).map(|n| format!("t{n}=\"x\"")).collect();
    let (status, text) = write(&it, "/write", &[auth], format!("m,device=m1 {}", texts.join(","))).await;
    assert!(status == 400 && text.contains("more than 256 different texts"), "{text}");
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![b'#'; 64 * 1024 * 1024]).expect("packed");
    let (status, text) = write(&it, "/write", &[auth, ("content-encoding", "gzip")], bomb.finish().expect("packed")).await;
    assert!(status == 413 && text.contains("unpacked"), "{text}");
    assert_eq!(write(&it, "/write", &[], line).await.0, 401);
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tags_that_name_device_and_metric_can_be_set() {
    let toml = "[ingest]\nline_protocol_device_tag = \"host\"\nline_protocol_name_tags = [\"cpu\"]\n";
    let mut it = Installation::configured(Engine::Sqlite, toml).await;
    let (barn, _) = it.device("barn", None).await;
    let key = it.key("script", &[Scope::TelemetryWrite]).await;
    let body = "cpu,cpu=cpu0,host=barn usage_idle=98\ncpu,cpu=cpu1,host=barn usage_idle=97";
    assert_eq!(write(&it, "/api/v2/write", &[("x-api-key", &key)], body).await.0, 204);
    let found: Vec<_> = it.app.store().latest(barn.number).into_iter().map(|v| v.metric).collect();
    assert_eq!(found, ["cpu_cpu0_usage_idle", "cpu_cpu1_usage_idle"]);
    it.close().await;
}
