//! A real Mosquitto as the broker, and the program as its client.

mod credentials;
mod cut;
mod mosquitto;
mod receiving;
mod refused;
mod relay;
mod sending;
mod shared;
mod tls;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vigia_backend::config::{External, Protocol};
use vigia_backend::metrics::ExternalMetrics;
use vigia_backend::mqtt::Broker as _;
use vigia_backend::mqtt::external::{ExternalBroker, House};
use vigia_backend::world::World;
use vigia_domain::decode::route::Routes;

use self::mosquitto::Mosquitto;
use crate::gate::Recorder;

/// Both versions.
const PROTOCOLS: [Protocol; 2] = [Protocol::V5, Protocol::V311];

/// What is heard where devices are called by their ids.
fn filters() -> watch::Receiver<Vec<String>> {
    watch::channel(Routes::built_in().filters(std::iter::empty())).1
}

/// A broker as the settings describe it.
fn at(port: u16, protocol: Protocol) -> External {
    External {
        host: "127.0.0.1".to_owned(),
        port,
        tls: false,
        ca_file: None,
        user: None,
        password: None,
        protocol,
        client_id: None,
        group: None,
        dynamic_security: false,
    }
}

/// One process's connection, with a gate that records.
struct Client {
    broker: Arc<ExternalBroker>,
    gate: Arc<Recorder>,
    metrics: ExternalMetrics,
    task: JoinHandle<()>,
}

impl Client {
    /// Connects; returns when the broker sends it what devices say.
    async fn new(external: External, folder: &Path) -> Self {
        let client = Self::begin(external, folder);
        client.stands().await;
        client
    }

    fn begin(external: External, folder: &Path) -> Self {
        let (gate, metrics) = (Arc::new(Recorder::default()), ExternalMetrics::default());
        let house = House {
            gate: gate.clone(),
            directory: gate.clone(),
            filters: filters(),
            neighbours: None,
            world: World::real(),
            metrics: metrics.clone(),
        };
        let (broker, pump) = ExternalBroker::new(external, folder, house).expect("good settings");
        let task = tokio::spawn(pump.run(CancellationToken::new()));
        Self { broker, gate, metrics, task }
    }

    async fn stands(&self) {
        until("it stands", || self.broker.trouble().is_none()).await;
    }

    /// As `kill -9` does: nothing is finished, nothing said.
    async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    async fn end(self) {
        self.broker.stop().await;
        tokio::time::timeout(Duration::from_secs(1), self.task).await.expect("it ends").expect("well");
    }

    fn payloads(&self) -> Vec<String> {
        self.gate.accepted().into_iter().map(|(_, _, payload)| payload).collect()
    }
}

/// Waits until it holds, at most twenty seconds: other programs are started and stopped here.
async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not within twenty seconds: {what}");
}
