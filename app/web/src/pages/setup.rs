//! Set-up: the first administrator, by a one-time code.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::codec::Json;
use crate::components::field::Field;
use crate::components::form::FormState;
use crate::fault::{Fault, FieldFault};
use crate::i18n::use_texts;
use crate::pages::code_door::{CodeDoor, Words};
use crate::part::lazy_page;

/// Creates the account and signs it in.
#[server(prefix = "/ui", endpoint = "setup", output = Json)]
pub(crate) async fn redeem_setup(code: String, email: String, name: String, password: String) -> Result<(), Fault> {
    let way = crate::server::redeem_setup(code.trim(), email.trim(), name.trim(), &password).await?;
    crate::server::go_on(&way);
    Ok(())
}

lazy_page!(
    /// `/setup#code`.
    SetupRoute,
    doors,
    setup_code,
    preload_setup,
    SetupPage
);

#[component]
fn SetupPage() -> impl IntoView {
    use FieldFault::{Code, Email, EmailTaken, Name, PasswordLong, PasswordShort, PasswordWeak};
    let t = use_texts();
    let form = FormState::new(RedeemSetup::PATH);
    let words = Words {
        title: t.setup_title(),
        lead: t.setup_lead(),
        hint: Some(t.setup_code_hint()),
        submit: t.setup_submit(),
        working: t.setup_working(),
    };
    view! {
        <CodeDoor words form faults=(&[Code], &[Code, Email, EmailTaken, Name, PasswordShort, PasswordLong, PasswordWeak])>
            <Field name="email" label=t.setup_email() kind="email" autocomplete="username" value=form.typed("email") error=form.of(&[Email, EmailTaken])/>
            <Field name="name" label=t.setup_name() kind="text" autocomplete="name" value=form.typed("name") error=form.of(&[Name])/>
            <Field name="password" label=t.setup_password() kind="password" autocomplete="new-password" hint=Some(t.setup_password_hint())
                error=form.of(&[PasswordShort, PasswordLong, PasswordWeak])/>
        </CodeDoor>
    }
}
