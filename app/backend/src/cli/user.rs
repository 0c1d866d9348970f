//! `vigia user add EMAIL --role ROLE [--password-stdin]`, `vigia user list`

use std::io::BufRead as _;

use clap::Subcommand;
use serde_json::json;
use vigia_domain::user::Role;

use super::Failure;
use super::failure::{mention, say};
use crate::auth::password::{self, Passwords};
use crate::auth::sign_in::is_email;
use crate::db::users::{self, NewUser};
use crate::db::{Databases, audit};
use crate::world::World;

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add a user
    Add {
        /// Their address
        email: String,
        /// admin, staff or customer
        #[arg(long)]
        role: Role,
        /// Their name
        #[arg(long)]
        name: Option<String>,
        /// Read the password from stdin, one line
        #[arg(long)]
        password_stdin: bool,
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
            let password = if password_stdin { Some(read_password()?) } else { None };
            add(databases, world, &email, role, name.as_deref().unwrap_or_default(), password.as_deref()).await
        }
        User::List => list(databases).await,
    }
}

async fn add(databases: &Databases, world: &World, email: &str, role: Role, name: &str, password: Option<&str>) -> Result<(), Failure> {
    let hash = match password {
        Some(password) => Some(Passwords::new(world).hash(world, password).await),
        None => None,
    };
    let now_ms = world.clock.now_ms();
    let new = NewUser { email, name, role, password_hash: hash.as_deref() };
    users::insert(&databases.registry, &new, now_ms)
        .await
        .map_err(|e| if e.is_duplicate() { Failure::new(format!("a user {email} exists already")) } else { Failure::new(e) })?;
    audit::note(&databases.registry, now_ms, "command-line", "user.add", email, &json!({ "role": role.as_str() }))
        .await
        .map_err(Failure::new)?;
    if hash.is_none() {
        mention(format!("{email} has no password and cannot sign in; give one with --password-stdin when adding"));
    }
    Ok(())
}

fn read_password() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(Failure::new)?;
    let password = line.trim_end_matches(['\n', '\r']).to_owned();
    password::check(&password).map_err(Failure::wrong_use)?;
    Ok(password)
}

async fn list(databases: &Databases) -> Result<(), Failure> {
    for user in users::all(&databases.registry).await.map_err(Failure::new)? {
        let state = match (user.enabled, user.password_hash) {
            (false, _) => "disabled",
            (true, None) => "no password",
            (true, Some(_)) => "active",
        };
        say(format!("{}\t{}\t{state}", user.email, user.role.as_str()))?;
    }
    Ok(())
}
