//! Lets the processes behind one external broker hear of each other's devices: the live hub on one side, the connection on the other.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use data_encoding::HEXLOWER;

use crate::app::App;
use crate::fleet;
use crate::live::across::{self, Carrier, Neighbours};
use crate::mqtt::Neighbourhood;
use crate::mqtt::external::ExternalBroker;

/// This process among the others.
pub(super) struct Across {
    process: String,
    neighbours: Neighbours,
}

impl Across {
    /// With a name of its own, another at each start.
    pub(super) fn new(app: &App) -> Self {
        let process = HEXLOWER.encode(&app.world().bytes::<8>());
        let knows = app.clone();
        let witness = move |device, at_ms, is_there| fleet::heard_elsewhere(&knows, device, at_ms, is_there);
        let neighbours = Neighbours::of(app.hub(), &process, Arc::new(witness));
        Self { process, neighbours }
    }

    /// Who hears what the others say.
    pub(super) fn neighbours(&self) -> Arc<dyn Neighbourhood> {
        Arc::new(Ear(self.neighbours.clone()))
    }

    /// Tells the others from now on.
    pub(super) fn relay(self, app: &App, broker: Arc<ExternalBroker>) {
        across::relay(app.hub(), Arc::new(Voice(broker)), &self.process, app.lifecycle());
    }
}

struct Ear(Neighbours);

impl Neighbourhood for Ear {
    fn filter(&self) -> String {
        Neighbours::filter()
    }

    fn is_theirs(&self, topic: &str) -> bool {
        Neighbours::are_meant(topic)
    }

    fn heard(&self, topic: &str, payload: &[u8]) {
        self.0.heard(topic, payload);
    }
}

struct Voice(Arc<ExternalBroker>);

#[async_trait]
impl Carrier for Voice {
    async fn carry(&self, topic: &str, payload: Bytes) -> bool {
        self.0.mention(topic, payload).await
    }
}
