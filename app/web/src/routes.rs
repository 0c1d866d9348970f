//! What the face offers, as data: the server makes its route table from it, and asks the right before the body is read.

use axum::Extension;
use axum::extract::Request;
use axum::http::Method;
use leptos::server_fn::ServerFn;
use vigia_backend::http::{Access, Right, Route};
use vigia_domain::rights::{Action, Verdict};

use crate::boot::Outcome;
use crate::components::language_switch::ChooseLanguage;
use crate::components::sign_out::SignOut;
use crate::face::Face;
use crate::pages::device::{LoadDevice, LoadSeries};
use crate::pages::devices::LoadDevices;
use crate::pages::enter::RedeemEntry;
use crate::pages::setup::RedeemSetup;
use crate::pages::sign_in::SignIn;

/// Every page and every server function, each with its right. What is not here is answered by a page that says so.
#[must_use]
pub fn routes(face: &Face) -> Vec<Route> {
    let (devices, device) = (Right::Needs(Action::ReadTelemetry), Right::NeedsDevice(Action::ReadTelemetry));
    let mut routes = vec![
        page(face, "/", devices),
        page(face, "/devices", devices),
        page(face, "/devices/{id}", device),
        page(face, "/sign-in", Right::Public),
        page(face, "/setup", Right::Public),
        page(face, "/enter", Right::Public),
    ];
    routes.extend([
        function::<SignIn>(face, Right::Public).example_body(FORM, "email=ana%40example.org&password=correct+horse&next=%2F"),
        function::<SignOut>(face, Right::Needs(Action::OwnAccount)).example_body(FORM, ""),
        function::<RedeemSetup>(face, Right::Public)
            .example_body(FORM, "code=vgl_x&email=eva%40example.org&name=Eva&password=correct+horse")
            .success(422),
        function::<RedeemEntry>(face, Right::Public).example_body(FORM, "code=vgl_x").success(422),
        function::<ChooseLanguage>(face, Right::Public).example_body(FORM, "lang=en&next=%2F"),
        function::<LoadDevices>(face, devices),
        function::<LoadDevice>(face, device).example_query("?id=m1"),
        function::<LoadSeries>(face, device).example_query("?id=m1&metric=power_w&period=hour"),
    ]);
    routes
}

const FORM: &str = "application/x-www-form-urlencoded";

fn page(face: &Face, path: &'static str, right: Right) -> Route {
    let face = face.clone();
    let show = move |Extension(access): Extension<Access>, request: Request| async move { face.page(outcome(access), request).await };
    Route::get(path, right, show).page()
}

const fn outcome(access: Access) -> Outcome {
    match access {
        Access::Decided(Verdict::Allowed) => Outcome::Page,
        Access::Decided(Verdict::SignIn) => Outcome::SignIn,
        Access::Decided(Verdict::Forbidden) => Outcome::Forbidden,
        Access::Decided(Verdict::Hidden) => Outcome::NotFound,
        Access::Unavailable => Outcome::Unavailable,
        Access::Failed => Outcome::Failed,
    }
}

fn function<F>(face: &Face, right: Right) -> Route
where
    F: ServerFn,
    F::Protocol: HasMethod,
{
    let face = face.clone();
    let call = move |request: Request| async move { face.call(request).await };
    if <F::Protocol as HasMethod>::method() == Method::POST { Route::post(F::PATH, right, call) } else { Route::get(F::PATH, right, call) }
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

    use vigia_backend::http::assets::AssetNames;

    use super::*;

    #[test]
    fn every_server_function_is_listed_with_its_right() {
        let routes = routes(&Face::new(AssetNames::default));
        let listed: BTreeSet<_> =
            routes.iter().filter(|r| r.path.starts_with("/ui/")).map(|r| (r.path.to_owned(), r.method.to_string())).collect();
        let known: BTreeSet<_> =
            leptos::server_fn::axum::server_fn_paths().map(|(path, method)| (path.to_owned(), method.to_string())).collect();
        assert_eq!(listed, known);
    }
}
