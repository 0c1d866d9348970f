//! Who is asking: passwords, sessions, tokens, links.

pub mod account;
pub mod changes;
pub mod links;
pub mod mailed;
pub mod password;
pub mod principal;
pub mod redeem;
pub mod session;
pub mod sign_in;
pub mod store;
pub mod token;
pub mod tries;
