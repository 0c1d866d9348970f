//! `vigia user add EMAIL --role ROLE [--password-stdin]`, `vigia user password EMAIL [--password-stdin]`, `vigia user list`,
//! `vigia user second-step EMAIL --off`

use std::io::{BufRead as _, IsTerminal as _};

use clap::Subcommand;
use prometheus_client::metrics::counter::Counter;
use vigia_domain::user::Role;

use super::Failure;
use super::failure::{mention, say};
use crate::auth::password::{self, Passwords};
use crate::auth::sign_in::is_email;
use crate::db::audit::{Actor, By};
use crate::db::mails::{self, Kind};
use crate::db::users::{self, NewUser, Waits};
use crate::db::{Databases, DbError, registrations, second_steps};
use crate::world::World;

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add a user
    Add {
        /// Their address
        email: String,
        /// admin, staff, viewer or customer
        #[arg(long)]
        role: Role,
        /// Their name
        #[arg(long)]
        name: Option<String>,
        /// Read the password from stdin, one line
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give a user a password; asks for it, and ends every session of theirs
    Password {
        /// Their address
        email: String,
        /// Read the password from stdin, one line
        #[arg(long)]
        password_stdin: bool,
    },
    /// Let somebody in who waits for approval, and write to them
    Approve {
        /// Their address
        email: String,
    },
    /// Take the second step away from a user who lost what writes its codes
    SecondStep {
        /// Their address
        email: String,
        /// Switch it off; there is nothing else to do with it here
        #[arg(long, required = true)]
        off: bool,
    },
    /// List users: address, role, state
    List,
}

pub(super) async fn run(verb: User, databases: &Databases, world: &World) -> Result<(), Failure> {
    match verb {
        User::Add { email, role, name, password_stdin } => {
            if !is_email(&email) {
                return Err(Failure::wrong_use(format!("{email:?} is no e-mail address")));
            }
            let password = if password_stdin { Some(read_password(&[&email, name.as_deref().unwrap_or_default()])?) } else { None };
            add(databases, world, &email, role, name.as_deref().unwrap_or_default(), password.as_deref()).await
        }
        User::Password { email, password_stdin } => {
            let Some(user) = users::by_email(&databases.registry, &email).await.map_err(Failure::new)? else {
                return Err(no_such_user(&email));
            };
            let about = [&*user.email, &*user.name];
            let password = if password_stdin { read_password(&about)? } else { ask_password(&about)? };
            set_password(databases, world, &email, &password).await
        }
        User::Approve { email } => approve(databases, world, &email).await,
        User::SecondStep { email, off: _ } => end_second_step(databases, world, &email).await,
        User::List => list(databases).await,
    }
}

async fn add(databases: &Databases, world: &World, email: &str, role: Role, name: &str, password: Option<&str>) -> Result<(), Failure> {
    let hash = match password {
        Some(password) => Some(Passwords::new(world, Counter::default()).hash(world, password).await),
        None => None,
    };
    let by = By { actor: &Actor::COMMAND_LINE, at_ms: world.clock.now_ms() };
    let new = NewUser { email, name, role, password_hash: hash.as_deref() };
    users::insert(&databases.registry, &new, by)
        .await
        .map_err(|e| if e.is_duplicate() { Failure::new(format!("a user {email} exists already")) } else { Failure::new(e) })?;
    if hash.is_none() {
        mention(format!("{email} has no password and cannot sign in; give them one with: vigia user password {email}"));
    }
    Ok(())
}

async fn set_password(databases: &Databases, world: &World, email: &str, password: &str) -> Result<(), Failure> {
    let hash = Passwords::new(world, Counter::default()).hash(world, password).await;
    let by = By { actor: &Actor::COMMAND_LINE, at_ms: world.clock.now_ms() };
    users::set_password(&databases.registry, email, &hash, by).await.map_err(|error| match error {
        DbError::Missing(_) => no_such_user(email),
        other => Failure::new(other),
    })?;
    mention(format!("{email} has a new password; their sessions have ended"));
    Ok(())
}

async fn approve(databases: &Databases, world: &World, email: &str) -> Result<(), Failure> {
    let registry = &databases.registry;
    let user = users::by_email(registry, email).await.map_err(Failure::new)?.ok_or_else(|| no_such_user(email))?;
    let by = By { actor: &Actor::COMMAND_LINE, at_ms: world.clock.now_ms() };
    if !registrations::approve(registry, user.id, user.role, by).await.map_err(Failure::new)? {
        return Err(Failure::new(format!("{email} does not wait for approval; `vigia user list` shows what they wait for")));
    }
    mails::insert(registry, Kind::Approved, Some(user.id), by.at_ms).await.map_err(Failure::new)?;
    mention(format!("{email} may sign in; a mail tells them so"));
    Ok(())
}

async fn end_second_step(databases: &Databases, world: &World, email: &str) -> Result<(), Failure> {
    let registry = &databases.registry;
    let user = users::by_email(registry, email).await.map_err(Failure::new)?.ok_or_else(|| no_such_user(email))?;
    let by = By { actor: &Actor::COMMAND_LINE, at_ms: world.clock.now_ms() };
    if !second_steps::end(registry, user.id, user.role, by).await.map_err(Failure::new)? {
        return Err(Failure::new(format!("{email} has no second step")));
    }
    mention(format!("{email} signs in without a second step from now on"));
    Ok(())
}

fn no_such_user(email: &str) -> Failure {
    Failure::new(format!("no user has the address {email}; `vigia user list` shows them all"))
}

fn read_password(about: &[&str]) -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(Failure::new)?;
    checked(line.trim_end_matches(['\n', '\r']).to_owned(), about)
}

/// Asks twice, without showing what is typed.
fn ask_password(about: &[&str]) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::wrong_use("there is no terminal to ask for the password; give --password-stdin"));
    }
    let password = checked(rpassword::prompt_password("Password: ").map_err(Failure::new)?, about)?;
    if rpassword::prompt_password("Once more: ").map_err(Failure::new)? != password {
        return Err(Failure::new("the two are not the same; nothing was changed"));
    }
    Ok(password)
}

fn checked(password: String, about: &[&str]) -> Result<String, Failure> {
    password::check(&password, about).map_err(Failure::wrong_use)?;
    Ok(password)
}

async fn list(databases: &Databases) -> Result<(), Failure> {
    for user in users::all(&databases.registry).await.map_err(Failure::new)? {
        let state = match (user.disabled, user.waits, user.password_hash) {
            (true, _, _) => "disabled",
            (false, Some(Waits::Invite), _) => "invited",
            (false, Some(Waits::Mail), _) => "not confirmed",
            (false, Some(Waits::Approval), _) => "waits for approval",
            (false, None, None) => "no password",
            (false, None, Some(_)) => "active",
        };
        say(format!("{}\t{}\t{state}", user.email, user.role.as_str()))?;
    }
    Ok(())
}
