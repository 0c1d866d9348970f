//! How people come in for the first time: they ask for an account on one page, and the link that is mailed to them, or an invitation, opens the other.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::boot::use_boot;
use crate::codec::Json;
use crate::components::field::{Field, FormError, Submit};
use crate::components::form::{Form, FormState};
use crate::components::title::PageTitle;
use crate::fault::{Fault, FieldFault};
use crate::i18n::use_texts;
use crate::pages::code_door::{CodeDoor, Words};
use crate::part::lazy_page;

/// Asks for an account. The way on is the same whether the address has one.
#[server(prefix = "/ui", endpoint = "register", output = Json)]
pub(crate) async fn ask_account(email: String, name: String) -> Result<(), Fault> {
    let lies_in_folder = crate::server::register(email.trim(), name.trim()).await?;
    crate::server::go_on(if lies_in_folder { "/sign-in?link=join-kept" } else { "/sign-in?link=join" });
    Ok(())
}

/// Opens the link: its owner chooses a password, and is in or waits for an operator's word.
#[server(prefix = "/ui", endpoint = "join", output = Json)]
pub(crate) async fn redeem_join(code: String, name: String, password: String) -> Result<(), Fault> {
    let way = crate::server::redeem_join(code.trim(), name.trim(), &password).await?;
    crate::server::go_on(&way);
    Ok(())
}

lazy_page!(
    /// `/register`, where everybody may.
    RegisterRoute,
    doors,
    register_code,
    preload_register,
    RegisterPage
);

lazy_page!(
    /// `/join#code`.
    JoinRoute,
    doors,
    join_code,
    preload_join,
    JoinPage
);

#[component]
fn RegisterPage() -> impl IntoView {
    use FieldFault::{Email, Name};
    let t = use_texts();
    let form = FormState::new(AskAccount::PATH);
    let title = t.register_title();
    // Whoever kept the address is told why there is nothing to fill in.
    let is_open = use_boot().with_value(|boot| boot.registers);
    view! {
        <PageTitle page=title/>
        <section class="door__card">
            <h1>{title}</h1>
            {if is_open {
                view! {
                    <p class="muted">{t.register_lead()}</p>
                    <Form state=form>
                        <FormError text=form.whole(&[Email, Name])/>
                        <Field name="email" label=t.setup_email() kind="email" autocomplete="username" autofocus=true value=form.typed("email") error=form.of(&[Email])/>
                        <Field name="name" label=t.setup_name() kind="text" autocomplete="name" value=form.typed("name") error=form.of(&[Name])/>
                        <Submit label=t.register_submit() working=t.register_working() pending=form.pending()/>
                    </Form>
                }.into_any()
            } else {
                view! { <p>{t.fault_closed}</p> }.into_any()
            }}
            <p><a class="link" href="/sign-in" rel="external">{t.setup_sign_in()}</a></p>
        </section>
    }
}

#[component]
fn JoinPage() -> impl IntoView {
    use FieldFault::{Entry, Name, PasswordLong, PasswordShort, PasswordWeak};
    let t = use_texts();
    let form = FormState::new(RedeemJoin::PATH);
    let words = Words { title: t.join_title(), lead: t.join_lead(), hint: None, submit: t.join_submit(), working: t.join_working() };
    view! {
        <CodeDoor words form faults=(&[Entry], &[Entry, Name, PasswordShort, PasswordLong, PasswordWeak])>
            <Field name="name" label=t.setup_name() kind="text" autocomplete="name" value=form.typed("name") error=form.of(&[Name])/>
            <Field name="password" label=t.setup_password() kind="password" autocomplete="new-password" hint=Some(t.setup_password_hint())
                error=form.of(&[PasswordShort, PasswordLong, PasswordWeak])/>
        </CodeDoor>
    }
}
