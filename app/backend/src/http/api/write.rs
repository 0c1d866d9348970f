//! `POST /api/v2/write` and `/write`: InfluxDB's line protocol, as Telegraf and its like send it. All or nothing per request.

use std::collections::HashMap;
use std::io::Read as _;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use flate2::read::MultiGzDecoder;
use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use vigia_domain::decode::line_protocol::{self, BadLine, Rules};
use vigia_domain::ids::DeviceId;
use vigia_domain::rights::{Action, Principal, Verdict};

use crate::app::App;
use crate::http::Problem;
use crate::http::access::of_device;
use crate::http::described::Shape;
use crate::http::table::{Right, Route};
use crate::ingest::{LinesNotTaken, OfDevice};
use crate::mqtt::DeviceIdentity;

/// The largest body after it was unpacked, in bytes: ten thousand long lines.
const UNPACKED_BYTES: u64 = 4 * 1024 * 1024;
/// What a time stamp may count; nothing is `ns`.
const PRECISIONS: [&str; 11] = ["", "ns", "n", "us", "u", "µ", "µs", "ms", "s", "m", "h"];
/// The largest body as it comes; the stack's own limit.
const PACKED: &str = "1 MB";

pub(super) fn routes() -> [Route; 2] {
    ["/api/v2/write", "/write"].map(|path| {
        Route::post(path, Right::NeedsSome(Action::WriteTelemetry), answer)
            .summary("InfluxDB line protocol, all or nothing; answered only after it is stored. A tag names the device")
            .param_of("precision", Shape::OneOf(&PRECISIONS), false, "What time stamps count; ns by default")
            .takes(ObjectBuilder::new().schema_type(Type::String).build())
            // As InfluxDB: nothing is stored of it.
            .or_nothing()
            .refuses(400, "a line cannot be read; the answer names it")
            .refuses(404, "a line names a device that is not there, or another's")
            .refuses(415, "packed in another way than gzip")
            .refuses_with::<LineRefused>()
            .example_query("?precision=s")
            .example_body("text/plain", "house,device=m1 power_w=512.3,relay=true 1772366300")
            .success(204)
    })
}

/// InfluxDB's shape of an error.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct LineRefused {
    /// The kind of error, in InfluxDB's words.
    code: &'static str,
    /// What is wrong.
    message: String,
    /// In which line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
}

struct Refused {
    status: StatusCode,
    body: LineRefused,
}

impl Refused {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let code = match status {
            StatusCode::UNAUTHORIZED => "unauthorized",
            StatusCode::FORBIDDEN => "forbidden",
            StatusCode::NOT_FOUND => "not found",
            StatusCode::PAYLOAD_TOO_LARGE => "request too large",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            status if status.is_server_error() => "internal error",
            _ => "invalid",
        };
        Self { status, body: LineRefused { code, message: message.into(), line: None } }
    }

    fn line(status: StatusCode, line: u64, message: impl Into<String>) -> Self {
        let mut refused = Self::new(status, message);
        refused.body.line = Some(line);
        refused
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert("retry-after", crate::http::problem::RETRY_SECONDS.into());
        }
        response
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::new(problem.status(), problem.detail())
    }
}

impl From<BadLine> for Refused {
    fn from(bad: BadLine) -> Self {
        let status = match bad.problem {
            line_protocol::Problem::TooManyLines => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::line(status, bad.line, bad.to_string())
    }
}

async fn answer(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    query: Result<Query<HashMap<String, String>>, QueryRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refused> {
    let Query(query) = query.map_err(|bad| Refused::new(StatusCode::BAD_REQUEST, bad.body_text()))?;
    if ["u", "p", "token"].iter().any(|name| query.contains_key(*name)) {
        let message = "a credential in an address ends up in logs; send it as Authorization: Token, Bearer or Basic";
        return Err(Refused::new(StatusCode::UNAUTHORIZED, message));
    }
    let precision = query.get("precision").map_or("", String::as_str).parse();
    let precision = precision.map_err(|e: line_protocol::UnknownPrecision| Refused::new(StatusCode::BAD_REQUEST, e.to_string()))?;
    let body = unpacked(&headers, body.map_err(|rejection| too_large_or(rejection.status(), rejection.body_text()))?)?;
    let settings = &app.settings().ingest;
    let own = if let Principal::Device(id) = &principal { Some(id) } else { None };
    let rules = Rules { device_tag: &settings.line_protocol_device_tag, name_tags: &settings.line_protocol_name_tags, precision, own };
    let mut request = Vec::new();
    for part in line_protocol::parse(&body, &rules)? {
        let line = part.lines.first().copied().unwrap_or(1);
        let device = known(&app, &principal, &part.device, line).await?;
        request.push(OfDevice { device, part });
    }
    match app.ingest().lines(request).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(refused @ LinesNotTaken::Line { line, .. }) => Err(Refused::line(StatusCode::BAD_REQUEST, line, refused.to_string())),
        Err(LinesNotTaken::Unavailable(away)) => Err(Problem::from(away).into()),
    }
}

/// The device of a line, if the caller may write to it.
async fn known(app: &App, principal: &Principal, id: &DeviceId, line: u64) -> Result<DeviceIdentity, Refused> {
    match of_device(app, principal, Action::WriteTelemetry, Some(id.clone())).await? {
        (Verdict::Allowed, Some(device)) => {
            app.ingest().know(device.number, device.kind);
            Ok(DeviceIdentity { id: device.id, number: device.number })
        }
        _ => {
            let message =
                format!("line {line}: there is no device {id} that you may write to; add it with: vigia device add {id} --kind KIND");
            Err(Refused::line(StatusCode::NOT_FOUND, line, message))
        }
    }
}

fn unpacked(headers: &HeaderMap, body: Bytes) -> Result<Bytes, Refused> {
    match headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").to_ascii_lowercase()).as_deref() {
        None | Some("" | "identity") => Ok(body),
        Some("gzip" | "x-gzip") => {
            let mut text = Vec::new();
            let read = MultiGzDecoder::new(&*body).take(UNPACKED_BYTES + 1).read_to_end(&mut text);
            read.map_err(|e| Refused::new(StatusCode::BAD_REQUEST, format!("the body is not gzip: {e}")))?;
            if text.len() as u64 > UNPACKED_BYTES {
                return Err(too_large());
            }
            Ok(text.into())
        }
        Some(other) => {
            Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("{other:?} is not read; send gzip, or the text as it is")))
        }
    }
}

fn too_large() -> Refused {
    let most = UNPACKED_BYTES / 1024 / 1024;
    Refused::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("a request has at most {PACKED}, and {most} MB unpacked; send fewer lines at a time"),
    )
}

fn too_large_or(status: StatusCode, text: String) -> Refused {
    if status == StatusCode::PAYLOAD_TOO_LARGE { too_large() } else { Refused::new(status, text) }
}
