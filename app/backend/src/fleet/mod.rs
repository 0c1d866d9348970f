//! Devices: who they are, whether they are there, what they last said.

mod gate;
mod list;
mod presence;
mod register;
mod view;

pub use gate::FleetGate;
pub use list::{ListFilter, is_online, list};
pub use presence::Connections;
pub use register::{RegisterError, Registered, adopt, register};
pub use view::view;
