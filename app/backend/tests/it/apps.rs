//! Tokens of apps: as EcoWatt's and the Biogestor's documents show them, and what ends them.

use axum::http::Method;
use data_encoding::BASE64;
use serde_json::{Value, json};
use vigia_backend::auth::register;
use vigia_backend::db::users;
use vigia_domain::user::Role;

use crate::second_step::with_second_step;
use crate::support::{Installation, TEST, both};

const PASSWORD: &str = "correct horse battery";
const MINUTE_MS: i64 = 60_000;

async fn post(it: &Installation, path: &str, body: Value) -> (u16, Value) {
    let answer = it.ask(Method::POST, path, &[("content-type", "application/json")], body.to_string()).await;
    (answer.status.as_u16(), answer.json())
}

async fn me(it: &Installation, access: &str) -> (u16, Value) {
    let bearer = format!("Bearer {access}");
    let answer = it.ask(Method::GET, "/api/v1/users/me", &[("authorization", &bearer)], "").await;
    (answer.status.as_u16(), answer.json())
}

fn pair(told: &Value) -> (String, String) {
    let text = |name: &str| told[name].as_str().unwrap_or_else(|| panic!("no {name}: {told}")).to_owned();
    (text("access_token"), text("refresh_token"))
}

async fn login(it: &Installation) -> (String, String) {
    let (status, told) = post(it, "/api/v1/auth/login", json!({ "user_email": "ana@example.org", "user_password": PASSWORD })).await;
    assert_eq!(status, 200, "{told}");
    pair(&told)
}

async fn refresh(it: &Installation, token: &str) -> (u16, Value) {
    post(it, "/api/v1/auth/refresh", json!({ "refresh_token": token })).await
}

/// Who that is to the Biogestor's old route, by name and password alone.
async fn by_basic(it: &Installation, login: &str, password: &str) -> (u16, Value) {
    let basic = format!("Basic {}", BASE64.encode(format!("{login}:{password}").as_bytes()));
    let answer = it.ask(Method::GET, "/api/usuario/actual/", &[("authorization", &basic)], "").await;
    (answer.status.as_u16(), answer.json())
}

both! {
    async fn an_old_client_sends_name_and_password_with_each_request(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        let (status, told) = by_basic(it, "ana@example.org", PASSWORD).await;
        assert_eq!((status, &told["email"]), (200, &json!("ana@example.org")), "{told}");
        for (login, password) in [("ana@example.org", "wrong horse battery"), ("nobody@example.org", PASSWORD), ("", "")] {
            assert_eq!(by_basic(it, login, password).await.0, 401, "{login}");
        }
        // At the routes of today nobody sends a password with each request.
        let basic = format!("Basic {}", BASE64.encode(format!("ana@example.org:{PASSWORD}").as_bytes()));
        assert_eq!(it.ask(Method::GET, "/api/v1/users/me", &[("authorization", &basic)], "").await.status, 401);
        // Who has a second step does not come in without it, and guesses count as anywhere.
        with_second_step(it, "eva@example.org", Role::Customer).await;
        assert_eq!(by_basic(it, "eva@example.org", PASSWORD).await.0, 401);
        let mut last = 0;
        for n in 0..11 {
            last = by_basic(it, "ana@example.org", &format!("wrong horse battery {n}")).await.0;
        }
        assert_eq!(last, 429);
    }

    async fn an_app_signs_in_as_ecowatts_document_shows(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        let (status, told) = post(it, "/api/v1/auth/login", json!({ "user_email": "ana@example.org", "user_password": PASSWORD })).await;
        assert_eq!((status, &told["token_type"]), (200, &json!("Bearer")), "{told}");
        assert_eq!(told.as_object().expect("an object").len(), 3);
        let (access, _) = pair(&told);
        let (status, own) = me(it, &access).await;
        assert_eq!((status, &own["email"], &own["role"]), (200, &json!("ana@example.org"), &json!("customer")), "{own}");
        let bearer = format!("Bearer {access}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let changed = it.ask(Method::PATCH, "/api/v1/users/me", &headers, r#"{"name": "Ana", "lang": "en"}"#).await;
        assert_eq!((&changed.json()["name"], &changed.json()["lang"]), (&json!("Ana"), &json!("en")), "{}", changed.text);
        for (body, field) in [(r#"{"role": "admin"}"#, "role"), (r#"{"lang": "fr"}"#, "lang"), (r#"{"name": " "}"#, "name")] {
            let answer = it.ask(Method::PATCH, "/api/v1/users/me", &headers, body).await;
            assert_eq!((answer.status.as_u16(), answer.json()["field"].as_str()), (422, Some(field)), "{}", answer.text);
        }
        let wrong = post(it, "/api/v1/auth/login", json!({ "user_email": "ana@example.org", "user_password": "wrong horse!" })).await;
        let nobody = post(it, "/api/v1/auth/login", json!({ "user_email": "eva@example.org", "user_password": PASSWORD })).await;
        assert_eq!((wrong.0, nobody.0), (401, 401));
        assert_eq!(wrong.1["detail"], nobody.1["detail"]);
    }

    async fn an_access_token_lives_a_quarter_of_an_hour_and_nobody_forges_one(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        let (access, token) = login(it).await;
        it.world.advance(14 * MINUTE_MS);
        assert_eq!(me(it, &access).await.0, 200);
        it.world.advance(2 * MINUTE_MS);
        assert_eq!(me(it, &access).await.0, 401);
        let (access, _) = pair(&refresh(it, &token).await.1);
        assert_eq!(me(it, &access).await.0, 200);
        let parts: Vec<&str> = access.split('.').collect();
        let unsigned = format!("{}.{}.", data_encoding::BASE64URL_NOPAD.encode(br#"{"alg":"none","typ":"JWT"}"#), parts[1]);
        let claims = data_encoding::BASE64URL_NOPAD.decode(parts[1].as_bytes()).expect("base64");
        let other = String::from_utf8(claims).expect("text").replace("\"sub\":\"1\"", "\"sub\":\"2\"");
        let changed = format!("{}.{}.{}", parts[0], data_encoding::BASE64URL_NOPAD.encode(other.as_bytes()), parts[2]);
        for forged in [&*unsigned, &*changed, "a.b.c", "eyJ", &*format!("{}.{}.x", parts[0], parts[1])] {
            assert_eq!(me(it, forged).await.0, 401, "{forged}");
        }
    }

    async fn a_refresh_token_that_comes_twice_ends_the_session(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        let (first_access, first) = login(it).await;
        let (other_access, _) = login(it).await;
        let (status, told) = refresh(it, &first).await;
        assert_eq!(status, 200, "{told}");
        let (second_access, second) = pair(&told);
        assert_eq!(me(it, &second_access).await.0, 200);
        // The thief's turn, or the owner's after the thief's.
        assert_eq!(refresh(it, &first).await.0, 401);
        assert_eq!(refresh(it, &second).await.0, 401, "the next one is over, too");
        for access in [&first_access, &second_access] {
            assert_eq!(me(it, access).await.0, 401);
        }
        assert_eq!(me(it, &other_access).await.0, 200, "another app of hers goes on");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM audit WHERE action = 'session.reuse'").await, [1]);
    }

    async fn what_ends_an_apps_session_ends_its_tokens(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        let (access, token) = login(it).await;
        assert_eq!(post(it, "/api/v1/auth/logout", json!({ "refresh_token": token })).await.0, 200);
        assert_eq!((me(it, &access).await.0, refresh(it, &token).await.0), (401, 401), "signed out");
        let (access, token) = login(it).await;
        it.sql("vigia.db", "UPDATE users SET disabled_ms = 1").await;
        assert_eq!((me(it, &access).await.0, refresh(it, &token).await.0), (401, 401), "shut out");
        it.sql("vigia.db", "UPDATE users SET disabled_ms = NULL").await;
        let (access, token) = login(it).await;
        users::set_password(it.app.registry(), "ana@example.org", "none", crate::support::BY).await.expect("changed");
        assert_eq!((me(it, &access).await.0, refresh(it, &token).await.0), (401, 401), "another password");
    }

    async fn keys_that_sign_change_and_what_they_signed_stays_good(it: Installation) {
        it.user("ana@example.org", Role::Customer).await;
        let (_, token) = login(it).await;
        let kid = |access: &str| access.split('.').next().map(str::to_owned);
        it.world.advance(13 * 24 * 60 * MINUTE_MS);
        let (before, token) = pair(&refresh(it, &token).await.1);
        let mut last = (before.clone(), token);
        it.restart().await;
        assert_eq!(me(it, &before).await.0, 200, "after a restart, too");
        for _ in 0..2 {
            it.world.advance(10 * 24 * 60 * MINUTE_MS);
            last = pair(&refresh(it, &last.1).await.1);
        }
        assert_ne!(kid(&before), kid(&last.0), "after thirty days another key signs");
        assert_eq!(me(it, &last.0).await.0, 200);
        it.app.signing().tidy().await.expect("tidied");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM signing_keys").await, [1]);
        use std::os::unix::fs::PermissionsExt as _;
        let file = std::fs::metadata(it.dir.path().join("data/signing-key.json")).expect("there");
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
}

const OPEN: [(&str, &str); 1] = [("VIGIA_ACCOUNTS__REGISTRATION", "open")];

both! {
    with OPEN:
    async fn the_biogestors_document_from_registering_to_who_one_is(it: Installation) {
        let password = "seis gatos sin tejado";
        let body = json!({ "username": "user1", "password": password, "password2": password, "email": "u@e.com" });
        assert_eq!(post(it, "/api/crear-usuario/", body).await.0, 201);
        let enter = async || post(it, "/api/iniciar-sesion/", json!({ "username": "user1", "password": password })).await;
        assert_eq!(enter().await.0, 401, "nobody has let them in yet");
        let id = users::by_email(it.app.registry(), "u@e.com").await.expect("asked").expect("there").id;
        assert!(register::approve(&it.app, id, Role::Customer, TEST).await.expect("approved"));
        let (status, told) = enter().await;
        assert_eq!(status, 200, "{told}");
        assert_eq!(told["user"], json!({ "id": id.0, "username": "user1", "perfil": { "aprobado": true } }));
        assert!(told["refresh"].is_string());
        let bearer = format!("Bearer {}", told["access"].as_str().expect("a token"));
        let current = it.ask(Method::GET, "/api/usuario/actual/", &[("authorization", &bearer)], "").await;
        assert_eq!((current.status.as_u16(), &current.json()["username"]), (200, &json!("user1")), "{}", current.text);
        assert_eq!(it.ask(Method::GET, "/api/usuario/actual/", &[], "").await.status.as_u16(), 401);
    }
}
