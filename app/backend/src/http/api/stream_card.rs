//! A device as the IoT Backend's apps know it, as one event.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use vigia_domain::device::Presence;
use vigia_domain::time;

use crate::app::App;
use crate::db::devices::Device;
use crate::fleet::presence_of;

#[derive(Serialize)]
struct Card<'a> {
    id: i64,
    serial_number: &'a str,
    nombre: &'a str,
    tipo: &'a str,
    modelo: Option<&'a str>,
    descripcion: Option<&'a str>,
    estado: &'a str,
    parametros: BTreeMap<String, f64>,
    configuracion: Configuration<'a>,
    reclamado: bool,
    event: &'static str,
    /// Beside the document: whether it is there, and when it was last heard of.
    online: bool,
    seen_at: Option<String>,
}

/// What is known of how the device is set: what it said of itself.
#[derive(Serialize)]
struct Configuration<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    modo: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encendido: Option<bool>,
}

/// Appends the event. It has no name: apps listen to messages without one, and the content says what it is. Its `id` says until when
/// everything was told, so only the last of what waited has one.
pub(super) fn write(text: &mut String, app: &App, device: &Device, words: BTreeMap<String, String>, id: Option<i64>) {
    let latest = app.store().latest(device.number);
    let value = |name: &str| latest.iter().find(|v| v.metric == name).map(|v| v.value);
    let word = |names: &[&str]| names.iter().find_map(|name| words.get(*name)).map(String::as_str);
    let online = presence_of(app, device.number) == Presence::Online;
    let card = Card {
        id: device.number.0,
        serial_number: device.id.as_str(),
        nombre: &device.name,
        tipo: word(&["tipo"]).unwrap_or(device.kind.as_str()),
        modelo: word(&["modelo", "model"]),
        descripcion: word(&["descripcion", "description"]),
        estado: word(&["estado"]).unwrap_or(if online { "activo" } else { "inactivo" }),
        configuracion: Configuration { modo: word(&["modo"]), encendido: value("encendido").or(value("output")).map(|on| on > 0.0) },
        parametros: latest.iter().map(|v| (v.metric.clone(), v.value)).collect(),
        reclamado: device.owner.is_some(),
        event: "device_update",
        online,
        seen_at: app.store().seen_ms(device.number).map(time::to_text),
    };
    let json = serde_json::to_string(&card).expect("texts, numbers and truths are always JSON");
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    write!(text, "data: {json}\n{id}\n").expect("a text takes any text");
}
