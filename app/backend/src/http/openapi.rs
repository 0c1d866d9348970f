//! The OpenAPI document, made from the table of routes.

use std::collections::BTreeMap;

use axum::http::Method;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Ref, Required, Response, ResponseBuilder, SecurityRequirement,
};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::described::{self, Named};
use super::problem::ProblemBody;
use super::table::{Face, Right, Route, Takes};

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
    for parameter in described::in_path(route.path).chain(route.params.iter().map(Named::in_query)) {
        operation = operation.parameter(parameter);
    }
    operation = operation.request_body(body(route));
    let answer = |doc: &str| {
        let answer = ResponseBuilder::new().description(doc);
        match &route.answer.body {
            Some((kind, schema)) => answer.content(*kind, ContentBuilder::new().schema(schema.clone()).build()),
            None => answer,
        }
    };
    operation = operation.response(route.answer.status.to_string(), answer(route.answer.doc));
    if let Some((status, doc)) = route.answer.or {
        operation = operation.response(status.to_string(), answer(doc));
    }
    for (status, when) in refusals(route) {
        operation = operation.response(status.to_string(), refusal(route, status, &when));
    }
    if route.right != Right::Public {
        operation = operation
            .security(SecurityRequirement::new("bearer", Vec::<String>::new()))
            .security(SecurityRequirement::new("key", Vec::<String>::new()));
    }
    operation
}

fn body(route: &Route) -> Option<RequestBody> {
    let (content_type, body) = route.example.body?;
    let example = serde_json::from_str(body).unwrap_or_else(|_| serde_json::Value::String(body.to_owned()));
    let Takes { fields, schema, or_nothing } = &route.takes;
    let schema = schema.clone().or_else(|| (!fields.is_empty()).then(|| described::object_of(fields)));
    let content = ContentBuilder::new().schema(schema).example(Some(example)).build();
    let required = if *or_nothing { Required::False } else { Required::True };
    Some(RequestBodyBuilder::new().content(content_type, content).required(Some(required)).build())
}

/// Every status with which it refuses, and when. What the route says itself goes before what all of its kind say.
fn refusals(route: &Route) -> BTreeMap<u16, String> {
    let has_body = route.example.body.is_some();
    let mut refusals = vec![(429, "too many requests from you; see Retry-After"), (503, "the database is away; see Retry-After")];
    if route.right != Right::Public {
        refusals.extend([(401, "no credential, or a bad one"), (403, "known, but not allowed")]);
    }
    if route.method != Method::GET {
        refusals.push((403, "a browser says that another site asks"));
    }
    if route.path.contains('{') {
        refusals.push((404, "there is none, or none that you may see"));
    }
    // A route that says itself when it answers 400 does so where the others answer 422.
    let has_own = route.refusals.when.iter().any(|(status, _)| *status == 400);
    if !has_own && (!route.params.is_empty() || has_body) {
        refusals.push((422, "understood, but wrong: the answer names the field"));
    }
    if has_body && !has_own {
        refusals.push((400, "not readable"));
    }
    if !route.takes.fields.is_empty() {
        refusals.push((415, "it is said to be something else than JSON"));
    }
    if has_body {
        refusals.extend([(408, "it did not come in time"), (413, "too large")]);
    }
    let mut found: BTreeMap<u16, String> = BTreeMap::new();
    for (status, when) in route.refusals.when.iter().copied().chain(refusals) {
        let said = found.entry(status).or_default();
        if !said.is_empty() {
            said.push_str("; or ");
        }
        said.push_str(when);
    }
    found
}

fn refusal(route: &Route, status: u16, when: &str) -> Response {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build();
    let mut response = ResponseBuilder::new().description(when).content(PROBLEM, problem);
    if let Some(own) = &route.refusals.body {
        response = response.content("application/json", ContentBuilder::new().schema(Some(own.clone())).build());
    }
    let header = |kind: Type, doc: &str| HeaderBuilder::new().schema(ObjectBuilder::new().schema_type(kind)).description(Some(doc)).build();
    match status {
        401 => response.header("WWW-Authenticate", header(Type::String, "Which credentials there are")),
        429 | 503 => response.header("Retry-After", header(Type::Integer, "When to try again, in seconds")),
        _ => response,
    }
    .build()
}
