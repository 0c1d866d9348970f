//! A payload read as if it had come, of which nothing is kept.

use vigia_domain::decode::route::{Found, Name};
use vigia_domain::decode::{Decoded, Decoder};
use vigia_domain::ids::{DeviceId, DeviceNumber};
use vigia_domain::limits::PAYLOAD_BYTES;
use vigia_domain::reason::Reason;

use super::{Ingest, stamp};
use crate::mqtt::DeviceIdentity;

/// What is tried.
#[derive(Clone, Copy, Debug)]
pub struct Try<'a> {
    /// Whose message it would be.
    pub device: &'a DeviceIdentity,
    /// What it is called in the topics of others, where that is not its id.
    pub called: Option<&'a str>,
    /// Where it would come.
    pub topic: &'a str,
    /// What is to read it; `None`: what reads such a topic.
    pub decoder: Option<Decoder>,
    /// Its bytes.
    pub payload: &'a [u8],
}

/// What would become of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// What read it; `None` for a greeting, which says nothing.
    pub decoder: Option<Decoder>,
    /// What the decoder was told of the topic: that which follows the device's name.
    pub rest: String,
    /// What would be taken; in `refused` what would not.
    pub decoded: Decoded,
}

impl Ingest {
    /// Reads a payload by the same steps as one that comes, and changes nothing.
    ///
    /// # Errors
    /// [`Reason`] why nothing of it would be taken.
    pub fn try_out(&self, wanted: &Try<'_>) -> Result<Trial, Reason> {
        if wanted.payload.len() > PAYLOAD_BYTES {
            return Err(Reason::TooLarge { bytes: wanted.payload.len() as u64 });
        }
        let (decoder, name, rest) = match (self.place(wanted), wanted.decoder) {
            (Found::Up { decoder, name, rest, .. }, None) => (decoder, name, rest),
            (Found::Up { decoder, name, rest, .. }, Some(own)) if decoder == own => (own, name, rest),
            (_, Some(own)) => self.by_shape(wanted, own),
            (Found::Hello, None) => return Ok(Trial { decoder: None, rest: String::new(), decoded: Decoded::default() }),
            (Found::Down { .. } | Found::Nobodys, None) => return Err(Reason::UnknownTopic),
        };
        let mut decoded = decoder.decode(name, rest, wanted.payload)?;
        self.check_trial(wanted.device.number, &mut decoded);
        if self.leave_out_new_metrics(wanted.device, &mut decoded) {
            decoded.refused.push(Reason::TooManyMetrics);
        }
        Ok(Trial { decoder: Some(decoder), rest: rest.to_owned(), decoded })
    }

    fn place<'t>(&'t self, wanted: &Try<'t>) -> Found<'t, ()> {
        let id = wanted.device.id.as_str();
        let is_own = |name: Name<'_>| match name {
            Name::Id(text) => text == id,
            Name::Topic(text) => text == id || wanted.called == Some(text),
            Name::Sender => true,
        };
        self.inner.routes.find(wanted.topic, |name| is_own(name).then_some(()))
    }

    /// The device's name and what follows it in a topic that nobody routes to this decoder: behind the device's own name, or another's
    /// where the topic is such as the decoder's are; else all of it.
    fn by_shape<'t>(&'t self, wanted: &Try<'t>, decoder: Decoder) -> (Decoder, &'t str, &'t str) {
        if let Some(rest) = behind(wanted.topic, &wanted.device.id, wanted.called) {
            return (decoder, wanted.device.id.as_str(), rest);
        }
        let is_one_level = |name: Name<'_>| !matches!(name, Name::Id(text) | Name::Topic(text) if text.contains('/'));
        match self.inner.routes.find(wanted.topic, |name| is_one_level(name).then_some(())) {
            Found::Up { decoder: by, name, rest, .. } if by == decoder => (decoder, name, rest),
            _ => (decoder, wanted.device.id.as_str(), wanted.topic),
        }
    }

    /// Takes out what cannot be, as of a message that comes; no value is remembered for the next.
    fn check_trial(&self, device: DeviceNumber, decoded: &mut Decoded) {
        let now_ms = self.inner.world.clock.now_ms();
        let Decoded { readings, events, refused, .. } = decoded;
        let mut is_in_time = |at_ms| stamp::check(at_ms, now_ms).map_err(|bad| refused.push(bad.into())).is_ok();
        readings.retain(|reading| is_in_time(reading.at_ms));
        events.retain(|event| is_in_time(event.at_ms));
        let newest = self.newest_of(device);
        for reading in &mut *readings {
            self.inner.checks.try_out(device, reading, now_ms, &newest, |reason| refused.push(reason));
        }
        readings.retain(|reading| !reading.values.is_empty());
    }
}

/// What follows the device's name in a topic, if it stands there.
fn behind<'t>(topic: &'t str, id: &DeviceId, called: Option<&str>) -> Option<&'t str> {
    let after = |name: &str| {
        let mut found = topic.match_indices(name).map(|(at, _)| (at, at + name.len()));
        let ends = |at: usize| at == topic.len() || topic[at..].starts_with('/');
        let begins = |at: usize| at == 0 || topic[..at].ends_with('/');
        found.find(|(from, to)| begins(*from) && ends(*to)).map(|(_, to)| topic[to..].trim_start_matches('/'))
    };
    called.and_then(after).or_else(|| after(id.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_name_is_what_a_decoder_reads() {
        let id = DeviceId::new("m1").expect("an id");
        for (topic, called, rest) in [
            ("m1/status/switch:0", None, Some("status/switch:0")),
            ("home/m1x/m1/SENSOR", None, Some("SENSOR")),
            ("kitchen/plug/status", Some("kitchen/plug"), Some("status")),
            ("tele/m1", None, Some("")),
            ("status/switch:0", None, None),
            ("", None, None),
        ] {
            assert_eq!(behind(topic, &id, called), rest, "{topic}");
        }
    }
}
