//! The command line: one file per verb. Results go to stdout, everything else to stderr.

mod abroad;
mod across;
mod api_key;
mod bench;
mod broker;
mod check;
mod config;
mod demo;
mod device;
mod doors;
mod elsewhere;
mod failure;
mod gateway;
mod lock;
mod logs;
mod provisioning_key;
mod serve;
mod setup_link;
mod simulate;
mod user;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use axum::Router;
use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::Settings;
use crate::db::Databases;
use crate::files;
use crate::lifecycle::Lifecycle;
use crate::world::World;
pub(crate) use failure::Failure;

/// Watches and steers the devices of homes, farms and small utilities.
#[derive(Debug, Parser)]
#[command(name = "vigia", version, disable_help_subcommand = true)]
struct Arguments {
    /// The settings file [default: vigia.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The demo's own data folder; serve adds simulated homes
    #[arg(long, global = true)]
    demo: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run everything
    Serve,
    /// Devices that are not there: real MQTT clients with plausible physics
    Simulate(simulate::Simulate),
    /// Measure: figures as JSON lines
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Prove that what is stored is whole; list what is not
    Check,
    /// Print the settings in force, secrets left out; or the commented defaults
    Config(config::Config),
    /// Print a one-time link to make an administrator
    SetupLink,
    /// Add users, give them passwords, list them
    #[command(subcommand)]
    User(user::User),
    /// Add devices, give them new tokens
    #[command(subcommand)]
    Device(device::Device),
    /// Credentials that speak for several devices: the shared user of many Shellys, a Zigbee2MQTT
    #[command(subcommand)]
    Gateway(gateway::Gateway),
    /// Add API keys
    #[command(subcommand)]
    ApiKey(api_key::ApiKey),
    /// Add and revoke the keys by which unknown devices introduce themselves
    #[command(subcommand)]
    ProvisioningKey(provisioning_key::ProvisioningKey),
}

/// What `main` gives: the machine, and the pages, which this crate knows nothing of.
pub struct Process {
    /// Time and randomness.
    pub world: World,
    /// The environment's variables.
    pub environment: Vec<(String, String)>,
    /// Puts the pages around the interface for scripts.
    pub router: fn(&App) -> Router,
}

/// After so many tasks a worker looks for those that other threads have woken. SQLite's answers come from such threads: the writer would stand in
/// line behind all devices, again and again.
const ANSWERS_EVERY: u32 = 4;

/// Runs one verb. The exit code is 0, 1 when it failed, or 2 when it was called wrongly.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>, process: Process) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return wrong_use(&error),
    };
    match dispatch(arguments, process) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn dispatch(arguments: Arguments, process: Process) -> Result<(), Failure> {
    if let Verb::Config(config::Config { defaults: true }) = arguments.verb {
        return config::print(&Settings::default());
    }
    let mut settings = Settings::load(arguments.config.as_deref(), process.environment.iter().cloned()).map_err(Failure::wrong_use)?;
    if arguments.demo {
        settings = settings.for_demo();
    }
    if let Verb::Config(_) = arguments.verb {
        return config::print(&settings);
    }
    logs::start(&settings.log)?;
    files::raise_limit();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.global_queue_interval(ANSWERS_EVERY).enable_all().build().map_err(Failure::new)?;
    let outcome = runtime.block_on(async {
        match arguments.verb {
            Verb::Serve => serve::run(settings, arguments.demo, process).await,
            Verb::Simulate(asked) => simulate::run(asked, &settings, &process.world, on_signal()?).await,
            Verb::Bench(verb) => bench::run(verb, &process.world).await,
            Verb::Config(_) => unreachable!("answered above"),
            Verb::Check => check::run(&settings).await,
            Verb::SetupLink => setup_link::run(&open(&settings).await?, &settings, &process.world).await,
            Verb::User(verb) => user::run(verb, &open(&settings).await?, &process.world).await,
            Verb::Device(verb) => device::run(verb, &settings, &open(&settings).await?, &process.world).await,
            Verb::Gateway(verb) => gateway::run(verb, &settings, &open(&settings).await?, &process.world).await,
            Verb::ApiKey(verb) => api_key::run(verb, &open(&settings).await?, &process.world).await,
            Verb::ProvisioningKey(verb) => provisioning_key::run(verb, &open(&settings).await?, &process.world).await,
        }
    });
    // Connections that a client keeps half-open must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    outcome
}

/// A token that is cancelled by Ctrl-C or SIGTERM, for verbs without tasks of their own.
fn on_signal() -> Result<CancellationToken, Failure> {
    let lifecycle = Lifecycle::default();
    serve::listen_for_signals(&lifecycle)?;
    Ok(lifecycle.ending())
}

async fn open(settings: &Settings) -> Result<Databases, Failure> {
    Databases::open(settings).await.map_err(Failure::new)
}

/// Help and version as clap prints them; for a mistake one line that says what to do.
fn wrong_use(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let what: Vec<_> = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:")).filter(|line| !line.is_empty()).collect();
    let what = if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        "error: say what to do".to_owned()
    } else {
        what.join(" ")
    };
    Failure::wrong_use(format!("{}; `vigia --help` and `vigia VERB --help` say more", what.trim_start_matches("error: "))).report()
}
