//! Lets the processes behind one external broker hear of each other's devices: the live hub on one side, the connection on the other.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::db::{DbError, settings};
use crate::fleet;
use crate::lifecycle::Phase;
use crate::live::across::{self, Carrier, Name, Neighbours};
use crate::mqtt::external::ExternalBroker;
use crate::mqtt::{Directory, Neighbourhood};

/// How many words of others wait for their turn; beyond, they are lost, as QoS 0 may be.
const WAITING: usize = 4_096;

/// This process among the others.
pub(super) struct Across {
    name: Name,
    neighbours: Neighbours,
}

impl Across {
    /// With a name of its own, another at each start, in the installation of its database.
    ///
    /// # Errors
    /// [`DbError`].
    pub(super) async fn new(app: &App, directory: Arc<dyn Directory>) -> Result<Self, DbError> {
        let process = HEXLOWER.encode(&app.world().bytes::<8>());
        let name = Name { installation: settings::installation(app.registry(), app.world()).await?, process };
        let knows = app.clone();
        let witness = move |id, number, at_ms, is_there| {
            let (app, directory) = (knows.clone(), Arc::clone(&directory));
            async move {
                // Whoever cannot be asked for is not taken for anybody.
                let is_so = matches!(directory.find(&id).await, Ok(Some(device)) if device.number == number);
                if is_so {
                    fleet::heard_elsewhere(&app, number, at_ms, is_there);
                }
                is_so
            }
            .boxed()
        };
        let neighbours = Neighbours::of(app.hub(), &name, app.world(), Arc::new(witness));
        Ok(Self { name, neighbours })
    }

    /// Who hears what the others say, one after the other.
    pub(super) fn neighbours(&self, app: &App) -> Arc<dyn Neighbourhood> {
        let (words, mut waiting) = mpsc::channel::<(String, Bytes)>(WAITING);
        let neighbours = self.neighbours.clone();
        app.lifecycle().spawn("live neighbours", Phase::Work, |stop: CancellationToken| async move {
            let heard = async {
                while let Some((topic, payload)) = waiting.recv().await {
                    neighbours.heard(&topic, &payload).await;
                }
            };
            tokio::select! {
                () = heard => {}
                () = stop.cancelled() => {}
            }
        });
        Arc::new(Ear { filter: self.neighbours.filter(), words })
    }

    /// Tells the others from now on.
    pub(super) fn relay(self, app: &App, broker: Arc<ExternalBroker>) {
        across::relay(app.hub(), Arc::new(Voice(broker)), &self.name, app.world(), app.lifecycle());
    }
}

struct Ear {
    filter: String,
    words: mpsc::Sender<(String, Bytes)>,
}

impl Neighbourhood for Ear {
    fn filter(&self) -> String {
        self.filter.clone()
    }

    fn is_theirs(&self, topic: &str) -> bool {
        Neighbours::are_meant(topic)
    }

    fn heard(&self, topic: &str, payload: Bytes) {
        if self.words.try_send((topic.to_owned(), payload)).is_err() {
            tracing::debug!(topic, "a word of another process is lost: more of them wait than are taken");
        }
    }
}

struct Voice(Arc<ExternalBroker>);

#[async_trait]
impl Carrier for Voice {
    async fn carry(&self, topic: &str, payload: Bytes) -> bool {
        self.0.mention(topic, payload).await
    }
}
