//! The app: what both halves render.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{Lazy, path};

use crate::boot::{Boot, Outcome};
use crate::clock::Clock;
use crate::components::door::Door;
use crate::components::frame::Frame;
use crate::components::nav::Counts;
use crate::components::theme_switch::ChosenTheme;
use crate::components::toasts::Toasts;
use crate::live::Live;
use crate::pages::audit::AuditRoute;
use crate::pages::design::DesignRoute;
use crate::pages::device::DeviceRoute;
use crate::pages::devices::DevicesPage;
use crate::pages::enter::EnterRoute;
use crate::pages::home::HomeRoute;
use crate::pages::keys::KeysRoute;
use crate::pages::people::{PeopleRoute, PersonRoute};
use crate::pages::register::{JoinRoute, RegisterRoute};
use crate::pages::reset::{ForgotRoute, ResetRoute};
use crate::pages::second_step::SecondStepRoute;
use crate::pages::settings::SettingsRoute;
use crate::pages::setup::SetupRoute;
use crate::pages::sign_in::{SignInInPlace, SignInPage};
use crate::pages::sign_in_code::CodeRoute;
use crate::pages::status::{Status, StatusPage};

/// Pages outside the frame: for who is not in yet. No link leads from one kind to the other without a new page load.
const DOORS: [&str; 8] = ["/sign-in", "/sign-in/code", "/setup", "/enter", "/forgot", "/reset", "/register", "/join"];

/// The whole of a page; `waited_ms`: so long it stood there before it was taken over, because something it needs did not come at once.
#[component]
pub(crate) fn App(#[prop(optional)] waited_ms: i64) -> impl IntoView {
    let boot = SharedValue::new(|| use_context::<Boot>().unwrap_or_default()).into_inner();
    provide_meta_context();
    provide_context(boot.lang);
    provide_context(Clock::start(boot.now_ms, waited_ms));
    provide_context(Live::new(waited_ms > 0));
    provide_context(ChosenTheme::new(boot.theme));
    provide_context(Toasts::none());
    provide_context(Counts::unknown());
    let (outcome, signed_in) = (boot.outcome, boot.visitor.is_some());
    let is_door = DOORS.contains(&boot.path.trim_end_matches('/'));
    provide_context(StoredValue::new(boot));

    view! {
        <Router>
            {match outcome {
                Outcome::SignIn => view! { <Door><SignInInPlace/></Door> }.into_any(),
                Outcome::Page if is_door => view! { <Door><Pages/></Door> }.into_any(),
                Outcome::Page => view! { <Frame><Pages/></Frame> }.into_any(),
                other => {
                    let status = match other {
                        Outcome::Forbidden => Status::Forbidden,
                        Outcome::NotFound => Status::NotFound,
                        Outcome::Unavailable => Status::Unavailable,
                        Outcome::TooMany => Status::TooMany,
                        Outcome::Busy => Status::Busy,
                        _ => Status::Failed,
                    };
                    if signed_in {
                        view! { <Frame><StatusPage status/></Frame> }.into_any()
                    } else {
                        view! { <Door><StatusPage status/></Door> }.into_any()
                    }
                }
            }}
        </Router>
    }
}

/// One set for both kinds: it is the heaviest part of the app.
#[component]
fn Pages() -> impl IntoView {
    view! {
        <FlatRoutes fallback=|| view! { <StatusPage status=Status::NotFound/> }>
            <Route path=path!("/") view={Lazy::<HomeRoute>::new()}/>
            <Route path=path!("/devices") view=DevicesPage/>
            <Route path=path!("/devices/:id") view={Lazy::<DeviceRoute>::new()}/>
            <Route path=path!("/_design") view={Lazy::<DesignRoute>::new()}/>
            <Route path=path!("/settings") view={Lazy::<SettingsRoute>::new()}/>
            <Route path=path!("/settings/second-step") view={Lazy::<SecondStepRoute>::new()}/>
            <Route path=path!("/people") view={Lazy::<PeopleRoute>::new()}/>
            <Route path=path!("/people/:user") view={Lazy::<PersonRoute>::new()}/>
            <Route path=path!("/keys") view={Lazy::<KeysRoute>::new()}/>
            <Route path=path!("/audit") view={Lazy::<AuditRoute>::new()}/>
            <Route path=path!("/sign-in") view=SignInPage/>
            <Route path=path!("/sign-in/code") view={Lazy::<CodeRoute>::new()}/>
            <Route path=path!("/setup") view={Lazy::<SetupRoute>::new()}/>
            <Route path=path!("/enter") view={Lazy::<EnterRoute>::new()}/>
            <Route path=path!("/forgot") view={Lazy::<ForgotRoute>::new()}/>
            <Route path=path!("/register") view={Lazy::<RegisterRoute>::new()}/>
            <Route path=path!("/join") view={Lazy::<JoinRoute>::new()}/>
            <Route path=path!("/reset") view={Lazy::<ResetRoute>::new()}/>
        </FlatRoutes>
    }
}
