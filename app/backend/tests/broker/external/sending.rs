//! What we send reaches devices, and whoever sends knows whether the broker has it.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use bytes::Bytes;
use vigia_backend::config::Protocol;
use vigia_backend::mqtt::Broker as _;

use super::{Client, Mosquitto, PROTOCOLS, at, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_reach_their_device_in_order() {
    for protocol in PROTOCOLS {
        let (mosquitto, folder) = (Mosquitto::open(), tempfile::tempdir().expect("a folder"));
        let client = Client::new(at(mosquitto.address.port(), protocol), folder.path()).await;
        client.broker.publish("vigia/m1/command", Bytes::from_static(b"kept"), true).await.expect("the broker has it");
        let more = ["-t", "vigia/m1/command", "-C", "301", "-W", "20"];
        let mut device = mosquitto.client("mosquitto_sub", ("m1", "x"), &more).spawn().expect("mosquitto_sub is installed");
        let mut lines = BufReader::new(device.stdout.take().expect("piped")).lines();
        // Its first line says that it listens.
        let (first, lines) = tokio::task::spawn_blocking(move || (lines.next(), lines)).await.expect("read");
        assert_eq!(first.expect("a line").expect("read"), "kept");
        // Many at once; of more than a few the runtime would ask the last ones first.
        for some in 0..15 {
            let sent = (some * 20..some * 20 + 20).map(|n| client.broker.publish("vigia/m1/command", Bytes::from(n.to_string()), false));
            for outcome in futures_util::future::join_all(sent).await {
                outcome.expect("the broker has it");
            }
        }
        let heard: Vec<_> = tokio::task::spawn_blocking(move || lines.map_while(Result::ok).collect()).await.expect("read");
        let wrong: Vec<_> = heard.iter().enumerate().filter(|(n, heard)| **heard != n.to_string()).collect();
        assert!(heard.len() == 300 && wrong.is_empty(), "{protocol:?}: {wrong:?}");
        assert!(device.wait().expect("it ends").success());
        client.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_whose_time_has_passed_is_not_handed_out_where_the_broker_can_be_told() {
    for protocol in PROTOCOLS {
        let (mosquitto, folder) = (Mosquitto::open(), tempfile::tempdir().expect("a folder"));
        let client = Client::new(at(mosquitto.address.port(), protocol), folder.path()).await;
        let topic = "vigia/m1/command";
        let listen =
            |more: &[&str]| mosquitto.client("mosquitto_sub", ("m1", "x"), &[&["-t", topic, "-c", "-i", "m1", "-x", "60"], more].concat());
        // It comes once, and is away while it is told things.
        assert!(listen(&["-E"]).status().expect("mosquitto_sub is installed").success());
        client.broker.publish_for(topic, Bytes::from_static(b"soon over"), Duration::from_millis(900)).await.expect("the broker has it");
        client.broker.publish_for(topic, Bytes::from_static(b"for long"), Duration::from_secs(3_600)).await.expect("the broker has it");
        client.broker.publish(topic, Bytes::from_static(b"for ever"), false).await.expect("the broker has it");
        tokio::time::sleep(Duration::from_millis(3_500)).await;
        let heard = listen(&["-W", "2"]).output().expect("mosquitto_sub is installed");
        let heard = String::from_utf8_lossy(&heard.stdout).into_owned();
        let wanted: &[&str] = match protocol {
            Protocol::V5 => &["for long", "for ever"],
            Protocol::V311 => &["soon over", "for long", "for ever"],
        };
        assert_eq!(heard.lines().collect::<Vec<_>>(), wanted, "{protocol:?}");
        client.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sends_hears_that_the_broker_is_away() {
    let (mut mosquitto, folder) = (Mosquitto::open(), tempfile::tempdir().expect("a folder"));
    let client = Client::new(at(mosquitto.address.port(), PROTOCOLS[0]), folder.path()).await;
    mosquitto.stop();
    until("it is noticed", || client.broker.connections().is_none()).await;
    let refused = client.broker.publish("vigia/m1/command", Bytes::new(), false).await.expect_err("it is away").to_string();
    assert!(refused.contains("no connection to 127.0.0.1:"), "{refused}");
    client.end().await;
}
