//! The lists of devices: the interface's by cursor, and the panel's by text, state and page.

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use vigia_backend::db::{devices, users};
use vigia_backend::fleet::{self, PAGE_ROWS, PageFilter, StateFilter};
use vigia_backend::mqtt::Gate as _;
use vigia_domain::device::{DeviceCounts, DeviceKind, DevicePage};
use vigia_domain::ids::{DeviceId, KeyId};
use vigia_domain::rights::{Principal, Scope};
use vigia_domain::user::Role;

use crate::support::{BY, Installation, both};

const ALL_SEEING: fn() -> Principal = || Principal::ApiKey { id: KeyId(1), scopes: vec![Scope::TelemetryRead], owner: None };

async fn named(it: &Installation, id: &str, name: &str) {
    let id = DeviceId::new(id).expect("an id");
    let row = devices::NewDevice { id: &id, kind: DeviceKind::Switch, name, owner: None, token_hash: id.as_str() };
    devices::insert(it.app.registry(), &row, BY).await.expect("inserted");
}

async fn page(it: &Installation, principal: &Principal, text: &str, state: StateFilter, from: &str) -> DevicePage {
    fleet::page(&it.app, principal, &PageFilter { text, state, from: from.parse().ok(), ..PageFilter::default() }).await.expect("asked")
}

fn ids(page: &DevicePage) -> Vec<&str> {
    page.rows.iter().map(|row| row.id.as_str()).collect()
}

both! {
    async fn the_interface_pages_by_an_opaque_cursor_and_names_what_is_wrong(it: Installation) {
        let key = it.key("script", &[Scope::TelemetryRead]).await;
        for n in 0..3 {
            named(it, &format!("m{n}"), "").await;
        }
        let first = it.get("/api/v1/devices?limit=2", &key).await;
        let link = first.headers["link"].to_str().expect("text");
        let cursor = link.strip_prefix("</api/v1/devices?limit=2&cursor=").and_then(|rest| rest.strip_suffix(">; rel=\"next\"")).expect("one next page");
        assert!(cursor.parse::<i64>().is_err(), "{cursor} tells nothing of our numbers");
        let last = it.get(&format!("/api/v1/devices?limit=2&cursor={cursor}"), &key).await;
        assert_eq!(last.json()[0]["id"], "m0");
        assert!(last.headers.get("link").is_none(), "there is no further page");
        assert_eq!(last.json()[0]["seen_at"], serde_json::Value::Null);
        for (query, field) in [("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("limit=", "limit"), ("limit=1&limit=2", "limit"), ("cursor=1", "cursor"), ("cursor=", "cursor"), ("cursor=%00", "cursor")] {
            let wrong = it.get(&format!("/api/v1/devices?{query}"), &key).await;
            assert_eq!((wrong.status, wrong.json()["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some(field)), "{query}");
        }
        assert_eq!(it.get("/api/v1/devices?limit=1000", &key).await.status, StatusCode::OK);
        let document = it.ask(Method::GET, "/api/v1/openapi.json", &[], "").await.json();
        let answer = &document["paths"]["/api/v1/devices"]["get"]["responses"]["200"];
        assert!(answer["description"].as_str().is_some_and(|text| text.contains("rel=\"next\"")), "{answer}");
        assert_eq!(document["components"]["schemas"]["DeviceRow"]["properties"]["seen_at"]["format"], "date-time");
    }

    async fn the_panel_pages_through_more_than_five_hundred_devices_and_counts_them_all(it: Installation) {
        let total = 5 * PAGE_ROWS + 7;
        for n in 0..total {
            named(it, &format!("m{n}"), "").await;
        }
        let (mut from, mut seen, mut pages) = (String::new(), Vec::new(), Vec::new());
        loop {
            let page = page(it, &ALL_SEEING(), "", StateFilter::All, &from).await;
            assert_eq!((page.found, page.before, page.counts.all), (total as u64, seen.len() as u64, total as u64));
            seen.extend(ids(&page).into_iter().map(str::to_owned));
            pages.push((from, page.previous));
            let Some(next) = page.next else { break };
            from = next;
        }
        let wanted: Vec<_> = (0..total).rev().map(|n| format!("m{n}")).collect();
        assert_eq!(seen, wanted, "newest first, each once");
        assert_eq!(pages.len(), 6);
        assert_eq!(pages[0].1, None);
        for pair in pages.windows(2) {
            assert_eq!(pair[1].1.as_ref(), Some(&pair[0].0), "back leads where one came from");
        }
        assert_eq!(ids(&page(it, &ALL_SEEING(), "", StateFilter::All, "nonsense").await)[0], wanted[0], "a broken cursor begins anew");
    }

    async fn a_device_is_found_by_words_of_its_name_id_or_owner(it: Installation) {
        it.user("lucia@example.org", Role::Customer).await;
        named(it, "p1", "Bomba del Pozo Ñandú").await;
        named(it, "p2", "100 % <b>Jardín</b>").await;
        it.device("vg-7f3a", Some("lucia@example.org")).await;
        for (text, found) in [("ñandu pozo", vec!["p1"]), ("JARDIN", vec!["p2"]), ("100 %", vec!["p2"]), ("%", vec!["p2"]), ("7F3", vec!["vg-7f3a"]), ("lucia@", vec!["vg-7f3a"]), ("'; --", vec![]), ("", vec!["vg-7f3a", "p2", "p1"])] {
            let page = page(it, &ALL_SEEING(), text, StateFilter::All, "").await;
            assert_eq!((ids(&page), page.found, page.counts.all), (found.clone(), found.len() as u64, 3), "{text}");
        }
        let lucia = users::by_email(it.app.registry(), "lucia@example.org").await.expect("asked").expect("there");
        let lucia = Principal::user(lucia.id, lucia.role);
        let own = page(it, &lucia, "", StateFilter::All, "").await;
        assert_eq!((ids(&own), own.counts.all), (vec!["vg-7f3a"], 1), "a customer hears nothing of others, not even their number");
        assert_eq!(page(it, &Principal::Nobody, "", StateFilter::All, "").await, DevicePage::default());
    }

    async fn a_state_is_asked_of_the_server_with_counts_of_all(it: Installation) {
        let (one, _) = it.device("one", None).await;
        let (two, _) = it.device("two", None).await;
        it.device("three", None).await;
        for device in [&one, &two] {
            it.gate().accept(device, &format!("vigia/{}/telemetry", device.id), Bytes::from_static(b"{\"power_w\":1}"), 1).await.expect("taken");
        }
        it.gate().accept(&two, "vigia/two/status", Bytes::from_static(b"{\"online\":false}"), 1).await.expect("taken");
        let counts = DeviceCounts { all: 3, online: 1, offline: 1, never: 1 };
        for (state, wanted) in [(StateFilter::All, vec!["three", "two", "one"]), (StateFilter::Online, vec!["one"]), (StateFilter::Offline, vec!["two"]), (StateFilter::Never, vec!["three"])] {
            let page = page(it, &ALL_SEEING(), "", state, "").await;
            assert_eq!((ids(&page), page.counts, page.found), (wanted.clone(), counts, wanted.len() as u64), "{state:?}");
        }
    }
}
