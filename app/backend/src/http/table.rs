//! The one table of routes: from it come the router, the OpenAPI document and the test of rights.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, patch, post, put};
use utoipa::openapi::{RefOr, Schema};
use vigia_domain::rights::Action;

use super::access::{self, Gatekeeper};
use super::described::{Named, Shape};
use super::measure;
use crate::app::App;

/// Who may call a route. There is no route without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Anybody. Every such route is named in the test of rights, too.
    Public,
    /// Whoever may do this on the installation.
    Needs(Action),
    /// Whoever may do this on the device that `{id}` in the path names, or `id` in the query where the path has none.
    NeedsDevice(Action),
    /// Whoever may do this on the account that `{user}` in the path names, or `user` in the query where the path has none.
    NeedsAccount(Action),
    /// Whoever may do this on some device; the handler asks for each that the body names.
    NeedsSome(Action),
    /// A caller on this machine, or whoever may do this.
    LoopbackOr(Action),
}

/// How a route answers somebody who may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// With a problem.
    Api,
    /// With a page that says so: the handler runs, finds [`super::Access`] and renders the refusal.
    Page,
}

/// A request by the right principal; for the document and the test.
#[derive(Clone, Debug)]
pub struct Example {
    /// What follows the path: a query, with its `?`.
    pub query: &'static str,
    /// Content type and body.
    pub body: Option<(&'static str, &'static str)>,
    /// The status that it ends with: that of success, where no other is said.
    pub ends: u16,
}

/// What a route answers when all is well.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// In words.
    pub doc: &'static str,
    /// Content type and shape.
    pub body: Option<(&'static str, Option<RefOr<Schema>>)>,
    /// Another status of success with the same body.
    pub or: Option<(u16, &'static str)>,
    /// Shapes that it mentions.
    pub mentions: Vec<(String, RefOr<Schema>)>,
}

/// How a route refuses, beside what its right and its parameters say already.
#[derive(Default)]
pub struct Refusals {
    /// Statuses, and when.
    pub when: Vec<(u16, &'static str)>,
    /// What the handler refuses with where it is no problem: a JSON shape of its own.
    pub body: Option<RefOr<Schema>>,
}

/// What a route takes as its body.
#[derive(Default)]
pub struct Takes {
    /// The fields of a JSON object; there are no others.
    pub fields: Vec<Named>,
    /// What it may be where it is no such object.
    pub schema: Option<Schema>,
    /// Whether it may be missing.
    pub or_nothing: bool,
}

/// One route.
pub struct Route {
    /// GET, POST, PUT or DELETE.
    pub method: Method,
    /// The pattern, `{id}` for a device.
    pub path: &'static str,
    /// Who may.
    pub right: Right,
    /// How it refuses.
    pub face: Face,
    /// One line for the document.
    pub summary: &'static str,
    /// Query parameters.
    pub params: Vec<Named>,
    /// Its body.
    pub takes: Takes,
    /// What it answers.
    pub answer: Answer,
    /// How it refuses.
    pub refusals: Refusals,
    /// A request that succeeds.
    pub example: Example,
    handler: MethodRouter<App>,
}

impl Route {
    /// A route that is read.
    pub fn get<T: 'static>(path: &'static str, right: Right, handler: impl Handler<T, App>) -> Self {
        Self::new(Method::GET, path, right, get(handler))
    }

    /// A route that changes something.
    pub fn post<T: 'static>(path: &'static str, right: Right, handler: impl Handler<T, App>) -> Self {
        Self::new(Method::POST, path, right, post(handler))
    }

    /// A route that deletes something.
    pub fn delete<T: 'static>(path: &'static str, right: Right, handler: impl Handler<T, App>) -> Self {
        Self::new(Method::DELETE, path, right, delete(handler))
    }

    /// A route that replaces something as a whole.
    pub fn put<T: 'static>(path: &'static str, right: Right, handler: impl Handler<T, App>) -> Self {
        Self::new(Method::PUT, path, right, put(handler))
    }

    /// A route that changes a part of something.
    pub fn patch<T: 'static>(path: &'static str, right: Right, handler: impl Handler<T, App>) -> Self {
        Self::new(Method::PATCH, path, right, patch(handler))
    }

    fn new(method: Method, path: &'static str, right: Right, handler: MethodRouter<App>) -> Self {
        Self {
            method,
            path,
            right,
            face: Face::Api,
            summary: "",
            params: Vec::new(),
            takes: Takes::default(),
            answer: Answer { status: 200, doc: "done", body: None, or: None, mentions: Vec::new() },
            refusals: Refusals::default(),
            example: Example { query: "", body: None, ends: 200 },
            handler,
        }
    }

    /// Says what it is for.
    #[must_use]
    pub fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// It is a page: refusals are pages, too.
    #[must_use]
    pub fn page(mut self) -> Self {
        self.face = Face::Page;
        self
    }

    /// Names a query parameter that is a text.
    #[must_use]
    pub fn param(self, name: &'static str, required: bool, doc: &'static str) -> Self {
        self.param_of(name, Shape::Text, required, doc)
    }

    /// Names a query parameter.
    #[must_use]
    pub fn param_of(mut self, name: &'static str, shape: Shape, required: bool, doc: &'static str) -> Self {
        self.params.push(Named { name, shape, required, doc });
        self
    }

    /// Names a field of the body, which is a JSON object then.
    #[must_use]
    pub fn field(mut self, name: &'static str, shape: Shape, required: bool, doc: &'static str) -> Self {
        self.takes.fields.push(Named { name, shape, required, doc });
        self
    }

    /// Says what the body may be, where it is no object with named fields.
    #[must_use]
    pub fn takes(mut self, schema: impl Into<Schema>) -> Self {
        self.takes.schema = Some(schema.into());
        self
    }

    /// Says that the body may be missing.
    #[must_use]
    pub fn or_nothing(mut self) -> Self {
        self.takes.or_nothing = true;
        self
    }

    /// Says when it refuses with this status, beside what is said of every route of its right.
    #[must_use]
    pub fn refuses(mut self, status: u16, when: &'static str) -> Self {
        self.refusals.when.push((status, when));
        self
    }

    /// Says that the handler refuses with a JSON of this shape and not with a problem.
    #[must_use]
    pub fn refuses_with<S: utoipa::ToSchema + utoipa::PartialSchema>(mut self) -> Self {
        S::schemas(&mut self.answer.mentions);
        self.refusals.body = Some(S::schema());
        self
    }

    /// Says that it answers with JSON of this shape.
    #[must_use]
    pub fn answers<S: utoipa::ToSchema + utoipa::PartialSchema>(mut self, doc: &'static str) -> Self {
        S::schemas(&mut self.answer.mentions);
        self.answer.doc = doc;
        self.answer.body = Some(("application/json", Some(S::schema())));
        self
    }

    /// Says that it answers with something that is no JSON.
    #[must_use]
    pub fn answers_text(mut self, content_type: &'static str, doc: &'static str) -> Self {
        self.answer.doc = doc;
        self.answer.body = Some((content_type, None));
        self
    }

    /// Says that it succeeds with another status, too.
    #[must_use]
    pub fn or_success(mut self, status: u16, doc: &'static str) -> Self {
        self.answer.or = Some((status, doc));
        self
    }

    /// Says that it leads a browser on.
    #[must_use]
    pub fn leads(mut self, doc: &'static str) -> Self {
        self.answer = Answer { doc, ..self.answer };
        self.success(303)
    }

    /// Gives the query of the example.
    #[must_use]
    pub fn example_query(mut self, query: &'static str) -> Self {
        self.example.query = query;
        self
    }

    /// Gives the body of the example.
    #[must_use]
    pub fn example_body(mut self, content_type: &'static str, body: &'static str) -> Self {
        self.example.body = Some((content_type, body));
        self
    }

    /// Gives the status of success, where it is not 200.
    #[must_use]
    pub fn success(mut self, status: u16) -> Self {
        self.answer.status = status;
        self.example.ends = status;
        self
    }

    /// Gives the status of the example, where it cannot succeed: what it names is not there.
    #[must_use]
    pub fn example_ends(mut self, status: u16) -> Self {
        self.example.ends = status;
        self
    }
}

/// The back end's own part of the table.
#[must_use]
pub fn of_backend() -> Vec<Route> {
    let mut routes = super::api::routes();
    routes.push(super::security_txt::route());
    let document = super::openapi::document(&routes);
    routes.extend(super::docs::routes(document));
    routes
}

/// Makes the router. This is the one place that adds routes, so that none is without its right.
#[expect(clippy::disallowed_methods, reason = "the one place that adds routes")]
pub(super) fn build(app: &App, routes: Vec<Route>) -> Router<App> {
    let mut router = Router::new();
    for route in routes {
        let keeper = Gatekeeper { app: app.clone(), right: route.right, face: route.face, takes_json: !route.takes.fields.is_empty() };
        let handler = route
            .handler
            .layer(from_fn_with_state(keeper, access::ask))
            .layer(from_fn_with_state((app.clone(), route.path), measure::count));
        router = router.route(route.path, handler);
    }
    router
}
