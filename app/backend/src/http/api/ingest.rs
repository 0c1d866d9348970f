//! `POST /api/v1/devices/{id}/telemetry`

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, SchemaType, Type};
use vigia_domain::limits::PAYLOAD_BYTES;
use vigia_domain::reason::Reason;
use vigia_domain::rights::Action;

use crate::app::App;
use crate::http::Problem;
use crate::http::access::PathDevice;
use crate::http::table::{Right, Route};
use crate::ingest::NotTaken;
use crate::mqtt::DeviceIdentity;

/// What was stored.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Stored {
    /// How many readings.
    stored: usize,
}

pub(super) fn route() -> Route {
    Route::post("/api/v1/devices/{id}/telemetry", Right::NeedsDevice(Action::WriteTelemetry), answer)
        .summary(
            "One reading or an array of them, all or nothing; answered only after they are stored. Numbers and booleans are metrics, texts are \
             attributes of the device, and ts is the time: Unix seconds or milliseconds, or RFC 3339; the server's own when not given",
        )
        .takes(readings())
        .answers::<Stored>("stored")
        .example_body("application/json", r#"{"power_w": 512.3, "voltage_v": 127.1}"#)
        .success(202)
}

fn readings() -> Schema {
    let value = ObjectBuilder::new().schema_type(SchemaType::Array(vec![Type::Number, Type::Boolean, Type::String, Type::Null]));
    let reading = ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(value)).build();
    AnyOfBuilder::new().item(reading.clone()).item(ArrayBuilder::new().items(reading)).build().into()
}

async fn answer(
    State(app): State<App>,
    Extension(PathDevice(device)): Extension<PathDevice>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Stored>), Problem> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a payload has at most {PAYLOAD_BYTES} bytes"))
        }
        status => Problem::new(status, rejection.body_text()),
    })?;
    let identity = DeviceIdentity { id: device.id.clone(), number: device.number };
    app.ingest().know(device.number, device.kind);
    let taken = app.ingest().readings(&identity, &body).await;
    if let Err(NotTaken::Refused(reason)) = &taken {
        // The sender hears it, and whoever looks at the device's page sees it, too.
        app.ingest().quarantine(&identity, "HTTP", reason.clone(), &body, true).await;
    }
    match taken {
        Ok(stored) => Ok((StatusCode::ACCEPTED, Json(Stored { stored }))),
        Err(NotTaken::Unavailable(away)) => Err(away.into()),
        Err(NotTaken::Refused(reason @ Reason::TooLarge { .. })) => Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, reason.to_string())),
        Err(NotTaken::Refused(reason @ (Reason::Empty | Reason::NotJson { .. }))) => {
            Err(Problem::new(StatusCode::BAD_REQUEST, reason.to_string()))
        }
        Err(NotTaken::Refused(reason)) => Err(Problem::field(field_of(&reason), shortened(&reason.to_string()))),
    }
}

/// The field that a reason speaks of.
fn field_of(reason: &Reason) -> String {
    match reason {
        Reason::TimeUnreadable { .. } | Reason::TimeTooEarly { .. } | Reason::TimeTooLate { .. } => "ts".to_owned(),
        Reason::BadName { name }
        | Reason::NotFinite { name }
        | Reason::TextTooLong { name }
        | Reason::OutOfRange { name, .. }
        | Reason::TooFast { name, .. } => shortened(name),
        Reason::WrongType { field, .. } if !field.is_empty() => shortened(field),
        Reason::Element { reason, .. } => field_of(reason),
        _ => "body".to_owned(),
    }
}

/// A sender's own words are given back, but not without end.
fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}
