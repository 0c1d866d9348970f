//! Set-up: the first administrator, by a one-time code.

use leptos::prelude::*;

use crate::components::field::{Field, FormError, Submit};
use crate::components::title::PageTitle;
use crate::fault::{Fault, FieldFault};
use crate::i18n::use_texts;
use crate::pages::fragment::take_code;

/// Creates the account and signs it in.
#[server(prefix = "/ui", endpoint = "setup")]
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
    let action = ServerAction::<RedeemSetup>::new();
    let fault = move || action.value().with(|v| v.as_ref().and_then(|r| r.as_ref().err().cloned()));
    let of = move |own: &'static [FieldFault]| {
        Signal::derive(move || fault().and_then(|f| f.field).filter(|f| own.contains(f)).map(|f| f.text(t)))
    };
    let other = Signal::derive(move || fault().and_then(|f| f.form_text(t, &[Code, Email, EmailTaken, Name, PasswordShort, PasswordLong])));
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
            <ActionForm action attr:class="form">
                <FormError text=other/>
                <Field name="code" label=t.setup_code kind="text" autocomplete="one-time-code" hint=t.setup_code_hint node=code error=of(&[Code])/>
                <Field name="email" label=t.setup_email kind="email" autocomplete="username" error=of(&[Email, EmailTaken])/>
                <Field name="name" label=t.setup_name kind="text" autocomplete="name" error=of(&[Name])/>
                <Field name="password" label=t.setup_password kind="password" autocomplete="new-password" hint=t.setup_password_hint
                    error=of(&[PasswordShort, PasswordLong])/>
                <Submit label=t.setup_submit working=t.setup_working pending=action.pending()/>
            </ActionForm>
            <p><a class="link" href="/sign-in" rel="external">{t.setup_sign_in}</a></p>
        </section>
    }
}
