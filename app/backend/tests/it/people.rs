//! What people are and may, by the interface: single rights, keys of their own, and the end of an account.

use axum::http::Method;
use serde_json::{Value, json};
use vigia_backend::db::{registrations, users};
use vigia_domain::user::Role;

use crate::support::{HERE, Installation, NOW, both};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Somebody with a name and value of a header that says who they are.
type Who<'a> = (&'a str, &'a str);

async fn call(it: &Installation, method: Method, path: &str, who: Who<'_>, body: Value) -> (u16, Value) {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let answer = it.ask(method, path, &[who, ("content-type", "application/json")], text).await;
    (answer.status.as_u16(), if answer.text.is_empty() { Value::Null } else { answer.json() })
}

async fn get(it: &Installation, path: &str, who: Who<'_>) -> (u16, Value) {
    call(it, Method::GET, path, who, Value::Null).await
}

async fn id_of(it: &Installation, email: &str) -> i64 {
    users::by_email(it.app.registry(), email).await.expect("asked").expect("there").id.0
}

both! {
    async fn single_rights_are_granted_and_withdrawn_by_who_may(it: Installation) {
        for (email, role) in [("ana@example.org", Role::Admin), ("sam@example.org", Role::Staff), ("leo@example.org", Role::Viewer), ("eva@example.org", Role::Customer)] {
            it.user(email, role).await;
        }
        it.device("m1", Some("eva@example.org")).await;
        let (ana, sam, leo, eva) = (it.cookie("ana@example.org").await, it.cookie("sam@example.org").await, it.cookie("leo@example.org").await, it.cookie("eva@example.org").await);
        let (ana, sam, leo, eva) = (("cookie", ana.as_str()), ("cookie", sam.as_str()), ("cookie", leo.as_str()), ("cookie", eva.as_str()));
        let rights = |id: i64| format!("/api/v1/users/{id}/rights");
        let (sam_id, leo_id, eva_id) = (id_of(it, "sam@example.org").await, id_of(it, "leo@example.org").await, id_of(it, "eva@example.org").await);

        // A viewer sees and touches nothing, until a right is granted by name.
        let order = json!({ "name": "switch.set" });
        assert_eq!(get(it, "/api/v1/devices/m1", leo).await.0, 200);
        assert_eq!(call(it, Method::POST, "/api/v1/devices/m1/commands", leo, order.clone()).await.0, 403);
        let (status, now) = call(it, Method::PUT, &rights(leo_id), ana, json!({ "granted": ["devices:control"] })).await;
        assert_eq!((status, &now["role"], &now["granted"]), (200, &json!("viewer"), &json!(["devices:control"])), "{now}");
        assert_eq!(call(it, Method::POST, "/api/v1/devices/m1/commands", leo, order.clone()).await.0, 202);

        // Taken away from who has it by their role.
        assert_eq!(call(it, Method::PUT, &rights(eva_id), ana, json!({ "withdrawn": ["devices:control"] })).await.0, 200);
        assert_eq!(call(it, Method::POST, "/api/v1/devices/m1/commands", eva, order).await.0, 403);
        assert_eq!(get(it, "/api/v1/users/me", eva).await.1["rights"], json!(["telemetry:read", "account:own"]));

        // Who is given another role keeps what can be set there.
        let (_, now) = call(it, Method::PUT, &rights(leo_id), ana, json!({ "role": "customer" })).await;
        assert_eq!((&now["role"], &now["rights"]), (&json!("customer"), &json!(["telemetry:read", "devices:control", "account:own"])), "{now}");
        assert_eq!(get(it, "/api/v1/devices/m1", leo).await.0, 404, "it is eva's");

        // Staff look after customers, and change nobody's rights; of who is more than that they learn nothing.
        assert_eq!(get(it, &format!("/api/v1/users/{eva_id}"), sam).await.0, 200);
        assert_eq!(get(it, &format!("/api/v1/users/{sam_id}"), sam).await.0, 403);
        assert_eq!(call(it, Method::PUT, &rights(eva_id), sam, json!({ "granted": ["audit:read"] })).await.0, 403);
        assert_eq!(get(it, "/api/v1/users/999", ana).await.0, 404);

        // What cannot be is said by its field.
        for (body, field) in [
            (json!({ "granted": ["everything"] }), "granted"),
            (json!({ "granted": ["rights:manage"] }), "granted"),
            (json!({ "withdrawn": ["account:own"] }), "withdrawn"),
            (json!({ "granted": "audit:read" }), "granted"),
            (json!({ "role": "king" }), "role"),
            (json!({ "more": 1 }), "more"),
        ] {
            let (status, told) = call(it, Method::PUT, &rights(sam_id), ana, body.clone()).await;
            assert_eq!((status, told["field"].as_str()), (422, Some(field)), "{body}: {told}");
        }
        let ana_id = id_of(it, "ana@example.org").await;
        assert_eq!(call(it, Method::PUT, &rights(ana_id), ana, json!({ "role": "staff" })).await.0, 409, "not oneself");
        let key = it.key("root", &[vigia_domain::rights::Scope::Admin]).await;
        let (status, told) = call(it, Method::PUT, &rights(ana_id), ("x-api-key", &key), json!({ "role": "staff" })).await;
        assert_eq!((status, told["detail"].as_str()), (409, Some("this is the last administrator who can sign in")));

        // All of it is in the log, with what it was before.
        let (_, log) = get(it, &format!("/api/v1/audit?action=user.rights&target=user:{eva_id}"), ana).await;
        assert_eq!(log[0]["detail"]["before"], json!({ "role": "customer", "granted": [], "withdrawn": [] }), "{log}");
        assert_eq!(log[0]["detail"]["after"]["withdrawn"], json!(["devices:control"]));
        assert_eq!(log[0]["actor"], json!(format!("user:{ana_id}")));
    }

    async fn a_key_of_ones_own_does_no_more_than_oneself(it: Installation) {
        it.user("ana@example.org", Role::Admin).await;
        it.user("eva@example.org", Role::Customer).await;
        it.device("m1", Some("eva@example.org")).await;
        it.device("m2", None).await;
        let (eva, ana) = (it.cookie("eva@example.org").await, it.cookie("ana@example.org").await);
        let (eva, ana) = (("cookie", eva.as_str()), ("cookie", ana.as_str()));
        for (body, field) in [
            (json!({ "name": " ", "scopes": ["telemetry:read"] }), "name"),
            (json!({ "name": "x", "scopes": [] }), "scopes"),
            (json!({ "name": "x", "scopes": ["admin"] }), "scopes"),
            (json!({ "name": "x", "scopes": ["nothing"] }), "scopes"),
            (json!({ "name": "x", "scopes": ["telemetry:read"], "days": 0 }), "days"),
        ] {
            let (status, told) = call(it, Method::POST, "/api/v1/api-keys", eva, body).await;
            assert_eq!((status, told["field"].as_str()), (422, Some(field)), "{told}");
        }
        let wanted = json!({ "name": "Home Assistant", "scopes": ["telemetry:read", "devices:control"], "days": 30 });
        let (status, made) = call(it, Method::POST, "/api/v1/api-keys", eva, wanted.clone()).await;
        assert_eq!(status, 201, "{made}");
        assert_eq!(call(it, Method::POST, "/api/v1/api-keys", eva, wanted).await.0, 409, "one of that name is there");
        let (number, key) = (made["id"].as_i64().expect("a number"), made["key"].as_str().expect("its text").to_owned());
        let script = ("x-api-key", key.as_str());

        // Her devices and no others, lists included.
        let (_, list) = get(it, "/api/v1/devices", script).await;
        assert_eq!(list.as_array().map(|list| list.iter().map(|device| device["id"].clone()).collect::<Vec<_>>()), Some(vec![json!("m1")]));
        assert_eq!((get(it, "/api/v1/devices/m1", script).await.0, get(it, "/api/v1/devices/m2", script).await.0), (200, 404));
        assert_eq!(get(it, "/api/v1/users/me", script).await.0, 403, "it has no account");

        // It is listed without its text, with its last use; everybody's to who looks after keys.
        let (_, own) = get(it, "/api/v1/api-keys", eva).await;
        assert_eq!((own[0]["name"].as_str(), own[0]["used_at"].is_string(), own.to_string().contains(&key)), (Some("Home Assistant"), true, false));
        assert_eq!(get(it, "/api/v1/api-keys", ana).await.1[0]["owner"], json!("eva@example.org"));

        // Withdrawn from her, withdrawn from it; out with her, in with her.
        let eva_id = id_of(it, "eva@example.org").await;
        let order = json!({ "name": "switch.set" });
        assert_eq!(call(it, Method::POST, "/api/v1/devices/m1/commands", script, order.clone()).await.0, 202);
        call(it, Method::PUT, &format!("/api/v1/users/{eva_id}/rights"), ana, json!({ "withdrawn": ["devices:control"] })).await;
        assert_eq!(call(it, Method::POST, "/api/v1/devices/m1/commands", script, order).await.0, 403);
        call(it, Method::POST, &format!("/api/v1/users/{eva_id}/disable"), ana, Value::Null).await;
        assert_eq!(get(it, "/api/v1/devices/m1", script).await.0, 401);
        call(it, Method::POST, &format!("/api/v1/users/{eva_id}/enable"), ana, Value::Null).await;
        assert_eq!(get(it, "/api/v1/devices/m1", script).await.0, 200);

        // Its time ends it, and so does she, or who looks after keys; nobody else.
        it.world.advance(29 * DAY_MS);
        assert_eq!(get(it, "/api/v1/devices/m1", script).await.0, 200);
        it.world.advance(DAY_MS);
        assert_eq!(get(it, "/api/v1/devices/m1", script).await.0, 401);
        it.user("luis@example.org", Role::Customer).await;
        let luis = it.cookie("luis@example.org").await;
        assert_eq!(call(it, Method::DELETE, &format!("/api/v1/api-keys/{number}"), ("cookie", &luis), Value::Null).await.0, 404);
        let eva = it.cookie("eva@example.org").await;
        assert_eq!(call(it, Method::DELETE, &format!("/api/v1/api-keys/{number}"), ("cookie", &eva), Value::Null).await.0, 204);
        assert_eq!(get(it, "/api/v1/api-keys", ("cookie", &eva)).await.1, json!([]));
    }

    async fn a_key_ends_with_the_password_that_its_maker_chose_and_with_another_role(it: Installation) {
        it.user("ana@example.org", Role::Admin).await;
        it.user("eva@example.org", Role::Customer).await;
        it.device("m1", Some("eva@example.org")).await;
        let ana = it.cookie("ana@example.org").await;
        let ana = ("cookie", ana.as_str());
        let make = async |name: &str| {
            let eva = it.cookie("eva@example.org").await;
            let (_, made) = call(it, Method::POST, "/api/v1/api-keys", ("cookie", &eva), json!({ "name": name, "scopes": ["telemetry:read"] })).await;
            made["key"].as_str().expect("a key").to_owned()
        };
        let opens = async |key: &str| get(it, "/api/v1/devices/m1", ("x-api-key", key)).await.0;
        // Somebody had registered with her address, was let in, and made a key; she comes by a link that was mailed.
        it.sql("vigia.db", "UPDATE users SET confirmed_ms = NULL WHERE email = 'eva@example.org'").await;
        let key = make("strangers").await;
        assert_eq!(opens(&key).await, 200);
        let eva_id = vigia_domain::ids::UserId(id_of(it, "eva@example.org").await);
        assert!(registrations::confirm(it.app.registry(), eva_id, HERE, NOW).await.expect("confirmed"));
        assert_eq!(opens(&key).await, 401);
        // Another role: what was handed out does not grow with her.
        let key = make("mine").await;
        let path = format!("/api/v1/users/{}/rights", eva_id.0);
        assert_eq!(call(it, Method::PUT, &path, ana, json!({ "role": "staff" })).await.0, 200);
        assert_eq!(opens(&key).await, 401);
        // And an administrator's own key does not do to her what she may not.
        let (_, made) = call(it, Method::POST, "/api/v1/api-keys", ana, json!({ "name": "root", "scopes": ["admin"] })).await;
        let own = made["key"].as_str().expect("a key").to_owned();
        let ana_id = id_of(it, "ana@example.org").await;
        assert_eq!(call(it, Method::PUT, &path, ana, json!({ "role": "admin" })).await.0, 200, "not the last any more");
        assert_eq!(call(it, Method::PUT, &format!("/api/v1/users/{ana_id}/rights"), ("x-api-key", &own), json!({ "role": "staff" })).await.0, 409);
        assert_eq!(call(it, Method::POST, &format!("/api/v1/users/{ana_id}/disable"), ("x-api-key", &own), Value::Null).await.0, 409);
    }

    async fn who_leaves_takes_everything_along_and_nothing_is_left(it: Installation) {
        it.user("ana@example.org", Role::Admin).await;
        it.user("eva@example.org", Role::Customer).await;
        it.device("m1", Some("eva@example.org")).await;
        let (ana, eva) = (it.cookie("ana@example.org").await, it.cookie("eva@example.org").await);
        let (ana, eva) = (("cookie", ana.as_str()), ("cookie", eva.as_str()));
        call(it, Method::POST, "/api/v1/api-keys", eva, json!({ "name": "script", "scopes": ["telemetry:read"] })).await;
        let (status, data) = get(it, "/api/v1/users/me/export", eva).await;
        assert_eq!(status, 200);
        assert_eq!((&data["profile"]["email"], &data["devices"][0]["id"], &data["api_keys"][0]["name"]), (&json!("eva@example.org"), &json!("m1"), &json!("script")), "{data}");
        assert_eq!((data["sessions"].as_array().map(Vec::len), data["audit"].as_array().is_some_and(|rows| rows.len() >= 2)), (Some(1), true));
        assert_eq!(data["left_out"], json!([]), "it is whole: {data}");
        let foreign = data["audit"].as_array().expect("rows").iter().filter(|row| row["actor"] != json!(format!("user:{}", data["profile"]["id"])));
        assert!(foreign.map(|row| &row["origin"]).all(Value::is_null), "from where others wrote is theirs: {data}");
        assert!(!data.to_string().contains("argon2") && !data.to_string().contains("vgk_"), "no secret goes along: {data}");

        let leave = async |who: Who<'_>, password: &str| call(it, Method::DELETE, "/api/v1/users/me", who, json!({ "password": password })).await;
        assert_eq!(leave(eva, "not the password").await.1["field"], json!("password"));
        assert_eq!(leave(ana, "correct horse battery").await.0, 409, "the last administrator");
        let eva_id = id_of(it, "eva@example.org").await;
        assert_eq!(leave(eva, "correct horse battery").await.0, 204);
        assert_eq!(get(it, "/api/v1/users/me", eva).await.0, 401);
        assert!(users::by_email(it.app.registry(), "eva@example.org").await.expect("asked").is_none());
        assert_eq!(get(it, "/api/v1/devices/m1", ana).await.1["owner"], Value::Null);
        let (_, log) = get(it, "/api/v1/audit?action=user.delete", ana).await;
        assert_eq!(log[0]["target"], json!(format!("user:{eva_id}")));
        it.user("luis@example.org", Role::Customer).await;
        assert!(id_of(it, "luis@example.org").await > eva_id, "nobody gets her number");
    }
}
