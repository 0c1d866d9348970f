//! A forgotten password: the mail is asked for on one page, and its link opens the other.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::codec::Json;
use crate::components::field::{Field, FormError, Submit};
use crate::components::form::{Form, FormState};
use crate::components::title::PageTitle;
use crate::fault::{Fault, FieldFault};
use crate::i18n::use_texts;
use crate::pages::code_door::{CodeDoor, Words};
use crate::part::lazy_page;

/// Lets a link be sent to choose another password with. The way on is the same whether the address has an account.
#[server(prefix = "/ui", endpoint = "forgot", output = Json)]
pub(crate) async fn ask_reset(email: String) -> Result<(), Fault> {
    let lies_in_folder = crate::server::ask_link(email.trim(), true).await?;
    crate::server::go_on(if lies_in_folder { "/sign-in?link=kept" } else { "/sign-in?link=sent" });
    Ok(())
}

/// Gives the link's owner another password, and signs them in.
#[server(prefix = "/ui", endpoint = "reset", output = Json)]
pub(crate) async fn redeem_reset(code: String, password: String) -> Result<(), Fault> {
    let way = crate::server::redeem_reset(code.trim(), &password).await?;
    crate::server::go_on(&way);
    Ok(())
}

lazy_page!(
    /// `/forgot`.
    ForgotRoute,
    doors,
    forgot_code,
    preload_forgot,
    ForgotPage
);

lazy_page!(
    /// `/reset#code`.
    ResetRoute,
    doors,
    reset_code,
    preload_reset,
    ResetPage
);

#[component]
fn ForgotPage() -> impl IntoView {
    let t = use_texts();
    let form = FormState::new(AskReset::PATH);
    let title = t.forgot_title();
    view! {
        <PageTitle page=title/>
        <section class="door__card">
            <h1>{title}</h1>
            <p class="muted">{t.forgot_lead()}</p>
            <Form state=form>
                <FormError text=form.whole(&[FieldFault::Email])/>
                <Field name="email" label=t.setup_email() kind="email" autocomplete="username" autofocus=true value=form.typed("email")
                    error=form.of(&[FieldFault::Email])/>
                <Submit label=t.forgot_submit() working=t.forgot_working() pending=form.pending()/>
            </Form>
            <p><a class="link" href="/sign-in" rel="external">{t.setup_sign_in()}</a></p>
        </section>
    }
}

#[component]
fn ResetPage() -> impl IntoView {
    use FieldFault::{Entry, PasswordLong, PasswordShort, PasswordWeak};
    let t = use_texts();
    let form = FormState::new(RedeemReset::PATH);
    let words = Words { title: t.reset_title(), lead: t.reset_lead(), hint: None, submit: t.reset_submit(), working: t.reset_working() };
    view! {
        <CodeDoor words form faults=(&[Entry], &[Entry, PasswordShort, PasswordLong, PasswordWeak])>
            <Field name="password" label=t.setup_password() kind="password" autocomplete="new-password" hint=Some(t.setup_password_hint())
                error=form.of(&[PasswordShort, PasswordLong, PasswordWeak])/>
        </CodeDoor>
    }
}
