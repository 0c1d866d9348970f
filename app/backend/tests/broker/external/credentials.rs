//! Mosquitto's dynamic security plugin, with credentials and rights of our making.

use std::collections::BTreeSet;
use std::process::Output;

use vigia_backend::config::{External, Protocol, Secret};
use vigia_backend::mqtt::external::dynsec::DynamicSecurity;
use vigia_backend::mqtt::{CredentialError, Credentials as _};
use vigia_backend::world::World;
use vigia_domain::decode::route::Routes;
use vigia_domain::decode::route::elsewhere::{Named, Rights};
use vigia_domain::ids::DeviceId;

use super::mosquitto::ADMIN;
use super::{Client, Mosquitto, PROTOCOLS, at, until};

fn dynamic(mosquitto: &Mosquitto, protocol: Protocol) -> External {
    let user = Some(ADMIN.0.to_owned());
    External { user, password: Some(Secret::from(ADMIN.1.to_owned())), dynamic_security: true, ..at(mosquitto.address.port(), protocol) }
}

/// What a device may that is called by its id.
fn plain(device: &DeviceId) -> Rights {
    Routes::built_in().rights(&[Named { id: device.to_string(), topic: None }], None)
}

fn id(text: &str) -> DeviceId {
    DeviceId::new(text).expect("a good id")
}

fn is_let_through(told: &Output) -> bool {
    let said = String::from_utf8_lossy(&told.stderr);
    told.status.success() && !said.to_lowercase().contains("not authori")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_is_let_in_on_its_own_topics_alone() {
    for protocol in PROTOCOLS {
        let (mosquitto, folder) = (Mosquitto::dynamic(), tempfile::tempdir().expect("a folder"));
        let broker = dynamic(&mosquitto, protocol);
        let security = DynamicSecurity::new(broker.clone(), World::real()).expect("good settings");
        security.reconcile(&BTreeSet::new(), &plain).await.expect("compared");
        for device in ["m1", "m2"] {
            security.grant(&id(device), &format!("t-{device}"), &plain(&id(device))).await.expect("granted");
        }
        let client = Client::new(broker, folder.path()).await;
        let m1 = ("m1", "t-m1");
        for topic in ["vigia/m1/telemetry", "vigia/m1/command/result", "m1/status/switch:0", "m1/events/rpc"] {
            assert!(is_let_through(&mosquitto.publish(m1, topic, "own")), "{topic}");
        }
        for topic in
            ["vigia/m2/telemetry", "vigia/m1/command", "vigia/m1/config", "m2/online", "m1/rpc", "m1/command/switch:0", "vigia/m11/status"]
        {
            assert!(!is_let_through(&mosquitto.publish(m1, topic, "foreign")), "{topic}");
        }
        assert!(!is_let_through(&mosquitto.publish(("m1", "wrong"), "vigia/m1/telemetry", "stranger")));
        assert!(!is_let_through(&mosquitto.publish(("m3", "t-m1"), "vigia/m3/telemetry", "stranger")));
        until("its own are there", || client.payloads().len() == 4).await;
        assert!(client.payloads().iter().all(|text| text == "own"), "{:?}", client.payloads());

        // What goes down reaches it and nobody else.
        let listen =
            |user, topic| mosquitto.client("mosquitto_sub", user, &["-t", topic, "-C", "1", "-W", "4"]).spawn().expect("installed");
        let (own, foreign) = (listen(m1, "vigia/m1/command"), listen(("m2", "t-m2"), "vigia/m1/command"));
        let everything = listen(("m2", "t-m2"), "#");
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        vigia_backend::mqtt::Broker::publish(&*client.broker, "vigia/m1/command", "on".into(), false).await.expect("the broker has it");
        assert_eq!(own.wait_with_output().expect("ended").stdout, b"on\n");
        assert!(foreign.wait_with_output().expect("ended").stdout.is_empty());
        assert!(everything.wait_with_output().expect("ended").stdout.is_empty());
        client.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_token_ends_the_old_one_and_a_withdrawn_device_is_out() {
    let mosquitto = Mosquitto::dynamic();
    let security = DynamicSecurity::new(dynamic(&mosquitto, Protocol::V5), World::real()).expect("good settings");
    let (m1, topic) = (id("m1"), "vigia/m1/telemetry");
    security.grant(&m1, "first", &plain(&m1)).await.expect("granted");
    assert!(is_let_through(&mosquitto.publish(("m1", "first"), topic, "1")));
    security.grant(&m1, "second", &plain(&m1)).await.expect("granted again");
    assert!(!is_let_through(&mosquitto.publish(("m1", "first"), topic, "1")));
    assert!(is_let_through(&mosquitto.publish(("m1", "second"), topic, "1")));
    let mut listener =
        mosquitto.client("mosquitto_sub", ("m1", "second"), &["-t", "vigia/m1/command", "-W", "20"]).spawn().expect("installed");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(listener.try_wait().expect("asked"), None, "it listens");
    security.withdraw(&m1).await.expect("withdrawn");
    security.withdraw(&m1).await.expect("withdrawing twice is harmless");
    assert!(!is_let_through(&mosquitto.publish(("m1", "second"), topic, "1")));
    listener.kill().expect("ended");
    listener.wait().expect("ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_each_start_the_broker_is_brought_in_line_with_the_registry() {
    let mosquitto = Mosquitto::dynamic();
    let security = DynamicSecurity::new(dynamic(&mosquitto, Protocol::V5), World::real()).expect("good settings");
    for device in ["kept", "gone"] {
        security.grant(&id(device), "t", &plain(&id(device))).await.expect("granted");
    }
    let ctrl = |more: &[&str]| {
        let mut command = std::process::Command::new("mosquitto_ctrl");
        let port = mosquitto.address.port().to_string();
        command.args(["-h", "127.0.0.1", "-p", &port, "-u", ADMIN.0, "-P", ADMIN.1, "dynsec"]).args(more);
        assert!(command.output().expect("mosquitto_ctrl is installed").status.success(), "{more:?}");
    };
    ctrl(&["addRoleACL", "vigia-device-kept", "publishClientSend", "vigia/#", "allow", "20"]);
    assert!(is_let_through(&mosquitto.publish(("kept", "t"), "vigia/gone/telemetry", "1")));
    let registered: BTreeSet<_> = [id("kept"), id("new")].into();
    let found = security.reconcile(&registered, &plain).await.expect("compared");
    assert_eq!((found.unknown, found.mended, found.gone), (vec![id("new")], 1, vec![id("gone")]));
    assert!(is_let_through(&mosquitto.publish(("gone", "t"), "vigia/gone/telemetry", "1")), "until the registry was asked again");
    security.withdraw(&id("gone")).await.expect("withdrawn");
    assert!(found.open.is_empty(), "{:?}", found.open);
    assert!(!is_let_through(&mosquitto.publish(("kept", "t"), "vigia/gone/telemetry", "1")));
    assert!(is_let_through(&mosquitto.publish(("kept", "t"), "vigia/kept/telemetry", "1")));
    assert!(!is_let_through(&mosquitto.publish(("gone", "t"), "vigia/gone/telemetry", "1")));
    // mosquitto_ctrl of 2.0.11 says that it did so and does not.
    let open = r#"{"commands":[{"command":"setDefaultACLAccess","acls":[{"acltype":"publishClientSend","allow":true}]}]}"#;
    assert!(is_let_through(&mosquitto.publish(ADMIN, "$CONTROL/dynamic-security/v1", open)));
    let again = security.reconcile(&registered, &plain).await.expect("compared again");
    assert_eq!((again.mended, again.gone.len(), again.open), (0, 0, vec!["publishClientSend".to_owned()]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_cannot_be_read_does_not_keep_the_others_from_being_put_right() {
    let mosquitto = Mosquitto::dynamic();
    let security = DynamicSecurity::new(dynamic(&mosquitto, Protocol::V5), World::real()).expect("good settings");
    security.reconcile(&BTreeSet::new(), &plain).await.expect("compared");
    let of = |count: usize| {
        let members: Vec<_> = (0..count).map(|n| Named { id: format!("{n}{}", "m".repeat(60)), topic: None }).collect();
        Routes::built_in().rights(&members, None)
    };
    let mut large = 100;
    while !DynamicSecurity::is_too_much(&of(large)) {
        large += 20;
    }
    security.grant(&id("a-hall"), "t", &of(large)).await.expect("written in one packet");
    security.grant(&id("m1"), "t", &Rights::default()).await.expect("granted");
    let registered: BTreeSet<_> = [id("a-hall"), id("m1")].into();
    let found = security.reconcile(&registered, &|user| if *user == id("m1") { plain(user) } else { of(large) }).await.expect("compared");
    assert_eq!((found.too_large, found.mended), (vec![id("a-hall")], 1));
    assert!(is_let_through(&mosquitto.publish(("m1", "t"), "vigia/m1/telemetry", "1")));
    let found = security.reconcile(&registered, &|user| if *user == id("m1") { plain(user) } else { of(3) }).await.expect("compared");
    assert_eq!((found.too_large.len(), found.mended), (0, 1), "with fewer it is put right");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_speaks_with_the_plugin_at_the_same_time_gets_their_own_answers() {
    let mosquitto = Mosquitto::dynamic();
    let security = DynamicSecurity::new(dynamic(&mosquitto, Protocol::V5), World::real()).expect("good settings");
    security.reconcile(&BTreeSet::new(), &plain).await.expect("compared");
    let mut registered = BTreeSet::new();
    for round in 0..4 {
        let before = registered.clone();
        let new: Vec<_> = (0..4).map(|n| id(&format!("m{round}-{n}"))).collect();
        registered.extend(new.iter().cloned());
        let grants = new.iter().map(|device| async { security.grant(device, "t", &plain(device)).await });
        let (found, granted) = tokio::join!(security.reconcile(&registered, &plain), futures_util::future::join_all(grants));
        let found = found.expect("compared");
        assert!(found.gone.is_empty() && !found.unknown.iter().any(|device| before.contains(device)), "{found:?}");
        assert!(granted.iter().all(Result::is_ok), "{granted:?}");
    }
    let found = security.reconcile(&registered, &plain).await.expect("compared");
    assert!(found.unknown.is_empty() && found.gone.is_empty() && found.mended == 0, "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_in_the_way_is_named() {
    let mut mosquitto = Mosquitto::dynamic();
    let broker = dynamic(&mosquitto, Protocol::V5);
    let security = DynamicSecurity::new(broker.clone(), World::real()).expect("good settings");
    assert!(matches!(security.grant(&id("admin"), "t", &plain(&id("admin"))).await, Err(CredentialError::Taken(_))), "our own account");
    security.grant(&id("m1"), "t", &plain(&id("m1"))).await.expect("granted");
    let wrong = External { password: Some(Secret::from("wrong".to_owned())), ..broker.clone() };
    let refused = DynamicSecurity::new(wrong, World::real()).expect("good settings").reach().await.expect_err("refused").to_string();
    assert!(refused.contains("NotAuthorized") || refused.contains("BadUserNamePassword"), "{refused}");
    let device = External { user: Some("m1".to_owned()), password: Some(Secret::from("t".to_owned())), ..broker };
    let refused = DynamicSecurity::new(device, World::real()).expect("good settings").reach().await.expect_err("refused").to_string();
    assert!(refused.contains("administrator"), "{refused}");
    mosquitto.stop();
    assert!(matches!(security.grant(&id("m2"), "t", &plain(&id("m2"))).await, Err(CredentialError::Away(_))));
}
