//! Devices: who they are, whether they are there, what they last said.

mod cursor;
mod erase;
mod directory;
mod gate;
mod list;
mod page;
mod presence;
mod register;
mod search;
mod view;
mod watch;

pub use cursor::{BadCursor, Cursor};
pub use erase::erase;
pub use directory::Directory;
pub use gate::FleetGate;
pub use list::{ListFilter, MOST_ROWS, USUAL_ROWS, list, visible_devices};
pub use page::{PAGE_ROWS, PageFilter, StateFilter, page};
pub use presence::{Connections, FRESH_MS, presence_of};
pub use register::{NewDevice, RegisterError, Registered, adopt, new_token, register};
pub use view::view;
pub use watch::watch;
