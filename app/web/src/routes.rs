//! What the face offers, as data: the server makes its route table from it, and asks the right before the body is read.

use axum::http::Method;
use leptos::server_fn::ServerFn;
use vigia_domain::rights::Action;

use crate::components::language_switch::ChooseLanguage;
use crate::components::sign_out::SignOut;
use crate::pages::device::{LoadDevice, LoadSeries};
use crate::pages::devices::LoadDevices;
use crate::pages::enter::RedeemEntry;
use crate::pages::setup::RedeemSetup;
use crate::pages::sign_in::SignIn;

/// What a visitor needs to get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Open to everybody.
    Open,
    /// This action on the installation.
    Needs(Action),
    /// This action on the device whose id stands in the path as `{id}`.
    NeedsOnDevice(Action),
}

/// A page, answered by [`crate::face::Face::page`] to `GET`.
#[derive(Clone, Copy, Debug)]
pub struct PageRoute {
    /// In axum's grammar.
    pub path: &'static str,
    /// Who may see it.
    pub right: Right,
    /// For the description of the routes.
    pub title: &'static str,
}

/// A server function, answered by [`crate::face::Face::call`].
#[derive(Clone, Debug)]
pub struct FunctionRoute {
    /// Its address, `/ui/...`.
    pub path: &'static str,
    /// `GET` for what reads, `POST` for what changes.
    pub method: Method,
    /// Who may call it. What a reading function shows of one device, it asks again with the device at hand.
    pub right: Right,
    /// For the description of the routes.
    pub title: &'static str,
}

/// Every page. What is not here is answered by `Face::page(Outcome::NotFound, ...)`.
#[must_use]
pub fn pages() -> Vec<PageRoute> {
    let page = |path, right, title| PageRoute { path, right, title };
    vec![
        page("/", Right::Needs(Action::ReadTelemetry), "Device list"),
        page("/devices", Right::Needs(Action::ReadTelemetry), "Device list"),
        page("/devices/{id}", Right::NeedsOnDevice(Action::ReadTelemetry), "Device"),
        page("/sign-in", Right::Open, "Sign in"),
        page("/setup", Right::Open, "Create the first administrator"),
        page("/enter", Right::Open, "Enter the demo"),
    ]
}

/// Every server function.
#[must_use]
pub fn server_functions() -> Vec<FunctionRoute> {
    vec![
        function::<SignIn>(Right::Open, "Sign in with e-mail and password"),
        function::<SignOut>(Right::Needs(Action::OwnAccount), "End the session"),
        function::<RedeemSetup>(Right::Open, "Create the first administrator with a one-time code"),
        function::<RedeemEntry>(Right::Open, "Enter the demo with a one-time code"),
        function::<ChooseLanguage>(Right::Open, "Choose the language of the pages"),
        function::<LoadDevices>(Right::Needs(Action::ReadTelemetry), "The device list's data"),
        function::<LoadDevice>(Right::Needs(Action::ReadTelemetry), "The device page's data"),
        function::<LoadSeries>(Right::Needs(Action::ReadTelemetry), "The device page's history"),
    ]
}

fn function<F>(right: Right, title: &'static str) -> FunctionRoute
where
    F: ServerFn,
    F::Protocol: HasMethod,
{
    FunctionRoute { path: F::PATH, method: <F::Protocol as HasMethod>::method(), right, title }
}

/// The method that a protocol of ours is called by.
trait HasMethod {
    fn method() -> Method;
}

impl<Output> HasMethod for leptos::server_fn::Http<leptos::server_fn::codec::GetUrl, Output> {
    fn method() -> Method {
        Method::GET
    }
}

impl<Output> HasMethod for leptos::server_fn::Http<leptos::server_fn::codec::PostUrl, Output> {
    fn method() -> Method {
        Method::POST
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_server_function_is_listed_with_its_right() {
        let listed: BTreeSet<_> = server_functions().into_iter().map(|f| (f.path.to_owned(), f.method.to_string())).collect();
        let known: BTreeSet<_> =
            leptos::server_fn::axum::server_fn_paths().map(|(path, method)| (path.to_owned(), method.to_string())).collect();
        assert_eq!(listed, known);
    }
}
