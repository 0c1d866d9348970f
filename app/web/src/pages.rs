//! Pages, one a file or folder, each with the server functions that it needs.

pub(crate) mod audit;
mod code_door;
pub(crate) mod design;
pub(crate) mod device;
pub(crate) mod devices;
pub(crate) mod enter;
pub(crate) mod fragment;
pub(crate) mod home;
pub(crate) mod keys;
pub(crate) mod people;
pub(crate) mod register;
pub(crate) mod reset;
pub(crate) mod second_step;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod sign_in;
pub(crate) mod sign_in_code;
pub(crate) mod status;
