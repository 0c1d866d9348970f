//! What pages and their calls tell, and to whom.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{Method, Request};
use vigia_backend::auth::token::hash;
use vigia_backend::db::devices::{self, Device};
use vigia_backend::db::users;
use vigia_backend::http::access::PathDevice;
use vigia_backend::http::assets::AssetNames;
use vigia_backend::mqtt::Gate as _;
use vigia_domain::ids::{DeviceId, UserId};
use vigia_domain::rights::{Principal, Scope};
use vigia_domain::user::Role;
use vigia_web::face::Face;

use crate::NoFiles;
use crate::support::{Engine, Installation};

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
    let begin = |id| it.app.exports().begin(&Principal::user(id, Role::Admin));
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passkeys_are_offered_where_a_browser_keeps_them_and_to_nobody_else() {
    for (public_url, origin) in [("https://vigia.example", Some("https://vigia.example")), ("http://192.168.1.5:3000", None)] {
        let setting = ("VIGIA_HTTP__PUBLIC_URL".to_owned(), public_url.to_owned());
        let mut it = Installation::with(Engine::Sqlite, [setting]).await;
        it.router = vigia_web::site::site(&it.app, Arc::new(NoFiles), AssetNames::default);
        it.user("ana@example.org", Role::Admin).await;
        let cookie = it.cookie("ana@example.org").await;
        // Whatever a request says that we are called.
        let host = ("host", "evil.example");
        for (path, who, asks) in [("/sign-in", "", "/ui/passkey-ask"), ("/settings", cookie.as_str(), "/ui/passkey-new")] {
            let page = it.ask(Method::GET, path, &[("cookie", who), host], "").await.text;
            assert_eq!(page.contains(&format!("data-passkey=\"{asks}\"")), origin.is_some(), "{path}: {page}");
            assert_eq!(page.contains("src=\"/passkey.js\""), origin.is_some(), "{path}: {page}");
            assert_eq!(page.contains("dataset.passkeys"), origin.is_some(), "{path}: {page}");
            assert!(origin.is_none_or(|origin| page.contains(&format!("location.origin===\"{origin}\""))), "{path}: {page}");
        }
        let asked = it.ask(Method::POST, "/ui/passkey-ask", &[("content-type", "application/x-www-form-urlencoded"), host], "").await;
        assert_eq!(asked.status, if origin.is_some() { 200 } else { 404 }, "{}", asked.text);
        assert_eq!(asked.text.contains("\\\"rpId\\\":\\\"vigia.example\\\""), origin.is_some(), "{}", asked.text);
        it.close().await;
    }
}
