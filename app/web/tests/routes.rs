//! The test of rights: every route of the one table, asked by every kind of principal.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, Bytes};
use axum::http::{Method, Request};
use futures_util::stream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use vigia_backend::auth::token::hash;
use vigia_backend::db::devices::{self, Device};
use vigia_backend::db::users;
use vigia_backend::http::access::PathDevice;
use vigia_backend::http::assets::{AssetNames, Files};
use vigia_backend::http::{Right, Route};
use vigia_backend::mqtt::Gate as _;
use vigia_domain::ids::{DeviceId, UserId};
use vigia_domain::rights::{Action, Principal, Scope};
use vigia_domain::user::Role;
use vigia_web::face::Face;

#[expect(dead_code, unused_imports, unused_macros, unreachable_pub, reason = "the back end's tests use the rest")]
#[path = "../../backend/tests/it/support/mod.rs"]
mod support;

use support::{Engine, Installation};

/// Every route with the right that it must have. A route that is added, or whose right changes, is changed here, too.
const RIGHTS: &[(&str, &str, Right)] = &[
    ("GET", "/healthz", Right::Public),
    ("GET", "/readyz", Right::Public),
    ("GET", "/metrics", Right::LoopbackOr(Action::ReadMetrics)),
    ("GET", "/api/v1/devices", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/api/v1/devices/{id}", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/api/v1/devices/{id}/latest", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/api/v1/devices/{id}/telemetry", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/api/v1/devices/{id}/readings.csv", Right::NeedsDevice(Action::ReadTelemetry)),
    ("POST", "/api/v1/devices/{id}/telemetry", Right::NeedsDevice(Action::WriteTelemetry)),
    ("DELETE", "/api/v1/devices/{id}/telemetry", Right::NeedsDevice(Action::DeleteTelemetry)),
    ("POST", "/api/v1/devices/{id}/commands", Right::NeedsDevice(Action::Control)),
    ("GET", "/api/v1/devices/{id}/commands", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/api/v1/devices/{id}/commands/{command}", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/api/v1/devices/{id}/config", Right::NeedsDevice(Action::ManageDevices)),
    ("PUT", "/api/v1/devices/{id}/config", Right::NeedsDevice(Action::ManageDevices)),
    ("GET", "/api/v1/unclaimed", Right::Needs(Action::ManageDevices)),
    ("POST", "/api/v1/unclaimed/{unclaimed}/claim", Right::Needs(Action::ManageDevices)),
    ("POST", "/api/v2/write", Right::NeedsSome(Action::WriteTelemetry)),
    ("POST", "/write", Right::NeedsSome(Action::WriteTelemetry)),
    ("GET", "/api/v1/live", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/api/v1/stream/devices", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/stream/dispositivos", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/api/v1/openapi.json", Right::Public),
    ("GET", "/api/v1/docs", Right::Public),
    ("GET", "/", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/devices", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/devices.csv", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/devices/{id}", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/devices/{id}/readings.csv", Right::NeedsDevice(Action::ReadTelemetry)),
    ("POST", "/devices/{id}", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/settings", Right::Needs(Action::OwnAccount)),
    ("GET", "/sign-in", Right::Public),
    ("GET", "/setup", Right::Public),
    ("GET", "/enter", Right::Public),
    ("GET", "/forgot", Right::Public),
    ("GET", "/reset", Right::Public),
    ("GET", "/offline", Right::Public),
    ("GET", "/sw.js", Right::Public),
    ("POST", "/api/v1/auth/magic-link", Right::Public),
    ("POST", "/api/v1/auth/forgot-password", Right::Public),
    ("POST", "/api/v1/auth/reset-password", Right::Public),
    ("POST", "/ui/sign-in", Right::Public),
    ("POST", "/ui/ask-link", Right::Public),
    ("POST", "/ui/sign-out", Right::Needs(Action::OwnAccount)),
    ("POST", "/ui/setup", Right::Public),
    ("POST", "/ui/enter", Right::Public),
    ("POST", "/ui/forgot", Right::Public),
    ("POST", "/ui/reset", Right::Public),
    ("POST", "/ui/language", Right::Public),
    ("GET", "/ui/devices", Right::Needs(Action::ReadTelemetry)),
    ("POST", "/ui/columns", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/ui/device", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/ui/series", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/ui/messages", Right::NeedsDevice(Action::ReadTelemetry)),
    ("POST", "/ui/try", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/ui/find", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/ui/attention", Right::Needs(Action::ManageDevices)),
    ("GET", "/ui/mine", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/ui/settings", Right::Needs(Action::OwnAccount)),
    ("POST", "/ui/profile", Right::Needs(Action::OwnAccount)),
    ("POST", "/ui/theme", Right::Needs(Action::OwnAccount)),
    ("POST", "/ui/password", Right::Needs(Action::OwnAccount)),
    ("POST", "/ui/end-sessions", Right::Needs(Action::OwnAccount)),
];

/// In debug builds alone; its answer has no end, so the walk leaves it out.
const RELOAD: (&str, &str, Right) = ("GET", "/_dev/reload", Right::Public);

/// Routes whose answer has no end: of them only its beginning is looked at.
const ENDLESS: [&str; 2] = ["/api/v1/stream/devices", "/stream/dispositivos"];

/// Who asks, in the order of [`expected`].
const WHO: [&str; 15] = [
    "nobody",
    "a bad token",
    "the owner",
    "another customer",
    "staff",
    "administrator",
    "the device",
    "another device",
    "key telemetry:read",
    "key telemetry:write",
    "key metrics:read",
    "key devices:control",
    "key admin",
    "a revoked key",
    "a disabled user",
];

/// What each of [`WHO`] must hear; 200 stands for success. Written down by hand and not computed, or it would prove nothing.
const fn expected(right: Right) -> [u16; 15] {
    match right {
        Right::Public => [200; 15],
        Right::Needs(Action::ReadTelemetry) => [401, 401, 200, 200, 200, 200, 403, 403, 200, 403, 403, 403, 200, 401, 401],
        Right::Needs(Action::OwnAccount) => [401, 401, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403, 403, 401, 401],
        Right::Needs(Action::ManageDevices) => [401, 401, 403, 403, 200, 200, 403, 403, 403, 403, 403, 403, 200, 401, 401],
        Right::NeedsDevice(Action::ReadTelemetry) => [401, 401, 200, 404, 200, 200, 200, 404, 200, 403, 403, 403, 200, 401, 401],
        Right::NeedsDevice(Action::WriteTelemetry) => [401, 401, 403, 404, 403, 200, 200, 404, 403, 200, 403, 403, 200, 401, 401],
        Right::NeedsDevice(Action::DeleteTelemetry) => [401, 401, 403, 404, 403, 200, 403, 403, 403, 403, 403, 403, 200, 401, 401],
        Right::NeedsDevice(Action::Control) => [401, 401, 200, 404, 200, 200, 403, 403, 403, 403, 403, 200, 200, 401, 401],
        Right::NeedsDevice(Action::ManageDevices) => [401, 401, 403, 404, 200, 200, 403, 403, 403, 403, 403, 403, 200, 401, 401],
        Right::NeedsSome(Action::WriteTelemetry) => [401, 401, 403, 403, 403, 200, 200, 404, 403, 200, 403, 403, 200, 401, 401],
        Right::LoopbackOr(Action::ReadMetrics) => [401, 401, 403, 403, 403, 200, 403, 403, 403, 403, 200, 403, 200, 401, 401],
        Right::Needs(_) | Right::NeedsDevice(_) | Right::NeedsSome(_) | Right::LoopbackOr(_) => panic!("say here who may do this"),
    }
}

struct NoFiles;

impl Files for NoFiles {
    fn get(&self, _: &str) -> Option<Cow<'static, [u8]>> {
        None
    }
}

fn table() -> Vec<Route> {
    let mut table = vigia_backend::http::table::of_backend();
    table.extend(vigia_web::site::table(&Face::new(AssetNames::default), AssetNames::default));
    table
}

#[test]
fn every_route_has_the_right_that_is_written_down_for_it() {
    let mut found: Vec<_> = table().iter().map(|r| (r.method.to_string(), r.path, r.right)).collect();
    let while_developing: &[(&str, &str, Right)] = if cfg!(debug_assertions) { &[RELOAD] } else { &[] };
    let mut written: Vec<_> =
        RIGHTS.iter().chain(while_developing).map(|(method, path, right)| ((*method).to_owned(), *path, *right)).collect();
    found.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    written.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    assert_eq!(found, written, "the table of routes and the list of rights in this test differ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_refuses_and_admits_on_sqlite() {
    walk(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_refuses_and_admits_on_postgres() {
    walk(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_database_away_a_browser_gets_a_page_and_a_script_a_problem_on_sqlite() {
    cut(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_database_away_a_browser_gets_a_page_and_a_script_a_problem_on_postgres() {
    cut(Engine::Postgres).await;
}

async fn cut(engine: Engine) {
    let mut it = Installation::new(engine).await;
    it.router = vigia_web::site::site(&it.app, Arc::new(NoFiles), AssetNames::default);
    it.user("ana@example.org", Role::Admin).await;
    it.device("m1", None).await;
    let cookie = it.cookie("ana@example.org").await;
    let key = it.key("script", &[Scope::Admin]).await;
    let browser = [("cookie", cookie.as_str()), ("accept", "text/html"), ("accept-language", "en")];
    assert_eq!(it.ask(Method::GET, "/devices/m1", &browser, "").await.status, 200);
    it.app.databases().close().await;
    for path in ["/", "/devices", "/devices/m1", "/sign-in"] {
        let page = it.ask(Method::GET, path, &browser, "").await;
        assert_eq!((page.status.as_u16(), page.headers["content-type"].to_str().ok()), (503, Some("text/html; charset=utf-8")), "{path}");
        assert_eq!(page.headers["retry-after"], "5", "{path}");
        assert!(page.text.contains("Something failed on our side") && page.text.contains("503"), "{path}: {}", page.text);
    }
    for path in ["/api/v1/devices", "/api/v1/devices/m1", "/ui/devices"] {
        for who in [("cookie", cookie.as_str()), ("x-api-key", key.as_str())] {
            let problem = it.ask(Method::GET, path, &[who, ("accept", "application/json")], "").await;
            assert_eq!((problem.status.as_u16(), problem.headers["content-type"].to_str().ok()), (503, Some("application/problem+json")));
            assert_eq!(problem.headers["retry-after"], "5", "{path}");
        }
    }
    let health = it.ask(Method::GET, "/healthz", &browser, "").await;
    assert_eq!(health.status, 200, "the process is alive, whoever asks");
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_all_parts_is_there_where_the_settings_want_it_for_who_is_in() {
    for (setting, wanted) in [("true", (200, 401)), ("false", (404, 404))] {
        let mut it = Installation::with(Engine::Sqlite, [("VIGIA_HTTP__DESIGN".to_owned(), setting.to_owned())]).await;
        it.router = vigia_web::site::site(&it.app, Arc::new(NoFiles), AssetNames::default);
        it.user("ana@example.org", Role::Customer).await;
        let cookie = it.cookie("ana@example.org").await;
        let own = it.ask(Method::GET, "/_design", &[("cookie", &cookie)], "").await;
        let nobody = it.ask(Method::GET, "/_design", &[], "").await;
        assert_eq!((own.status.as_u16(), nobody.status.as_u16()), wanted, "design = {setting}");
        it.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pages_call_takes_the_device_that_the_guard_has_found() {
    let mut it = Installation::new(Engine::Sqlite).await;
    let (_, token) = it.device("m1", None).await;
    let known = devices::by_token_hash(it.app.registry(), &hash(token.as_bytes())).await.expect("asked").expect("there");
    // A device that the guard found a moment ago and that is gone since: whoever looked again would not find it.
    let gone = Device { id: DeviceId::new("gone").expect("an id"), name: "Gone".to_owned(), ..known };
    for path in ["/ui/device?id=gone", "/ui/series?id=gone&metric=power_w&period=1h"] {
        let mut request = Request::get(path).body(Body::empty()).expect("a request");
        request.extensions_mut().insert(it.app.clone());
        request.extensions_mut().insert(PathDevice(Arc::new(gone.clone())));
        let answer = Face::new(AssetNames::default).call(request).await;
        assert_eq!(answer.status(), 200, "{path}");
    }
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_home_page_tells_nobody_of_the_installation_who_may_not_run_it() {
    let mut it = Installation::new(Engine::Sqlite).await;
    it.router = vigia_web::site::site(&it.app, Arc::new(NoFiles), AssetNames::default);
    it.user("ana@example.org", Role::Admin).await;
    it.user("luis@example.org", Role::Customer).await;
    it.device("secret", None).await;
    it.device("own", Some("luis@example.org")).await;
    let key = it.key("script", &[Scope::TelemetryRead]).await;
    let (admin, customer) = (it.cookie("ana@example.org").await, it.cookie("luis@example.org").await);
    let never = "Never heard of";
    for (who, sees) in [(("cookie", admin.as_str()), true), (("cookie", customer.as_str()), false), (("x-api-key", key.as_str()), false)] {
        let page = it.ask(Method::GET, "/", &[who, ("accept", "text/html"), ("accept-language", "en")], "").await;
        assert_eq!((page.status.as_u16(), page.text.contains(never)), (200, sees), "{who:?}: {}", page.text);
    }
    let page = it.ask(Method::GET, "/", &[("cookie", &customer), ("accept", "text/html")], "").await;
    assert!(page.text.contains("/devices/own") && !page.text.contains("/devices/secret"), "{}", page.text);
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_page_gives_its_reasons_in_the_language_of_the_profile() {
    let mut it = Installation::new(Engine::Sqlite).await;
    it.router = vigia_web::site::site(&it.app, Arc::new(NoFiles), AssetNames::default);
    it.user("ana@example.org", Role::Admin).await;
    it.sql("vigia.db", "UPDATE users SET lang = 'en'").await;
    let (m1, _) = it.device("m1", None).await;
    it.gate().accept(&m1, "vigia/m1/telemetry", Bytes::from_static(b"nonsense"), 1).await.expect("taken");
    let cookie = format!("{}; lang=es", it.cookie("ana@example.org").await);
    let browser = [("cookie", cookie.as_str()), ("accept", "text/html"), ("accept-language", "es")];
    for path in ["/", "/devices/m1?tab=messages"] {
        let page = it.ask(Method::GET, path, &browser, "").await.text;
        assert!(page.contains("is not JSON from") && !page.contains("deja de ser JSON"), "{path}: {page}");
    }
    let tried = [("content-type", "application/x-www-form-urlencoded")];
    let body = "topic=vigia%2Fm1%2Ftelemetry&decoder=&payload=nonsense";
    let page = it.ask(Method::POST, "/devices/m1?tab=messages", &[&browser[..], &tried[..]].concat(), body).await.text;
    assert!(page.contains("Nothing of it would be stored"), "{page}");
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_too_many_is_a_page_for_a_browser_and_a_problem_for_a_script() {
    let mut it = Installation::new(Engine::Sqlite).await;
    it.router = vigia_web::site::site(&it.app, Arc::new(NoFiles), AssetNames::default);
    it.user("ana@example.org", Role::Admin).await;
    it.device("m1", None).await;
    let cookie = it.cookie("ana@example.org").await;
    let ana = users::by_email(it.app.registry(), "ana@example.org").await.expect("asked").expect("there");
    let begin = |id| it.app.exports().begin(&Principal::User { id, role: Role::Admin });
    let paths = ["/devices.csv", "/devices/m1/readings.csv?metrics=power_w&from=0&to=1000"];
    for path in paths {
        assert_eq!(it.ask(Method::GET, path, &[("cookie", &cookie)], "").await.status, 200, "{path}");
        let page = it.ask(Method::GET, path, &[("accept", "text/html,*/*"), ("accept-language", "es")], "").await;
        assert!(page.status == 401 && page.text.contains("Iniciar sesión"), "a session that has ended: {}", page.text);
        let script = it.ask(Method::GET, path, &[], "").await;
        assert_eq!((script.status.as_u16(), script.headers["content-type"].to_str().ok()), (401, Some("application/problem+json")));
        let own = [begin(ana.id), begin(ana.id)];
        let browser = [("cookie", cookie.as_str()), ("accept", "text/html,*/*"), ("accept-language", "es")];
        let page = it.ask(Method::GET, path, &browser, "").await;
        assert_eq!((page.status.as_u16(), page.headers["retry-after"].to_str().ok()), (429, Some("5")), "{path}");
        assert!(page.text.contains("Demasiadas descargas a la vez") && page.text.contains("Ya tienes otras en marcha"), "{}", page.text);
        let script = it.ask(Method::GET, path, &[("cookie", &cookie)], "").await;
        assert_eq!((script.status.as_u16(), script.headers["content-type"].to_str().ok()), (429, Some("application/problem+json")));
        drop(own);
        let others: Vec<_> = (100..).map_while(|id| begin(UserId(id)).ok()).collect();
        let page = it.ask(Method::GET, path, &browser, "").await;
        assert!(page.status == 503 && page.text.contains("tantas como puede"), "{}", page.text);
        drop(others);
    }
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stranger_sends_wrong_is_no_failure_of_ours() {
    let mut it = Installation::new(Engine::Sqlite).await;
    it.router = vigia_web::site::site(&it.app, Arc::new(NoFiles), AssetNames::default);
    it.user("ana@example.org", Role::Admin).await;
    let cookie = it.cookie("ana@example.org").await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (body, status) in
        [(Body::from("email=a"), 422), (Body::from(&b"email=\xff"[..]), 422), (Body::from("x".repeat(2 * 1024 * 1024)), 413)]
    {
        let answer = it.ask(Method::POST, "/ui/sign-in", &[form], body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.text.contains(&format!("\"status\":{status}")), "{}", answer.text);
    }
    let answer = it.ask(Method::GET, "/ui/devices?show=zzz", &[("cookie", &cookie)], "").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (422, r#"{"status":422,"field":null}"#));
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_without_a_script_comes_back_with_what_was_typed_also_when_its_session_has_ended() {
    let mut it = Installation::new(Engine::Sqlite).await;
    it.router = vigia_web::site::site(&it.app, Arc::new(NoFiles), AssetNames::default);
    it.user("ana@example.org", Role::Admin).await;
    let (cookie, form) = (it.cookie("ana@example.org").await, ("content-type", "application/x-www-form-urlencoded"));
    let page = ("referer", "http://vigia.example/settings?__path=%2Fui%2Fprofile&__err=x");
    let body = "name=Ana+%3Cb%3E&lang=en&theme=dark&password=correct+horse";
    let typed = "name=Ana+%3Cb%3E&lang=en&theme=dark";
    for (who, body, begins) in [
        ("", body, "typed-profile=!/ui/profile?name=Ana"),
        (cookie.as_str(), "name=++&lang=en&theme=dark", "typed-profile=/ui/profile?name=++"),
    ] {
        let browser = [form, page, ("accept", "text/html"), ("cookie", who)];
        let answer = it.ask(Method::POST, "/ui/profile", &browser, body).await;
        assert!(answer.status.is_redirection(), "{}", answer.status);
        let way = answer.headers["location"].to_str().expect("text");
        assert_eq!((way.matches("__err=").count(), way.contains("/settings?"), way.contains("Ana")), (1, true, false), "{way}");
        let set = answer.headers["set-cookie"].to_str().expect("text");
        assert!(set.starts_with(begins) && set.contains("HttpOnly") && !set.contains("horse"), "{set}");
    }
    let script = it.ask(Method::POST, "/ui/profile", &[form, page, ("accept", "application/json")], body).await;
    assert_eq!((script.status.as_u16(), script.headers.contains_key("set-cookie")), (401, false));
    // In again, the page says that it was not sent, and has it.
    let both = format!("{cookie}; typed-profile=!/ui/profile?{typed}");
    let page = it.ask(Method::GET, "/settings", &[("cookie", &both), ("accept-language", "en")], "").await.text;
    assert!(page.contains("value=\"Ana &lt;b&gt;\"") && page.contains("this was not sent"), "{page}");
    let page = it.ask(Method::GET, "/settings", &[("cookie", &cookie)], "").await.text;
    assert!(!page.contains("Ana &lt;b&gt;"), "{page}");
    it.close().await;
}

async fn walk(engine: Engine) {
    let mut it = Installation::new(engine).await;
    it.router = vigia_web::site::site(&it.app, Arc::new(NoFiles), AssetNames::default);
    let credentials = credentials(&it).await;
    let admin = it.key("before", &[Scope::Admin]).await;
    let given = it.post("/api/v1/devices/m1/commands", &admin, r#"{"id": "c1", "name": "switch.set"}"#).await;
    assert_eq!(given.status, 202, "{}", given.text);
    it.sql("vigia.db", "INSERT INTO provisioning_keys (name, key_hash, created_ms) VALUES ('batch', '', 0)").await;
    let address = vigia_backend::http::serve(&it.app, it.router.clone()).await.expect("it listens");
    let mut wrong = Vec::new();
    for route in table().into_iter().filter(|route| route.path != RELOAD.1) {
        for ((who, (header, value)), expected) in WHO.iter().zip(&credentials).zip(expected(route.right)) {
            let mut path = format!("{}{}", route.path.replace("{id}", "m1").replace("{command}", "c1"), route.example.query);
            if path.contains("{unclaimed}") {
                // A device can be claimed once.
                path = path.replace("{unclaimed}", &one_that_waits(&it).await);
            }
            if ["/api/v1/auth/magic-link", "/api/v1/auth/forgot-password", "/ui/ask-link", "/ui/forgot"].contains(&route.path) {
                // A link for the same account again and again: only so many in ten minutes.
                it.world.advance(10 * 60_000);
            }
            let (status, body_read) = if ENDLESS.contains(&route.path) {
                (it.status(&path, header, &session_of(&it, header, value).await).await, false)
            } else if route.example.success == 101 {
                (handshake(address, &path, header, &session_of(&it, header, value).await).await, false)
            } else {
                ask(&it, &route, &path, header, value).await
            };
            let wanted = if expected == 200 { success(&route) } else { expected };
            if status != wanted {
                wrong.push(format!("{} {path} as {who}: {status}, not {wanted}", route.method));
            }
            // Whose it is stands in the body there.
            let in_body = matches!(route.right, Right::NeedsSome(_)) && expected == 404;
            if body_read && expected != 200 && !in_body {
                wrong.push(format!("{} {path} as {who}: the body was read before the refusal", route.method));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    it.close().await;
}

/// The id of a new device that waits to be claimed.
async fn one_that_waits(it: &Installation) -> String {
    let number = it.numbers("vigia.db", "SELECT COALESCE(MAX(id), 0) + 1 FROM unclaimed").await[0];
    let columns = "device_id, key_id, password_hash, created_ms, seen_ms";
    let now = support::NOW;
    let sql = format!("INSERT INTO unclaimed ({columns}) SELECT 'u{number}', id, '', {now}, {now} FROM provisioning_keys");
    it.sql("vigia.db", &sql).await;
    format!("u{number}")
}

fn success(route: &Route) -> u16 {
    // Without a broker the installation of this test is alive and not ready.
    if route.path == "/readyz" { 503 } else { route.example.success }
}

/// Headers that say who asks; of a person the address, because each of their requests gets a session of its own.
async fn credentials(it: &Installation) -> Vec<(&'static str, String)> {
    for (email, role) in [
        ("ana@example.org", Role::Admin),
        ("sam@example.org", Role::Staff),
        ("own@example.org", Role::Customer),
        ("eva@example.org", Role::Customer),
        ("gone@example.org", Role::Admin),
    ] {
        it.user(email, role).await;
    }
    let revoked = it.key("revoked", &[Scope::Admin]).await;
    it.sql("vigia.db", "UPDATE api_keys SET revoked_ms = 1 WHERE name = 'revoked'").await;
    // Their sessions begin all the same, so that it is the account that is refused and not a session that never was.
    it.sql("vigia.db", "UPDATE users SET disabled_ms = 1 WHERE email = 'gone@example.org'").await;
    let bearer = |token: String| ("authorization", format!("Bearer {token}"));
    let (_, own) = it.device("m1", Some("own@example.org")).await;
    let (_, other) = it.device("m2", Some("eva@example.org")).await;
    vec![
        ("x-nothing", "1".to_owned()),
        bearer("vgd_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned()),
        ("cookie", "own@example.org".to_owned()),
        ("cookie", "eva@example.org".to_owned()),
        ("cookie", "sam@example.org".to_owned()),
        ("cookie", "ana@example.org".to_owned()),
        bearer(own),
        bearer(other),
        ("x-api-key", it.key("reads", &[Scope::TelemetryRead]).await),
        ("x-api-key", it.key("writes", &[Scope::TelemetryWrite]).await),
        ("x-api-key", it.key("metrics", &[Scope::MetricsRead]).await),
        ("x-api-key", it.key("steers", &[Scope::DevicesControl]).await),
        ("x-api-key", it.key("everything", &[Scope::Admin]).await),
        ("x-api-key", revoked),
        ("cookie", "gone@example.org".to_owned()),
    ]
}

/// Signing in and out ends the session that it is asked in, so no two requests share one.
async fn session_of(it: &Installation, header: &str, value: &str) -> String {
    if header == "cookie" { it.cookie(value).await } else { value.to_owned() }
}

/// The status, and whether the body was touched.
async fn ask(it: &Installation, route: &Route, path: &str, header: &str, value: &str) -> (u16, bool) {
    let value = session_of(it, header, value).await;
    let touched = Arc::new(AtomicBool::new(false));
    let (kind, body) = match (&route.method, route.example.body) {
        (&Method::POST | &Method::PUT, Some((kind, text))) => {
            let seen = Arc::clone(&touched);
            let bytes = Bytes::from_static(text.as_bytes());
            let stream = stream::once(async move {
                seen.store(true, Ordering::SeqCst);
                Ok::<_, Infallible>(bytes)
            });
            (kind, Body::from_stream(stream))
        }
        _ => ("text/plain", Body::empty()),
    };
    let answer = it.ask(route.method.clone(), path, &[(header, &value), ("content-type", kind)], body).await;
    (answer.status.as_u16(), touched.load(Ordering::SeqCst))
}

async fn handshake(address: std::net::SocketAddr, path: &str, header: &'static str, value: &str) -> u16 {
    let mut request = format!("ws://{address}{path}").into_client_request().expect("a request");
    request.headers_mut().insert(header, value.parse().expect("a header"));
    match tokio_tungstenite::connect_async(request).await {
        Ok((_, response)) => response.status().as_u16(),
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
    }
}
