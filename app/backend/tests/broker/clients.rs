//! The clients that people use: Mosquitto's, and rumqttc in both versions.

use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use vigia_backend::mqtt::Broker as _;

use crate::{House, until};

fn mosquitto(program: &str, house: &House, version: &str, more: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(["-h", "127.0.0.1", "-p", &house.address().port().to_string(), "-V", version, "-u", "m1", "-P", "t-m1"]);
    command.args(more).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn mosquitto_pub_and_sub() {
    let house = House::new().await;
    for version in ["mqttv311", "mqttv5"] {
        let before = house.gate.accepted().len();
        for qos in ["0", "1", "2"] {
            let more = ["-q", qos, "-t", "vigia/m1/telemetry", "-m", r#"{"power_w":512.3}"#];
            let sent = mosquitto("mosquitto_pub", &house, version, &more).output().await;
            let sent = sent.expect("mosquitto_pub is installed (package mosquitto-clients; make test installs it)");
            assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
        }
        until("all three", || house.gate.accepted().len() == before + 3).await;
        assert_eq!(house.gate.accepted()[before].2, r#"{"power_w":512.3}"#);

        let mut sub = mosquitto("mosquitto_sub", &house, version, &["-q", "1", "-t", "vigia/m1/command", "-C", "1"]);
        let mut sub = sub.spawn().expect("mosquitto_sub is installed");
        let mut lines = BufReader::new(sub.stdout.take().expect("piped")).lines();
        let line = async {
            loop {
                house.broker.publish("vigia/m1/command", Bytes::from_static(b"switch on"), false).await.expect("it runs");
                if let Ok(line) = tokio::time::timeout(Duration::from_millis(100), lines.next_line()).await {
                    return line.expect("readable");
                }
            }
        };
        let line = tokio::time::timeout(Duration::from_secs(5), line).await.expect("within five seconds");
        assert_eq!(line.as_deref(), Some("switch on"));
    }
    house.end().await;
}

#[tokio::test]
async fn rumqttc_of_version_3() {
    use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
    let house = House::new().await;
    let mut options = MqttOptions::new("rumqttc", "127.0.0.1", house.address().port());
    options.set_credentials("m1", "t-m1");
    let (client, mut events) = AsyncClient::new(options, 128);
    for n in 0..100 {
        let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][n % 3];
        client.publish("vigia/m1/telemetry", qos, false, format!("{{\"n\":{n}}}")).await.expect("queued");
    }
    let (mut acks, mut completions) = (0, 0);
    while acks < 33 || completions < 33 {
        match tokio::time::timeout(Duration::from_secs(5), events.poll()).await.expect("in time").expect("connected") {
            Event::Incoming(Packet::PubAck(_)) => acks += 1,
            Event::Incoming(Packet::PubComp(_)) => completions += 1,
            _ => {}
        }
    }
    until("the last too", || house.gate.accepted().len() == 100).await;
    house.end().await;
}

#[tokio::test]
async fn rumqttc_of_version_5() {
    use rumqttc::v5::mqttbytes::QoS;
    use rumqttc::v5::mqttbytes::v5::{Packet, PubAckReason};
    use rumqttc::v5::{AsyncClient, Event, MqttOptions};
    let house = House::new().await;
    let mut options = MqttOptions::new("rumqttc5", "127.0.0.1", house.address().port());
    options.set_credentials("m1", "t-m1");
    let (client, mut events) = AsyncClient::new(options, 16);
    client.publish("vigia/m2/telemetry", QoS::AtLeastOnce, false, "foreign").await.expect("queued");
    client.publish("vigia/m1/telemetry", QoS::AtLeastOnce, false, "own").await.expect("queued");
    let mut reasons = Vec::new();
    while reasons.len() < 2 {
        let polled = tokio::time::timeout(Duration::from_secs(5), events.poll()).await.expect("in time");
        if let Ok(Event::Incoming(Packet::PubAck(ack))) = polled {
            reasons.push(ack.reason);
        }
    }
    assert_eq!(reasons, [PubAckReason::NotAuthorized, PubAckReason::Success]);
    assert_eq!(house.gate.accepted().len(), 1);
    house.end().await;
}
