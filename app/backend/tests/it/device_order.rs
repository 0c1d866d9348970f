//! The panel's list in every order: sorted, page by page while devices come, and with the last hour of what it shows.

use bytes::Bytes;
use vigia_backend::db::devices;
use vigia_backend::fleet::{self, PageFilter};
use vigia_backend::mqtt::Gate as _;
use vigia_domain::device::{DeviceKind, DevicePage};
use vigia_domain::ids::{DeviceId, KeyId};
use vigia_domain::rights::{Principal, Scope};
use vigia_domain::sort::Sort;
use vigia_domain::user::Role;

use crate::support::{BY, Installation, both};

const STAFF: fn() -> Principal = || Principal::ApiKey { id: KeyId(1), scopes: vec![Scope::TelemetryRead], owner: None };

async fn named(it: &Installation, id: &str, name: &str, kind: DeviceKind) {
    let id = DeviceId::new(id).expect("an id");
    let row = devices::NewDevice { id: &id, kind, name, owner: None, token_hash: id.as_str() };
    devices::insert(it.app.registry(), &row, BY).await.expect("inserted");
}

async fn says(it: &Installation, id: &str, payload: &str) {
    let device = devices::by_id(it.app.registry(), &DeviceId::new(id).expect("an id")).await.expect("asked").expect("there");
    let device = vigia_backend::mqtt::DeviceIdentity { id: device.id, number: device.number };
    it.gate().accept(&device, &format!("vigia/{id}/telemetry"), Bytes::copy_from_slice(payload.as_bytes()), 1).await.expect("taken");
}

async fn page(it: &Installation, who: &Principal, sort: &str, from: &str) -> DevicePage {
    let filter = PageFilter { sort: Sort::of_word(sort), from: from.parse().ok(), ..PageFilter::default() };
    fleet::page(&it.app, who, &filter).await.expect("asked")
}

fn ids(page: &DevicePage) -> Vec<&str> {
    page.rows.iter().map(|row| row.id.as_str()).collect()
}

both! {
    async fn every_order_has_its_two_directions_and_the_unknown_at_the_end(it: Installation) {
        for (id, name, kind) in [("a", "Ñandú", DeviceKind::Other), ("b", "árbol", DeviceKind::Switch), ("c", "Bomba", DeviceKind::EnergyMeter), ("d", "zorro", DeviceKind::Switch)] {
            named(it, id, name, kind).await;
        }
        says(it, "b", "{\"power_w\": -5}").await;
        it.world.advance(1_000);
        says(it, "c", "{\"power_w\": 9000}").await;
        it.world.advance(1_000);
        says(it, "d", "{\"power_w\": 0}").await;
        for (sort, wanted) in [
            ("", "dcba"), ("-new", "abcd"), ("name", "bcad"), ("-name", "dacb"), ("value", "bdca"), ("-value", "cdba"),
            ("seen", "bcda"), ("-seen", "dcba"), ("kind", "cdba"), ("-kind", "adbc"), ("state", "dcba"), ("-state", "adcb"),
        ] {
            assert_eq!(ids(&page(it, &STAFF(), sort, "").await).concat(), wanted, "{sort}");
        }
        let filter = PageFilter { kind: Some(DeviceKind::Switch), sort: Sort::of_word("name"), ..PageFilter::default() };
        let switches = fleet::page(&it.app, &STAFF(), &filter).await.expect("asked");
        assert_eq!((ids(&switches), switches.found, switches.counts.all, switches.counts.online), (vec!["b", "d"], 2, 4, 2));
        assert_eq!(switches.kinds, [DeviceKind::EnergyMeter, DeviceKind::Switch, DeviceKind::Other], "what there is to choose from");
        let chosen = fleet::all(&it.app, &STAFF(), &filter, &["d".to_owned(), "a".to_owned()]).await.expect("asked");
        assert_eq!(chosen.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["d"], "what the filter leaves out is not chosen");
    }

    async fn devices_are_put_in_order_by_their_owners_and_whose_nobodys_are_last(it: Installation) {
        for id in ["a", "b"] {
            named(it, id, id, DeviceKind::Switch).await;
        }
        for (owner, devices) in [("zoe@example.org", ["z1", "z2"]), ("ana@example.org", ["a1", "a2"])] {
            it.user(owner, Role::Customer).await;
            for id in devices {
                it.device(id, Some(owner)).await;
            }
        }
        for (sort, wanted) in [("owner", ["a2", "a1", "z2", "z1", "b", "a"]), ("-owner", ["z2", "z1", "a2", "a1", "b", "a"])] {
            assert_eq!(ids(&page(it, &STAFF(), sort, "").await), wanted, "{sort}: who belongs to nobody is at the end");
        }
        // A page begins after an owner, whoever comes in before.
        for n in 0..120 {
            it.device(&format!("m{n}"), Some("zoe@example.org")).await;
        }
        let first = page(it, &STAFF(), "owner", "").await;
        it.user("eva@example.org", Role::Customer).await;
        it.device("e1", Some("eva@example.org")).await;
        let second = page(it, &STAFF(), "owner", &first.next.clone().expect("more")).await;
        let all: Vec<_> = ids(&first).into_iter().chain(ids(&second)).collect();
        assert_eq!((all.len(), all.contains(&"e1"), second.next.is_none()), (126, false, true));
        assert_eq!(all[124..], ["b", "a"]);
    }

    async fn a_page_begins_where_the_last_one_ended_while_devices_come(it: Installation) {
        for n in 0..230 {
            named(it, &format!("m{n}"), &format!("Casa {:03}", n * 2), DeviceKind::Switch).await;
        }
        for n in 0..20 {
            says(it, &format!("m{n}"), &format!("{{\"power_w\": {n}}}")).await;
        }
        for sort in ["", "-new", "name", "-name", "state", "-state", "value", "-value", "seen", "-seen", "kind", "-kind", "owner", "-owner"] {
            let (mut from, mut seen, mut pages) = (String::new(), Vec::new(), 0);
            loop {
                let page = page(it, &STAFF(), sort, &from).await;
                seen.extend(ids(&page).into_iter().filter(|id| id.starts_with('m')).map(str::to_owned));
                // One more comes, in front of what was shown already, in its midst and behind it.
                pages += 1;
                for name in ["Aaa", "Casa 001", "Zzz"] {
                    let id = format!("new{}-{pages}-{}", sort.replace('-', "d"), name.replace(' ', ""));
                    named(it, &id, name, DeviceKind::Other).await;
                }
                let Some(next) = page.next else { break };
                from = next;
            }
            let shown = seen.len();
            seen.sort();
            seen.dedup();
            assert_eq!((shown, seen.len()), (230, 230), "{sort:?}: each once");
        }
        let first = page(it, &STAFF(), "name", "").await;
        let second = page(it, &STAFF(), "name", &first.next.expect("more")).await;
        assert_eq!(second.previous.as_deref(), Some(""));
        let third = page(it, &STAFF(), "name", &second.next.clone().expect("more")).await;
        let back = page(it, &STAFF(), "name", &third.previous.expect("back")).await;
        assert_eq!(back.rows, second.rows);
    }

    async fn who_comes_back_to_a_page_that_is_no_more_sees_the_last_one_there_is(it: Installation) {
        for n in 0..130 {
            let kind = if n < 10 { DeviceKind::Other } else { DeviceKind::Switch };
            named(it, &format!("m{n}"), &format!("Casa {n:03}"), kind).await;
        }
        let second = page(it, &STAFF(), "name", "").await.next.expect("more");
        let wanted = PageFilter { sort: Sort::of_word("name"), from: second.parse().ok(), ..PageFilter::default() };
        let few = PageFilter { kind: Some(DeviceKind::Other), ..wanted.clone() };
        let few = fleet::page(&it.app, &STAFF(), &few).await.expect("asked");
        assert_eq!((few.rows.len(), few.before, few.found, few.previous, few.next), (10, 0, 10, None, None));
        let none = fleet::page(&it.app, &STAFF(), &PageFilter { text: "nobody", ..wanted }).await.expect("asked");
        assert_eq!((none.rows.len(), none.before, none.found), (0, 0, 0));
        // Devices went, and the last page has gone with them.
        it.sql("vigia.db", "DELETE FROM devices WHERE name > 'Casa 049'").await;
        named(it, "new", "Aaa", DeviceKind::Other).await;
        let behind = page(it, &STAFF(), "name", &second).await;
        assert_eq!((behind.rows.len(), behind.before, behind.found), (51, 0, 51));
    }

    async fn home_asks_for_what_it_shows_and_counts_the_rest(it: Installation) {
        for n in 0..5 {
            named(it, &format!("m{n}"), "", DeviceKind::Switch).await;
        }
        says(it, "m4", "{\"aaa\": 1, \"power_w\": 7}").await;
        let few = fleet::few(&it.app, &STAFF(), 2).await.expect("asked");
        assert_eq!((ids(&few), few.counts.all, few.hours.len()), (vec!["m4", "m3"], 5, 0));
        assert_eq!(few.rows[0].headline.as_ref().map(|latest| latest.metric.as_str()), Some("power_w"));
        assert_eq!(fleet::few(&it.app, &Principal::Nobody, 2).await.expect("asked").counts.all, 0);
    }

    async fn a_customer_sees_their_own_alone_in_any_order_and_export(it: Installation) {
        it.user("lucia@example.org", Role::Customer).await;
        it.device("hers", Some("lucia@example.org")).await;
        named(it, "others", "Otra", DeviceKind::Switch).await;
        let lucia = vigia_backend::db::users::by_email(it.app.registry(), "lucia@example.org").await.expect("asked").expect("there");
        let lucia = Principal::user(lucia.id, lucia.role);
        for sort in ["", "name", "-value", "seen", "state", "kind", "owner"] {
            let page = page(it, &lucia, sort, "").await;
            assert_eq!((ids(&page), page.counts.all, page.found), (vec!["hers"], 1, 1), "{sort}");
            assert_eq!((page.kinds, page.owners), (vec![DeviceKind::EnergyMeter], vec![]), "nor what others have, nor who they are");
        }
        let asked = ["hers".to_owned(), "others".to_owned()];
        for ids in [&asked[..], &[]] {
            let rows = fleet::all(&it.app, &lucia, &PageFilter::default(), ids).await.expect("asked");
            assert_eq!(rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["hers"]);
        }
        assert_eq!(page(it, &STAFF(), "", "").await.owners, ["lucia@example.org"]);
        let of_lucia = PageFilter { owner: "lucia@example.org", ..PageFilter::default() };
        assert_eq!(ids(&fleet::page(&it.app, &STAFF(), &of_lucia).await.expect("asked")), ["hers"]);
        assert!(fleet::all(&it.app, &Principal::Nobody, &PageFilter::default(), &asked).await.expect("asked").is_empty());
    }

    async fn the_last_hour_is_drawn_and_is_there_again_after_a_restart(it: Installation) {
        named(it, "m1", "Pozo", DeviceKind::EnergyMeter).await;
        let hour = async |it: &Installation| page(it, &STAFF(), "", "").await.hours[0].clone();
        assert_eq!(hour(it).await, None, "nothing came");
        says(it, "m1", "{\"voltage_v\": 127, \"power_w\": 100}").await;
        let first = hour(it).await.expect("drawn");
        assert_eq!(first.range(), Some((100.0, 100.0)));
        it.world.advance(3 * 60_000);
        says(it, "m1", "{\"power_w\": 300}").await;
        says(it, "m1", "{\"power_w\": 500}").await;
        let path = hour(it).await.expect("drawn").path();
        assert_eq!(hour(it).await.expect("drawn").range(), Some((100.0, 400.0)), "the mean of the minute");
        assert_eq!(path.matches('M').count(), 2, "a silence is a gap: {path}");
        it.restart().await;
        assert_eq!(hour(it).await.expect("from the log").path(), path);
        it.app.store().compact().await.expect("sealed");
        it.restart().await;
        assert_eq!(hour(it).await.expect("from the chunks").path(), path);
        it.world.advance(70 * 60_000);
        assert_eq!(hour(it).await, None, "what is older than an hour is not drawn");
    }
}
