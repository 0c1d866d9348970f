//! Giving a device a command.

use data_encoding::HEXLOWER;
use serde_json::{Map, Value};
use vigia_domain::command::{Command, MOST_EXPIRY_S, MOST_WAITING, PARAMS_BYTES, USUAL_EXPIRY_S};
use vigia_domain::reading::check_name;

use crate::app::App;
use crate::db::DbError;
use crate::db::audit::{Actor, By};
use crate::db::commands::{self, Inserted, NewCommand};
use crate::mqtt::DeviceIdentity;

/// What somebody wants a device to do.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// An id of their own, so that they can ask twice without its being done twice.
    pub id: Option<String>,
    /// What to do.
    pub name: String,
    /// With what.
    pub params: Map<String, Value>,
    /// For how long it is good, in seconds; an hour without it.
    pub expires_in_s: Option<i64>,
}

/// A command that is there now.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// It was made.
    New(Command),
    /// It had been given before, with this id.
    Known(Command),
}

/// Why a command was not given.
#[derive(Debug, thiserror::Error)]
pub enum GiveError {
    /// Its name breaks the grammar.
    #[error("a command's name has 1 to 64 letters, digits and : _ . -")]
    Name,
    /// Its id breaks the grammar.
    #[error("a command's id has 1 to 64 letters, digits and : _ . -")]
    Id,
    /// Its parameters are too large.
    #[error("the parameters have {0} bytes; a command takes at most {PARAMS_BYTES}")]
    Params(usize),
    /// It would be good for too short or too long.
    #[error("a command is good for 1 to {MOST_EXPIRY_S} seconds")]
    Expiry,
    /// Another command of the device has this id.
    #[error("the device has another command with this id; choose another id, or none")]
    Taken,
    /// Too many wait.
    #[error("{MOST_WAITING} commands wait for this device; it takes new ones when it has answered some or they have expired")]
    Full,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Gives a device a command. It is sent as soon as the device is there.
///
/// # Errors
/// [`GiveError`]; there is no new command then.
pub async fn give(app: &App, actor: &Actor, device: &DeviceIdentity, order: &Order) -> Result<Given, GiveError> {
    check_name(&order.name).map_err(|_| GiveError::Name)?;
    let made = HEXLOWER.encode(&app.world().bytes::<12>());
    let id = order.id.as_deref().unwrap_or(&made);
    check_name(id).map_err(|_| GiveError::Id)?;
    let bytes = Value::Object(order.params.clone()).to_string().len();
    if bytes > PARAMS_BYTES {
        return Err(GiveError::Params(bytes));
    }
    let expires_in_s = order.expires_in_s.unwrap_or(USUAL_EXPIRY_S);
    if !(1..=MOST_EXPIRY_S).contains(&expires_in_s) {
        return Err(GiveError::Expiry);
    }
    let by = By { actor, at_ms: app.world().clock.now_ms() };
    let expires_ms = by.at_ms + expires_in_s * 1_000;
    let new = NewCommand { device: (device.number, &device.id), id, name: &order.name, params: &order.params, expires_ms };
    let inserted = match commands::insert(app.registry(), &new, by).await {
        // Asked for twice at the same moment.
        Err(error) if error.is_duplicate() => commands::insert(app.registry(), &new, by).await?,
        inserted => inserted?,
    };
    match inserted {
        Inserted::New(command) => {
            app.downlink().tell(&device.id, &command.id, command.state);
            app.downlink().waits(device, expires_ms);
            Ok(Given::New(command))
        }
        Inserted::Known(known) if known.name == order.name && known.params == order.params => Ok(Given::Known(known)),
        Inserted::Known(_) => Err(GiveError::Taken),
        Inserted::Full => Err(GiveError::Full),
    }
}
