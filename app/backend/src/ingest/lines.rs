//! Readings of several devices in one request, all or nothing: what line protocol brings.

use vigia_domain::decode::Decoded;
use vigia_domain::decode::line_protocol::Part;
use vigia_domain::limits::ATTRIBUTES_PER_DEVICE;
use vigia_domain::reason::Reason;

use super::{Came, Ingest, Message};
use crate::mqtt::{DeviceIdentity, Unavailable};

/// What a request says of one device that is registered.
#[derive(Clone, Debug)]
pub struct OfDevice {
    /// Which.
    pub device: DeviceIdentity,
    /// What.
    pub part: Part,
}

/// Why a request was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LinesNotTaken {
    /// A line cannot be taken, so none was.
    #[error("line {line}: {reason}")]
    Line {
        /// Which, counted from 1.
        line: u64,
        /// Why.
        reason: Reason,
    },
    /// The store is away; send it again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Ingest {
    /// Takes all of it in one transaction, or nothing. Returns after the commit.
    ///
    /// # Errors
    /// [`LinesNotTaken`]: nothing was stored.
    pub async fn lines(&self, request: Vec<OfDevice>) -> Result<(), LinesNotTaken> {
        let now_ms = self.inner.world.clock.now_ms();
        let mut checked = Vec::with_capacity(request.len());
        for OfDevice { device, part } in request {
            let mut decoded = Decoded { attributes: part.attributes.into_iter().collect(), ..Decoded::default() };
            if decoded.attributes.len() > ATTRIBUTES_PER_DEVICE {
                return Err(self.refused(&device, part.lines.first().copied().unwrap_or(1), Reason::TooManyAttributeNames).await);
            }
            self.hear_clock(device.number, &part.readings, now_ms);
            for (reading, line) in part.readings.into_iter().zip(&part.lines) {
                let mut one = vec![reading];
                if let Err(reason) = self.check_all(device.number, &mut one, now_ms) {
                    return Err(self.refused(&device, *line, reason).await);
                }
                decoded.readings.append(&mut one);
            }
            if self.leave_out_new_metrics(&device, &mut decoded) {
                return Err(self.refused(&device, part.lines.first().copied().unwrap_or(1), Reason::TooManyMetrics).await);
            }
            checked.push((device, decoded));
        }
        if checked.is_empty() {
            return Ok(());
        }
        let mut watched = Vec::new();
        let entries = checked.into_iter().map(|(device, decoded)| {
            let entry = self.entry(&device, decoded, Vec::new(), true);
            if self.inner.messages.is_watched(device.number) {
                // The request is of several devices: whoever sees this one need not see the others' lines.
                watched.push((
                    device.number,
                    Message::of(Came { source: "HTTP", decoder: None, qos: None, payload: b"" }, &entry, Vec::new()),
                ));
            }
            (device.id, entry)
        });
        let entries = entries.collect();
        let stored = self.store(entries).await;
        watched.into_iter().for_each(|(device, message)| self.keep(device, Some(message), stored.is_ok()));
        Ok(stored?)
    }

    /// The sender hears it, and whoever looks at the device's page sees it, too.
    async fn refused(&self, device: &DeviceIdentity, line: u64, reason: Reason) -> LinesNotTaken {
        self.quarantine(device, "HTTP", reason.clone(), b"", true).await;
        LinesNotTaken::Line { line, reason }
    }
}
