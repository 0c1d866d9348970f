//! A mail, and how it travels: a text and the same as HTML.

use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use lettre::Message;
use lettre::message::{Mailbox, MultiPart};

use super::post::PostError;
use crate::world::World;

/// A mail to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Their address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain.
    pub text: String,
    /// The same as a page.
    pub html: String,
}

impl Mail {
    /// The mail as it travels.
    ///
    /// # Errors
    /// [`PostError`] for an address that no mail can go to; it is final.
    pub(super) fn message(&self, from: Mailbox, world: &World) -> Result<Message, PostError> {
        let to = self.to.parse().map_err(|error| PostError::for_good(format!("the address cannot be written to: {error}")))?;
        let id = format!("<{}@{}>", HEXLOWER.encode(&world.bytes::<16>()), from.email.domain());
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(world.clock.now_ms().try_into().unwrap_or_default());
        Message::builder()
            .from(from)
            .to(Mailbox::new(None, to))
            .subject(&self.subject)
            .date(at)
            .message_id(Some(id))
            .multipart(MultiPart::alternative_plain_html(self.text.clone(), self.html.clone()))
            .map_err(|error| PostError::for_good(error.to_string()))
    }
}
