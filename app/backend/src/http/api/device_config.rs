//! `PUT` and `GET /api/v1/devices/{id}/config`

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::{Extension, Json};
use serde_json::Map;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use vigia_domain::command::{CONFIG_BYTES, DeviceConfig};
use vigia_domain::rights::{Action, Principal};

use super::json_body::Fields;
use crate::app::App;
use crate::db::DbError;
use crate::db::audit::{Actor, By};
use crate::db::device_config;
use crate::db::devices::Device;
use crate::http::Problem;
use crate::http::access::PathDevice;
use crate::http::table::{Right, Route};
use crate::origin::Origin;

const PATH: &str = "/api/v1/devices/{id}/config";

pub(super) fn routes() -> [Route; 2] {
    [
        // Who may see readings need not see what stands in a configuration.
        Route::get(PATH, Right::NeedsDevice(Action::ManageDevices), get)
            .summary("How the device shall be configured, and which version it says it runs")
            .answers::<DeviceConfig>("the configuration; version 0 while there is none"),
        Route::put(PATH, Right::NeedsDevice(Action::ManageDevices), put)
            .summary(
                "Sets the device's whole configuration, a JSON object of at most 16 KiB; it is told at once, and again whenever it \
                 connects. The same again changes nothing",
            )
            .takes(ObjectBuilder::new().schema_type(Type::Object).build())
            .answers::<DeviceConfig>("the configuration with its version")
            .example_body("application/json", r#"{"interval_s": 10, "calibration": {"voltage_v": 1.012}}"#),
    ]
}

async fn get(State(app): State<App>, Extension(PathDevice(device)): Extension<PathDevice>) -> Result<Json<DeviceConfig>, Problem> {
    Ok(Json(read(&app, &device).await?))
}

async fn put(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(from): Extension<Origin>,
    Extension(PathDevice(device)): Extension<PathDevice>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<DeviceConfig>, Problem> {
    let config = Fields::read(body, CONFIG_BYTES)?.whole_object();
    let by = By { actor: &Actor::of(&principal, &from), at_ms: app.world().clock.now_ms() };
    device_config::set(app.registry(), (device.number, &device.id), &config, by).await?;
    app.downlink().greet(device.number);
    Ok(Json(read(&app, &device).await?))
}

async fn read(app: &App, device: &Device) -> Result<DeviceConfig, DbError> {
    let found = device_config::of(app.registry(), &[device.number]).await?.pop().map(|(_, id, config)| (id, config));
    Ok(found.map_or_else(
        || DeviceConfig { version: 0, config: Map::new(), changed_ms: None, applied_version: None, applied_ms: None, applied_error: None },
        |(_, config)| config,
    ))
}
