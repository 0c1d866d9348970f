//! What goes out to people. So far mails: asked for in the database (`db/mails.rs`), written and sent by [`send_mails`].

mod brevo;
mod letter;
mod mail;
mod post;
mod postman;

pub use letter::Letter;
pub use mail::Mail;
pub use post::{Post, PostError};
pub use postman::{MailsWait, send_mails};
