//! Who is asking: passwords, sessions, tokens, links.

pub mod account;
pub mod api_key;
pub mod app_session;
pub mod changes;
mod key_file;
pub mod links;
pub mod mailed;
pub mod oidc;
pub mod own_data;
pub mod own_second_step;
pub mod passkeys;
pub mod password;
pub mod people;
pub mod principal;
mod recovery;
pub mod redeem;
pub mod register;
pub mod sealing;
pub mod second_step;
pub mod session;
pub mod sign_in;
pub mod signing;
pub mod store;
pub mod token;
mod totp;
pub mod tries;
