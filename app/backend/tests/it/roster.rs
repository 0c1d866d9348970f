//! Who is registered, kept in memory by two processes on one database: what one changes, the other shows.

use sqlx::Connection as _;
use vigia_backend::db::users;
use vigia_backend::fleet::{self, PageFilter};
use vigia_domain::ids::KeyId;
use vigia_domain::rights::{Principal, Scope};
use vigia_domain::user::Role;

use crate::support::{Engine, Installation, both};

/// So long a change of another process may take at most until a list shows it.
const PROMISED_MS: i64 = 2_000;
const NOTE: &str = "INSERT INTO audit (at_ms, actor, action, target, detail) VALUES (0, 'test', 'device.changed', 'm', '{}')";

/// Ids and names of what somebody sees in the list.
async fn seen(it: &Installation, who: &Principal) -> Vec<(String, String)> {
    let page = fleet::page(&it.app, who, &PageFilter::default()).await.expect("asked");
    let mut seen: Vec<_> = page.rows.into_iter().map(|row| (row.id, row.name)).collect();
    seen.sort();
    seen
}

async fn all(it: &Installation) -> Vec<(String, String)> {
    seen(it, &Principal::ApiKey { id: KeyId(1), scopes: vec![Scope::TelemetryRead], owner: None }).await
}

fn named(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect()
}

/// As whoever changes the registry does it: with its row in the audit log.
async fn change(it: &Installation, sql: &str) {
    it.sql("vigia.db", sql).await;
    it.sql("vigia.db", NOTE).await;
}

async fn of(it: &Installation, email: &str) -> Principal {
    let user = users::by_email(it.app.registry(), email).await.expect("asked").expect("there");
    Principal::user(user.id, user.role)
}

both! {
    async fn what_one_process_changes_is_right_in_the_list_of_the_other(it: Installation) {
        let mut other = it.again().await;
        it.user("ana@example.org", Role::Customer).await;
        it.user("eva@example.org", Role::Customer).await;
        for id in ["m1", "m2", "m3"] {
            it.device(id, Some("ana@example.org")).await;
        }
        let (ana, eva) = (of(it, "ana@example.org").await, of(it, "eva@example.org").await);
        assert_eq!((all(&other).await.len(), seen(&other, &ana).await.len(), seen(&other, &eva).await), (3, 3, vec![]));

        change(it, "UPDATE devices SET name = 'Pozo' WHERE device_id = 'm1'").await;
        assert_eq!(all(&other).await, named(&[("m1", "Pozo"), ("m2", "m2"), ("m3", "m3")]), "renamed");
        change(it, "DELETE FROM devices WHERE device_id = 'm2'").await;
        assert_eq!(all(&other).await, named(&[("m1", "Pozo"), ("m3", "m3")]), "deleted");
        change(it, "UPDATE devices SET owner_id = (SELECT id FROM users WHERE email = 'eva@example.org') WHERE device_id = 'm3'").await;
        assert_eq!((seen(&other, &ana).await, seen(&other, &eva).await), (named(&[("m1", "Pozo")]), named(&[("m3", "m3")])), "given to another");
        // And the other way round.
        change(&other, "UPDATE devices SET name = 'Tinaco' WHERE device_id = 'm3'").await;
        assert_eq!(all(it).await, named(&[("m1", "Pozo"), ("m3", "Tinaco")]));
        other.close().await;
    }

    async fn whatever_is_in_flight_both_lists_are_right_when_the_promised_time_is_over(it: Installation) {
        let mut other = it.again().await;
        let write = async |it: &Installation, whose: &str| {
            for n in 0..15 {
                it.device(&format!("{whose}{n}"), None).await;
                change(it, &format!("UPDATE devices SET name = '{whose} {n}' WHERE device_id = '{whose}{n}'")).await;
                if n % 3 == 0 {
                    change(it, &format!("DELETE FROM devices WHERE device_id = '{whose}{n}'")).await;
                }
            }
        };
        let read = async |it: &Installation| {
            for _ in 0..60 {
                all(it).await;
            }
        };
        tokio::join!(write(it, "a"), write(&other, "b"), read(it), read(&other));
        it.world.advance(PROMISED_MS + 1);
        let left = |whose: &'static str| (0..15).filter(|n| n % 3 != 0).map(move |n| (format!("{whose}{n}"), format!("{whose} {n}")));
        let mut right: Vec<_> = left("a").chain(left("b")).collect();
        right.sort();
        assert_eq!((all(it).await, all(&other).await), (right.clone(), right));
        other.close().await;
    }
}

/// Only PostgreSQL has several who write at once: SQLite lets one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_comes_to_light_after_a_later_one_is_shown_within_the_promised_time() {
    let mut it = Installation::new(Engine::Postgres).await;
    let mut other = it.again().await;
    it.device("m1", None).await;
    assert_eq!(all(&other).await.len(), 1);
    it.world.advance(PROMISED_MS + 1);
    all(&other).await;

    let mut slow = it.postgres().await;
    let mut tx = slow.begin().await.expect("begun");
    sqlx::query("UPDATE devices SET name = 'Pozo' WHERE device_id = 'm1'").execute(&mut *tx).await.expect("done");
    sqlx::query(NOTE).execute(&mut *tx).await.expect("numbered before");
    it.device("m2", None).await;
    assert_eq!(all(&other).await, named(&[("m1", "m1"), ("m2", "m2")]), "numbered after, and there before");
    tx.commit().await.expect("committed");
    it.world.advance(PROMISED_MS + 1);
    assert_eq!(all(&other).await, named(&[("m1", "Pozo"), ("m2", "m2")]));
    other.close().await;
    it.close().await;
}
