//! How long a browser stays signed in.

use axum::http::{Method, StatusCode};
use vigia_backend::auth::session::{IDLE_DAYS, LONGEST_DAYS};
use vigia_backend::db::users;
use vigia_domain::user::Role;

use crate::support::{BY, Installation, both};

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

async fn status(it: &Installation, cookie: &str) -> StatusCode {
    it.ask(Method::GET, "/api/v1/devices", &[("cookie", cookie)], "").await.status
}

both! {
    async fn who_comes_back_now_and_then_stays_in_and_who_does_not_is_out(it: Installation) {
        it.user("ana@example.org", Role::Staff).await;
        let (used, forgotten) = (it.cookie("ana@example.org").await, it.cookie("ana@example.org").await);
        for _ in 0..3 {
            it.world.advance((IDLE_DAYS - 1) * DAY_MS);
            assert_eq!(status(it, &used).await, StatusCode::OK, "its last use is not long ago");
        }
        assert_eq!(status(it, &forgotten).await, StatusCode::UNAUTHORIZED);
        it.app.sessions().tidy().await.expect("tidied");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM sessions").await, [1]);
    }

    async fn nobody_stays_in_for_ever(it: Installation) {
        it.user("ana@example.org", Role::Staff).await;
        let cookie = it.cookie("ana@example.org").await;
        for _ in 0..LONGEST_DAYS / 10 - 1 {
            it.world.advance(10 * DAY_MS);
            assert_eq!(status(it, &cookie).await, StatusCode::OK);
        }
        it.world.advance(10 * DAY_MS);
        assert_eq!(status(it, &cookie).await, StatusCode::UNAUTHORIZED);
    }

    async fn a_use_is_written_once_an_hour_and_not_with_every_request(it: Installation) {
        it.user("ana@example.org", Role::Staff).await;
        let cookie = it.cookie("ana@example.org").await;
        let used = "SELECT used_ms FROM sessions";
        let began = it.numbers("vigia.db", used).await;
        it.world.advance(HOUR_MS - 1);
        status(it, &cookie).await;
        assert_eq!(it.numbers("vigia.db", used).await, began);
        it.world.advance(1);
        status(it, &cookie).await;
        assert_eq!(it.numbers("vigia.db", used).await, [began[0] + HOUR_MS]);
    }

    async fn a_new_password_ends_every_session_of_its_user_and_of_nobody_else(it: Installation) {
        it.user("ana@example.org", Role::Staff).await;
        it.user("eva@example.org", Role::Staff).await;
        let (ana, eva) = (it.cookie("ana@example.org").await, it.cookie("eva@example.org").await);
        users::set_password(it.app.registry(), "Ana@example.org", "hash", BY).await.expect("set");
        assert_eq!((status(it, &ana).await, status(it, &eva).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
        assert!(users::set_password(it.app.registry(), "no@example.org", "hash", BY).await.is_err());
    }

    async fn a_database_that_is_away_is_no_missing_session(it: Installation) {
        it.user("ana@example.org", Role::Staff).await;
        let cookie = it.cookie("ana@example.org").await;
        it.app.databases().close().await;
        let answer = it.ask(Method::GET, "/api/v1/devices", &[("cookie", &cookie)], "").await;
        assert_eq!((answer.status, answer.headers["retry-after"].to_str().ok()), (StatusCode::SERVICE_UNAVAILABLE, Some("5")));
        assert!(!answer.headers.contains_key("set-cookie"), "the browser keeps its cookie");
    }
}

/// On SQLite one connection writes. Whoever only reads does not wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_read_while_the_database_is_being_written() {
    let mut it = Installation::new(crate::support::Engine::Sqlite).await;
    it.user("ana@example.org", Role::Staff).await;
    let cookie = it.cookie("ana@example.org").await;
    let vigia_backend::db::Db::Sqlite(pools) = it.app.registry().clone() else { panic!("it is SQLite") };
    let writing = pools.writing().await.expect("the one connection");
    let answered = tokio::time::timeout(std::time::Duration::from_secs(2), status(&it, &cookie)).await;
    assert_eq!(answered.expect("it does not wait"), StatusCode::OK);
    it.world.advance(HOUR_MS);
    let answered = tokio::time::timeout(std::time::Duration::from_secs(2), status(&it, &cookie)).await;
    assert_eq!(answered.expect("not even where its use should be noted"), StatusCode::OK);
    drop(writing);
    it.close().await;
}
