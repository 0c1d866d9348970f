//! Devices: who they are, whether they are there, what they last said.

mod cursor;
mod gate;
mod gateways;
mod grants;
mod list;
mod page;
mod presence;
mod register;
mod search;
mod view;
mod watch;

pub use cursor::{BadCursor, Cursor};
pub use gate::FleetGate;
pub use gateways::{GatewayError, add_gateway, check_topic, name_topic, remove_gateway, set_gateway};
pub use list::{ListFilter, MOST_ROWS, USUAL_ROWS, list};
pub use page::{PAGE_ROWS, PageFilter, StateFilter, page};
pub use presence::{Connections, presence_of};
pub use register::{NewDevice, RegisterError, Registered, adopt, register};
pub use view::view;
pub use watch::watch;
