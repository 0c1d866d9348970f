//! The program under development: built, started, stopped.

use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::place::Place;
use crate::{say, tools};

/// A little more than the program itself takes at most to end in order.
const PATIENCE: Duration = Duration::from_secs(12);

#[derive(Debug)]
pub(crate) struct Program {
    arguments: Vec<String>,
    running: Option<Child>,
}

impl Program {
    pub(crate) fn new(arguments: &[&str]) -> Self {
        Self { arguments: arguments.iter().map(|&word| word.to_owned()).collect(), running: None }
    }

    pub(crate) fn build(place: &Place) -> Result<()> {
        let mut cargo = tools::cargo(place);
        cargo.args(["build", "--package", "vigia", "--bin", "vigia"]);
        tools::run(cargo, "cargo")
    }

    pub(crate) fn start(&mut self, place: &Place) -> Result<()> {
        let binary = place.target.join("debug").join("vigia");
        // Ends with us, however we end: a forgotten program would keep the port.
        let mut command = if Command::new("setpriv").arg("--version").output().is_ok() {
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "TERM"]).arg(binary);
            command
        } else {
            Command::new(binary)
        };
        command.current_dir(&place.root).arg("serve").args(&self.arguments);
        self.running = Some(command.spawn().context("cannot start the program")?);
        Ok(())
    }

    /// Asks it to end in order, and waits.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.running.take() else { return Ok(()) };
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        let mut kill = Command::new("kill");
        kill.args(["-TERM", &child.id().to_string()]);
        tools::run(kill, "kill")?;
        let step = Duration::from_millis(20);
        let mut waited = Duration::ZERO;
        while child.try_wait()?.is_none() {
            if waited >= PATIENCE {
                say("the program did not end in time and is killed");
                child.kill()?;
                child.wait()?;
                break;
            }
            sleep(step);
            waited += step;
        }
        Ok(())
    }
}
