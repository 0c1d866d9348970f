//! The OpenAPI document, made from the table of routes.

use axum::http::Method;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Ref, Required, Response, ResponseBuilder, SecurityRequirement,
};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::problem::ProblemBody;
use super::table::{Face, Right, Route};

const PROBLEM: &str = "application/problem+json";

/// The document of every route that is for scripts; pages and the pages' own calls are left out.
#[must_use]
pub fn document(routes: &[Route]) -> OpenApi {
    let mut components = ComponentsBuilder::new()
        .schema(ProblemBody::name(), ProblemBody::schema())
        .security_scheme("bearer", SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()))
        .security_scheme("key", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key"))));
    let mut paths = PathsBuilder::new();
    for route in routes.iter().filter(|route| route.face == Face::Api && !route.summary.is_empty()) {
        components = components.schemas_from_iter(route.answer.mentions.iter().cloned());
        let method = match route.method {
            Method::POST => HttpMethod::Post,
            Method::DELETE => HttpMethod::Delete,
            Method::PUT => HttpMethod::Put,
            Method::PATCH => HttpMethod::Patch,
            _ => HttpMethod::Get,
        };
        paths = paths.path(route.path, PathItem::new(method, operation(route)));
    }
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Vigía")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some("Readings in, readings out. Times go out as RFC 3339 UTC with milliseconds; ranges are [from, to).")),
        )
        .paths(paths)
        .components(Some(components.build()))
        .build()
}

fn operation(route: &Route) -> OperationBuilder {
    let mut operation = OperationBuilder::new().summary(Some(route.summary));
    for (name, doc) in [
        ("id", "The device's id"),
        ("command", "The command's id"),
        ("unclaimed", "The id that the device wants"),
        ("user", "The number of somebody's account"),
        ("key", "The key's number"),
        ("provider", "The provider's name in the settings"),
    ] {
        if route.path.contains(&format!("{{{name}}}")) {
            operation = operation.parameter(
                ParameterBuilder::new()
                    .name(name)
                    .parameter_in(ParameterIn::Path)
                    .required(Required::True)
                    .description(Some(doc))
                    .schema(Some(ObjectBuilder::new().schema_type(Type::String))),
            );
        }
    }
    for param in &route.params {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(param.name)
                .parameter_in(ParameterIn::Query)
                .required(if param.required { Required::True } else { Required::False })
                .description(Some(param.doc))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String))),
        );
    }
    if let Some((content_type, body)) = route.example.body {
        let example = serde_json::from_str(body).unwrap_or_else(|_| serde_json::Value::String(body.to_owned()));
        let content = ContentBuilder::new().example(Some(example)).build();
        operation =
            operation.request_body(Some(RequestBodyBuilder::new().content(content_type, content).required(Some(Required::True)).build()));
    }
    let mut answer = ResponseBuilder::new().description(route.answer.doc);
    if let Some((content_type, schema)) = &route.answer.body {
        answer = answer.content(*content_type, ContentBuilder::new().schema(schema.clone()).build());
    }
    operation = operation.response(route.answer.status.to_string(), answer);
    for (status, when) in refusals(route) {
        operation = operation.response(status, refusal(when));
    }
    if route.right != Right::Public {
        operation = operation
            .security(SecurityRequirement::new("bearer", Vec::<String>::new()))
            .security(SecurityRequirement::new("key", Vec::<String>::new()));
    }
    operation
}

fn refusals(route: &Route) -> Vec<(&'static str, &'static str)> {
    let mut refusals = vec![("503", "the database is away; see Retry-After")];
    if route.right != Right::Public {
        refusals.extend([("401", "no credential, or a bad one"), ("403", "known, but not allowed")]);
    }
    match route.right {
        Right::NeedsDevice(_) => refusals.push(("404", "no such device, or another's")),
        Right::NeedsAccount(_) => refusals.push(("404", "no such account")),
        _ => {}
    }
    if !route.params.is_empty() || route.example.body.is_some() {
        refusals.push(("422", "understood, but wrong: the answer names the field"));
    }
    if route.example.body.is_some() {
        refusals.extend([("400", "not readable"), ("413", "too large")]);
    }
    refusals
}

fn refusal(when: &str) -> Response {
    let schema = Ref::from_schema_name(ProblemBody::name());
    ResponseBuilder::new().description(when).content(PROBLEM, ContentBuilder::new().schema(Some(schema)).build()).build()
}
