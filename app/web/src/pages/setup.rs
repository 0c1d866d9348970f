//! Set-up: the first administrator, by a one-time code.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::codec::Json;
use crate::components::field::{Field, FormError, Submit};
use crate::components::form::{Form, FormState};
use crate::components::title::PageTitle;
use crate::fault::{Fault, FieldFault};
use crate::i18n::use_texts;
use crate::pages::fragment::take_code;

/// Creates the account and signs it in.
#[server(prefix = "/ui", endpoint = "setup", output = Json)]
pub(crate) async fn redeem_setup(code: String, email: String, name: String, password: String) -> Result<(), Fault> {
    crate::server::redeem_setup(code.trim(), email.trim(), name.trim(), &password).await?;
    crate::server::go_on("/");
    Ok(())
}

/// `/setup#code`.
#[component]
pub(crate) fn SetupPage() -> impl IntoView {
    use FieldFault::{Code, Email, EmailTaken, Name, PasswordLong, PasswordShort};
    let t = use_texts();
    let form = FormState::new(RedeemSetup::PATH);
    let code = NodeRef::<leptos::html::Input>::new();
    Effect::new(move || {
        if let (Some(input), Some(found)) = (code.get(), take_code()) {
            input.set_value(&found);
        }
    });
    view! {
        <PageTitle page=t.setup_title/>
        <section class="door__card">
            <h1>{t.setup_title}</h1>
            <p class="muted">{t.setup_lead}</p>
            <Form state=form>
                <FormError text=form.whole(&[Code, Email, EmailTaken, Name, PasswordShort, PasswordLong])/>
                <Field name="code" label=t.setup_code kind="text" autocomplete="one-time-code" hint=t.setup_code_hint node=code error=form.of(&[Code])/>
                <Field name="email" label=t.setup_email kind="email" autocomplete="username" error=form.of(&[Email, EmailTaken])/>
                <Field name="name" label=t.setup_name kind="text" autocomplete="name" error=form.of(&[Name])/>
                <Field name="password" label=t.setup_password kind="password" autocomplete="new-password" hint=t.setup_password_hint
                    error=form.of(&[PasswordShort, PasswordLong])/>
                <Submit label=t.setup_submit working=t.setup_working pending=form.pending()/>
            </Form>
            <p><a class="link" href="/sign-in" rel="external">{t.setup_sign_in}</a></p>
        </section>
    }
}
