//! From a topic to its device to the gate.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::limits::STRANGERS;
use super::link::Message;
use crate::metrics::ExternalMetrics;
use crate::mqtt::{Directory, Gate, Unavailable, Whose};
use crate::world::World;

pub(super) struct Doorman {
    pub(super) gate: Arc<dyn Gate>,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) world: World,
    pub(super) metrics: ExternalMetrics,
    /// When strangers were last mentioned in the log, and how many came since.
    pub(super) strangers: Mutex<(Option<Instant>, u64)>,
}

impl Doorman {
    /// Stores what a registered device sent. What nobody registered sent goes nowhere, and counts as done.
    pub(super) async fn admit(&self, message: &Message) -> Result<(), Unavailable> {
        let device = match self.directory.whose(&message.topic).await? {
            Whose::Device(device) => device,
            Whose::Nothing => return Ok(()),
            Whose::Stranger => {
                self.stranger(&message.topic);
                return Ok(());
            }
        };
        let stored = if message.retained {
            self.gate.accept_kept(&device, &message.topic, message.payload.clone()).await?
        } else {
            self.gate.accept(&device, &message.topic, message.payload.clone(), message.qos).await?;
            true
        };
        let counter = if stored { &self.metrics.messages } else { &self.metrics.passed_over };
        counter.inc();
        Ok(())
    }

    fn stranger(&self, topic: &str) {
        self.metrics.strangers.inc();
        let now = self.world.clock.instant();
        let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        strangers.1 += 1;
        if strangers.0.is_none_or(|last| now.saturating_duration_since(last) >= STRANGERS) {
            let topic: String = topic.chars().take(100).collect();
            tracing::warn!(messages = strangers.1, topic, "messages of devices that nobody registered; the last one's topic");
            *strangers = (Some(now), 0);
        }
    }
}
