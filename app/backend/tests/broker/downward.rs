//! An installation with its broker, and devices that listen: what the tests of commands, configuration and provisioning share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use vigia_backend::config::Guard;
use vigia_backend::lifecycle::Phase;
use vigia_backend::mqtt::embedded::EmbeddedBroker;
use vigia_domain::rights::Scope;

use crate::support::Installation;
use crate::wire::{Hello, Say, Wire, heard};

/// Opens the broker of an installation, with the gate of a real one.
pub(crate) async fn open_broker(it: &Installation) -> SocketAddr {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let (broker, listening) = EmbeddedBroker::bind(listen, Guard::Anyone, Arc::new(it.gate())).await.expect("a free port");
    let address = broker.address();
    it.app.lifecycle().spawn("broker", Phase::Intake, |stop| listening.serve(stop));
    it.app.set_broker(broker);
    address
}

/// An administrator's key.
pub(crate) async fn admin(it: &Installation) -> String {
    it.key("admin", &[Scope::Admin]).await
}

/// A device with a clean session that listens to everything below its own topics.
pub(crate) struct Listening {
    pub(crate) wire: Wire,
    device: String,
    packet: u16,
}

impl Listening {
    pub(crate) async fn connect(address: SocketAddr, device: &str, password: &str) -> Self {
        let (mut wire, code) = Self::try_connect(address, device, password).await;
        assert_eq!(code, Some(0), "{device} is let in");
        assert_eq!(wire.subscribe(&format!("vigia/{device}/#")).await, Some(1));
        Self { wire, device: device.to_owned(), packet: 100 }
    }

    pub(crate) async fn try_connect(address: SocketAddr, device: &str, password: &str) -> (Wire, Option<u8>) {
        let mut hello = Hello::of(device, 4);
        hello.password = Some(password.to_owned());
        Wire::connect(address, &hello).await
    }

    /// The next message on `vigia/<id>/<leaf>`, while the clock goes on.
    pub(crate) async fn hears(&mut self, it: &Installation, leaf: &str) -> Value {
        for _ in 0..20 {
            if let Some(payload) = self.hears_within(Duration::from_millis(800), leaf).await {
                return payload;
            }
            it.world.advance(2_000);
        }
        panic!("{} did not hear of {leaf}", self.device);
    }

    /// The next message on `vigia/<id>/<leaf>` within this time, with what else comes acknowledged and left aside.
    pub(crate) async fn hears_within(&mut self, time: Duration, leaf: &str) -> Option<Value> {
        let next = async {
            loop {
                let Some(packet) = self.wire.packet_ever().await else { return Value::Null };
                if packet.0 >> 4 != 3 {
                    continue;
                }
                let topic_end = 2 + usize::from(u16::from_be_bytes([packet.1[0], packet.1[1]]));
                self.wire.send(&[0x40, 2, packet.1[topic_end], packet.1[topic_end + 1]]).await;
                let (topic, payload, _) = heard(&packet, 4);
                if topic == format!("vigia/{}/{leaf}", self.device) {
                    return serde_json::from_slice(&payload).expect("JSON");
                }
            }
        };
        tokio::time::timeout(time, next).await.ok()
    }

    /// Publishes below its own topics and returns when it was acknowledged.
    pub(crate) async fn says(&mut self, leaf: &str, payload: &str) {
        self.packet += 1;
        let topic = format!("vigia/{}/{leaf}", self.device);
        self.wire.publish(Say { topic: &topic, payload: payload.as_bytes(), qos: 1, packet: self.packet, ..Say::default() }).await;
        loop {
            let packet = self.wire.packet().await.expect("the connection stands");
            if packet.0 == 0x40 && packet.1 == self.packet.to_be_bytes() {
                return;
            }
        }
    }
}

/// Asks until the answer is as wanted.
pub(crate) async fn becomes(it: &Installation, path: &str, key: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..200 {
        last = it.get(path, key).await.json();
        if is_so(&last) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("not in time: {last}");
}
