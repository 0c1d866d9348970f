//! Who may do what, written down by hand.

use vigia_backend::http::Right;
use vigia_domain::rights::Action;

/// Every route with the right that it must have. A route that is added, or whose right changes, is changed here, too.
pub(crate) const RIGHTS: &[(&str, &str, Right)] = &[
    ("GET", "/healthz", Right::Public),
    ("GET", "/readyz", Right::Public),
    ("GET", "/metrics", Right::LoopbackOr(Action::ReadMetrics)),
    ("GET", "/api/v1/devices", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/api/v1/devices/{id}", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/api/v1/devices/{id}/latest", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/api/v1/devices/{id}/telemetry", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/api/v1/devices/{id}/readings.csv", Right::NeedsDevice(Action::ReadTelemetry)),
    ("POST", "/api/v1/devices/{id}/telemetry", Right::NeedsDevice(Action::WriteTelemetry)),
    ("DELETE", "/api/v1/devices/{id}/telemetry", Right::NeedsDevice(Action::DeleteTelemetry)),
    ("POST", "/api/v1/devices/{id}/commands", Right::NeedsDevice(Action::Control)),
    ("GET", "/api/v1/devices/{id}/commands", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/api/v1/devices/{id}/commands/{command}", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/api/v1/devices/{id}/config", Right::NeedsDevice(Action::ManageDevices)),
    ("PUT", "/api/v1/devices/{id}/config", Right::NeedsDevice(Action::ManageDevices)),
    ("GET", "/api/v1/unclaimed", Right::Needs(Action::ManageDevices)),
    ("POST", "/api/v1/unclaimed/{unclaimed}/claim", Right::Needs(Action::ManageDevices)),
    ("POST", "/api/v2/write", Right::NeedsSome(Action::WriteTelemetry)),
    ("POST", "/write", Right::NeedsSome(Action::WriteTelemetry)),
    ("GET", "/api/v1/live", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/api/v1/stream/devices", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/stream/dispositivos", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/api/v1/openapi.json", Right::Public),
    ("GET", "/api/v1/docs", Right::Public),
    ("GET", "/", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/devices", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/devices.csv", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/devices/{id}", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/devices/{id}/readings.csv", Right::NeedsDevice(Action::ReadTelemetry)),
    ("POST", "/devices/{id}", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/settings", Right::Needs(Action::OwnAccount)),
    ("GET", "/people", Right::Needs(Action::ManagePeople)),
    ("GET", "/ui/people", Right::Needs(Action::ManagePeople)),
    ("POST", "/ui/approve", Right::Needs(Action::ManagePeople)),
    ("POST", "/ui/refuse", Right::Needs(Action::ManagePeople)),
    ("POST", "/ui/shut-out", Right::Needs(Action::ManagePeople)),
    ("POST", "/ui/let-in", Right::Needs(Action::ManagePeople)),
    ("POST", "/ui/invite", Right::Needs(Action::ManagePeople)),
    ("GET", "/sign-in", Right::Public),
    ("GET", "/setup", Right::Public),
    ("GET", "/enter", Right::Public),
    ("GET", "/forgot", Right::Public),
    ("GET", "/reset", Right::Public),
    ("GET", "/register", Right::Public),
    ("GET", "/join", Right::Public),
    ("GET", "/offline", Right::Public),
    ("GET", "/sw.js", Right::Public),
    ("POST", "/api/v1/auth/login", Right::Public),
    ("POST", "/api/v1/auth/refresh", Right::Public),
    ("POST", "/api/v1/auth/logout", Right::Public),
    ("GET", "/api/v1/users/me", Right::Needs(Action::OwnAccount)),
    ("PATCH", "/api/v1/users/me", Right::Needs(Action::OwnAccount)),
    ("POST", "/api/iniciar-sesion/", Right::Public),
    ("GET", "/api/usuario/actual/", Right::Needs(Action::OwnAccount)),
    ("POST", "/api/v1/auth/magic-link", Right::Public),
    ("POST", "/api/v1/auth/forgot-password", Right::Public),
    ("POST", "/api/v1/auth/reset-password", Right::Public),
    ("POST", "/api/v1/users/", Right::Public),
    ("POST", "/api/crear-usuario/", Right::Public),
    ("POST", "/ui/sign-in", Right::Public),
    ("POST", "/ui/ask-link", Right::Public),
    ("POST", "/ui/sign-out", Right::Needs(Action::OwnAccount)),
    ("POST", "/ui/setup", Right::Public),
    ("POST", "/ui/enter", Right::Public),
    ("POST", "/ui/forgot", Right::Public),
    ("POST", "/ui/reset", Right::Public),
    ("POST", "/ui/register", Right::Public),
    ("POST", "/ui/join", Right::Public),
    ("POST", "/ui/language", Right::Public),
    ("GET", "/ui/devices", Right::Needs(Action::ReadTelemetry)),
    ("POST", "/ui/columns", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/ui/device", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/ui/series", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/ui/messages", Right::NeedsDevice(Action::ReadTelemetry)),
    ("POST", "/ui/try", Right::NeedsDevice(Action::ReadTelemetry)),
    ("GET", "/ui/find", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/ui/attention", Right::Needs(Action::ManageDevices)),
    ("GET", "/ui/mine", Right::Needs(Action::ReadTelemetry)),
    ("GET", "/ui/settings", Right::Needs(Action::OwnAccount)),
    ("POST", "/ui/profile", Right::Needs(Action::OwnAccount)),
    ("POST", "/ui/theme", Right::Needs(Action::OwnAccount)),
    ("POST", "/ui/password", Right::Needs(Action::OwnAccount)),
    ("POST", "/ui/end-sessions", Right::Needs(Action::OwnAccount)),
];

/// In debug builds alone; its answer has no end, so the walk leaves it out.
pub(crate) const RELOAD: (&str, &str, Right) = ("GET", "/_dev/reload", Right::Public);

/// Routes whose answer has no end: of them only its beginning is looked at.
pub(crate) const ENDLESS: [&str; 2] = ["/api/v1/stream/devices", "/stream/dispositivos"];

/// Who asks, in the order of [`expected`].
pub(crate) const WHO: [&str; 15] = [
    "nobody",
    "a bad token",
    "the owner",
    "another customer",
    "staff",
    "administrator",
    "the device",
    "another device",
    "key telemetry:read",
    "key telemetry:write",
    "key metrics:read",
    "key devices:control",
    "key admin",
    "a revoked key",
    "a disabled user",
];

/// What each of [`WHO`] must hear; 200 stands for success. Written down by hand and not computed, or it would prove nothing.
pub(crate) const fn expected(right: Right) -> [u16; 15] {
    match right {
        Right::Public => [200; 15],
        Right::Needs(Action::ReadTelemetry) => [401, 401, 200, 200, 200, 200, 403, 403, 200, 403, 403, 403, 200, 401, 401],
        Right::Needs(Action::OwnAccount) => [401, 401, 200, 200, 200, 200, 403, 403, 403, 403, 403, 403, 403, 401, 401],
        Right::Needs(Action::ManageDevices | Action::ManagePeople) => {
            [401, 401, 403, 403, 200, 200, 403, 403, 403, 403, 403, 403, 200, 401, 401]
        }
        Right::NeedsDevice(Action::ReadTelemetry) => [401, 401, 200, 404, 200, 200, 200, 404, 200, 403, 403, 403, 200, 401, 401],
        Right::NeedsDevice(Action::WriteTelemetry) => [401, 401, 403, 404, 403, 200, 200, 404, 403, 200, 403, 403, 200, 401, 401],
        Right::NeedsDevice(Action::DeleteTelemetry) => [401, 401, 403, 404, 403, 200, 403, 403, 403, 403, 403, 403, 200, 401, 401],
        Right::NeedsDevice(Action::Control) => [401, 401, 200, 404, 200, 200, 403, 403, 403, 403, 403, 200, 200, 401, 401],
        Right::NeedsDevice(Action::ManageDevices) => [401, 401, 403, 404, 200, 200, 403, 403, 403, 403, 403, 403, 200, 401, 401],
        Right::NeedsSome(Action::WriteTelemetry) => [401, 401, 403, 403, 403, 200, 200, 404, 403, 200, 403, 403, 200, 401, 401],
        Right::LoopbackOr(Action::ReadMetrics) => [401, 401, 403, 403, 403, 200, 403, 403, 403, 403, 200, 403, 200, 401, 401],
        Right::Needs(_) | Right::NeedsDevice(_) | Right::NeedsSome(_) | Right::LoopbackOr(_) => panic!("say here who may do this"),
    }
}
