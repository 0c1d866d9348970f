//! The doors of our own broker, as the settings want them.

use std::net::Ipv4Addr;

use super::Failure;
use crate::app::App;
use crate::mqtt::embedded::Door;
use crate::tls;

/// The doors. The first is where devices come in; with `for_simulated` the last is open to this machine alone and speaks no TLS,
/// which simulated devices do not speak either.
pub(super) fn of(app: &App, for_simulated: bool) -> Result<Vec<Door>, Failure> {
    let mqtt = &app.settings().mqtt;
    let acceptor = |protocol| mqtt.tls.as_ref().map(|files| tls::acceptor("mqtt", files, protocol, app.lifecycle())).transpose();
    let tls = acceptor("mqtt").map_err(Failure::new)?;
    let mut doors = vec![Door { tls, behind_proxy: mqtt.behind_proxy, ..Door::plain(mqtt.listen) }];
    if let Some(listen) = mqtt.websocket_listen {
        let tls = acceptor("http/1.1").map_err(Failure::new)?;
        doors.push(Door { listen, setting: "mqtt.websocket_listen", tls, websocket: true, behind_proxy: mqtt.behind_proxy });
    }
    if for_simulated {
        doors.push(Door::plain((Ipv4Addr::LOCALHOST, 0).into()));
    }
    Ok(doors)
}
