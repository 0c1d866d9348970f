//! Devices: who they are, whether they are there, what they last said.

mod gate;
mod list;
mod presence;
mod register;
mod view;
mod watch;

pub use gate::FleetGate;
pub use list::{ListFilter, list};
pub use presence::{Connections, presence_of};
pub use register::{RegisterError, Registered, adopt, register};
pub use view::view;
pub use watch::watch;
