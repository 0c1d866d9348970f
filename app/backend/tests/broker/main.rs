//! The embedded broker over real sockets, with a gate that records what it is asked.
#![expect(clippy::disallowed_methods, reason = "the tests start tasks of their own")]

mod acknowledging;
mod bad_input;
mod clients;
mod commands;
mod device_config;
mod doors;
mod downward;
mod external;
mod gate;
mod interop;
mod provisioning;
#[path = "../it/python.rs"]
mod python;
mod rights;
mod sessions;
mod shares;
mod signing_in;
mod silence;
mod simulated;
mod stopping;
#[expect(dead_code, unused_imports, unreachable_pub, reason = "the same installation as in `it`, of which this program needs a part")]
#[path = "../it/support/mod.rs"]
mod support;
mod window;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vigia_backend::config::Guard;
use vigia_backend::mqtt::Broker as _;
use vigia_backend::mqtt::embedded::EmbeddedBroker;

use crate::gate::Recorder;
use crate::wire::{Hello, Wire};

/// A broker on a free port with the devices m1 and m2, whose tokens are `t-m1` and `t-m2`.
struct House {
    broker: Arc<EmbeddedBroker>,
    gate: Arc<Recorder>,
    tasks: TaskTracker,
}

impl House {
    async fn new() -> Self {
        let gate = Arc::new(Recorder::default());
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let (broker, listening) = EmbeddedBroker::bind(listen, Guard::Anyone, gate.clone()).await.expect("a free port");
        let tasks = TaskTracker::new();
        tasks.spawn(listening.serve(CancellationToken::new()));
        Self { broker, gate, tasks }
    }

    fn address(&self) -> SocketAddr {
        self.broker.address()
    }

    /// A connection of the device that is let in.
    async fn device(&self, id: &str, level: u8) -> Wire {
        let (wire, code) = Wire::connect(self.address(), &Hello::of(id, level)).await;
        assert_eq!(code, Some(0), "{id} is let in");
        wire
    }

    /// Ends the broker and refuses leftovers.
    async fn end(self) {
        self.broker.stop().await;
        self.tasks.close();
        tokio::time::timeout(Duration::from_secs(1), self.tasks.wait()).await.expect("the broker's task ends");
        let open = std::net::TcpStream::connect(self.address());
        assert!(open.is_err(), "the port is free again");
    }
}

/// Waits until it holds, at most three seconds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..300 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within three seconds: {what}");
}

/// Both versions of the protocol.
const LEVELS: [u8; 2] = [4, 5];
