//! `vigia config [--defaults]`

use clap::Args;

use super::Failure;
use super::failure::say;
use crate::config::Settings;

#[derive(Debug, Args)]
pub(super) struct Config {
    /// The commented defaults instead
    #[arg(long)]
    pub(super) defaults: bool,
}

pub(super) fn print(settings: &Settings) -> Result<(), Failure> {
    say(settings.to_toml().trim_end())
}
