//! Who is signed in. A popover: the browser opens and closes it, with or without a script.

use leptos::prelude::*;
use vigia_domain::user::Role;

use crate::boot::use_boot;
use crate::components::icon::{Icon, Shape};
use crate::components::language_switch::LanguageSwitch;
use crate::components::sign_out::SignOutButton;
use crate::components::theme_switch::ThemeSwitch;
use crate::i18n::{Texts, use_texts};

/// The word for a role.
pub(crate) fn role_word(t: &'static Texts, role: Role) -> &'static str {
    match role {
        Role::Admin => t.role_admin,
        Role::Staff => t.role_staff,
        Role::Viewer => t.role_viewer,
        Role::Customer => t.role_customer,
    }
}

/// Name, colours, language, and the way out.
#[component]
pub(crate) fn Account() -> impl IntoView {
    let t = use_texts();
    let visitor = use_boot().with_value(|boot| boot.visitor.clone());
    let name = visitor.as_ref().map(|v| v.name.clone());
    let email = visitor.as_ref().map(|v| v.email.clone());
    let role = visitor.map(|v| role_word(t, v.role));
    view! {
        <div class="account">
            <button class="account__button" r#type="button" popovertarget="account-sheet">
                <Icon shape=Shape::Person/>
                <span class="account__name"><span dir="auto" title=name>{name.clone()}</span><small>{role}</small></span>
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
