//! Devices: who they are, whether they are there, what they last said.

mod abroad;
mod command;
mod cursor;
mod deliver;
mod directory;
mod downlink;
mod erase;
mod gate;
mod gateways;
mod grants;
mod list;
mod page;
mod presence;
mod provision;
mod register;
mod search;
mod view;
mod watch;

pub use abroad::Abroad;
pub use command::{GiveError, Given, Order, give};
pub use cursor::{BadCursor, Cursor};
pub use deliver::{MOST_ATTEMPTS, deliver};
pub use directory::Directory;
pub use downlink::Downlink;
pub use erase::erase;
pub use gate::FleetGate;
pub use gateways::{GatewayError, add_gateway, check_topic, name_topic, remove_gateway, set_gateway};
pub use list::{ListFilter, MOST_ROWS, USUAL_ROWS, list, visible_devices};
pub use page::{PAGE_ROWS, PageFilter, StateFilter, page};
pub use presence::{Connections, FRESH_MS, heard_elsewhere, presence_of};
pub use provision::{Claim, ClaimError, Provisioning, claim, unclaimed};
pub use register::{NewDevice, RegisterError, Registered, adopt, new_token, register};
pub use view::view;
pub use watch::watch;
