//! What stands around every page: the frame with its navigation for who is in, the door for who is not.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use vigia_domain::user::Role;

use crate::boot::use_boot;
use crate::components::icon::{Icon, Shape};
use crate::components::language_switch::LanguageSwitch;
use crate::components::live_state::LiveState;
use crate::components::mark::Mark;
use crate::components::notice::Notice;
use crate::components::sign_out::SignOutButton;
use crate::components::theme_switch::ThemeSwitch;
use crate::i18n::use_texts;

/// The night that the lookout watches: hills, tower, lamp, and the trace of a day beneath.
const NIGHT: &str = concat!(
    r#"<defs>"#,
    r#"<linearGradient id="beam">"#,
    r#"<stop offset="0" stop-color="rgb(255 198 92)" stop-opacity=".5"/>"#,
    r#"<stop offset="1" stop-color="rgb(255 198 92)" stop-opacity="0"/>"#,
    r#"</linearGradient>"#,
    r#"</defs>"#,
    r#"<path class="door__hills" d="M0 742c90-34 160-30 240-6s150 22 220-4 100-28 140-24v192H0Z"/>"#,
    r#"<path class="door__beam" fill="url(#beam)" d="M196 300 640 96v470L196 328Z"/>"#,
    r#"<path class="door__trace" d="M0 640h70l14-6 16 6h60l12-64h44l10 14 14-14h52l12-70h92l12 8 14-8h60l14 86h40l10-8 16 8h60"/>"#,
    r#"<path class="door__tower" d="M168 340h52l16 560H152Zm-14-20h80v20h-80Zm14-40h52v40h-52Zm-8-10 34-30 34 30Z"/>"#,
    r#"<circle class="door__lamp" cx="194" cy="302" r="15"/>"#,
);

/// Navigation at the side of wide screens and at the bottom of phones, and the page in it.
#[component]
pub(crate) fn Frame(children: Children) -> impl IntoView {
    let t = use_texts();
    view! {
        <a class="skip" href="#main" rel="external">{t.nav_skip}</a>
        <div class="frame">
            <header class="frame__side">
                <a class="brand" href="/" aria-label=t.brand_home>
                    <Mark/>
                    <span>{t.brand_name}</span>
                </a>
                <LiveState/>
                <div class="frame__bar">
                    <Navigation/>
                    <Account/>
                </div>
            </header>
            <main class="frame__main" id="main" tabindex="-1">
                <Notice/>
                {children()}
            </main>
        </div>
    }
}

#[component]
fn Navigation() -> impl IntoView {
    let (t, location) = (use_texts(), use_location());
    let in_devices = move || location.pathname.with(|path| path == "/" || path.starts_with("/devices"));
    view! {
        <nav class="nav" aria-label=t.nav_main>
            <a href="/devices" aria-current=move || in_devices().then_some("page")>
                <Icon shape=Shape::Device/>
                <span>{t.nav_devices}</span>
            </a>
        </nav>
    }
}

/// Who is signed in. A popover: the browser opens and closes it, with or without a script.
#[component]
fn Account() -> impl IntoView {
    let t = use_texts();
    let visitor = use_boot().with_value(|boot| boot.visitor.clone());
    let name = visitor.as_ref().map(|v| v.name.clone());
    let email = visitor.as_ref().map(|v| v.email.clone());
    let role = visitor.map(|v| match v.role {
        Role::Admin => t.role_admin,
        Role::Staff => t.role_staff,
        Role::Customer => t.role_customer,
    });
    view! {
        <div class="account">
            <button class="account__button" r#type="button" popovertarget="account-sheet">
                <Icon shape=Shape::Person/>
                <span class="account__name">{name}<small>{role}</small></span>
                <span class="account__short">{t.nav_account}</span>
            </button>
            <div class="account__sheet card" id="account-sheet" popover="auto" role="group" aria-label=t.nav_account>
                <p class="muted small">{email}</p>
                <ThemeSwitch/>
                <LanguageSwitch/>
                <SignOutButton/>
            </div>
        </div>
    }
}

/// For who is not in yet: one card, one thing to do.
#[component]
pub(crate) fn Door(children: Children) -> impl IntoView {
    let t = use_texts();
    view! {
        <div class="door">
            <aside class="door__view" aria-hidden="true">
                <svg viewBox="0 0 600 900" preserveAspectRatio="xMidYMid slice" inner_html=NIGHT></svg>
            </aside>
            <main class="door__main" id="main">
                <header class="door__head">
                    <a class="brand" href="/" rel="external" aria-label=t.brand_home>
                        <Mark/>
                        <span>{t.brand_name}</span>
                    </a>
                    <LanguageSwitch/>
                </header>
                {children()}
                <footer class="door__foot">
                    <ThemeSwitch/>
                    <p class="muted small">{t.brand_tagline}</p>
                </footer>
            </main>
        </div>
    }
}
