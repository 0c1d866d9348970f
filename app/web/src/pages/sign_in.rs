//! Sign-in: at its own address, and in place of any page that needs somebody.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::components::Redirect;
use leptos_router::hooks::{use_location, use_query_map};

use crate::boot::{Way, use_boot};
use crate::codec::Json;
use crate::components::copy::Command;
use crate::components::field::{Field, FormError, Submit};
use crate::components::form::{Form, FormState};
use crate::components::here::use_here;
use crate::components::passkey::PasskeyButton;
use crate::components::title::PageTitle;
use crate::fault::{Fault, FieldFault};
use crate::i18n::use_texts;
use crate::piece::piece;

/// Begins a session and goes to `next`.
#[server(prefix = "/ui", endpoint = "sign-in", output = Json)]
pub(crate) async fn sign_in(email: String, password: String, next: String) -> Result<(), Fault> {
    let way = crate::server::sign_in(email.trim(), &password, &next).await?;
    crate::server::go_on(&way);
    Ok(())
}

/// What a browser is asked so that somebody comes in with a passkey.
#[server(prefix = "/ui", endpoint = "passkey-ask", output = Json)]
pub(crate) async fn ask_to_enter() -> Result<String, Fault> {
    crate::server::ask_to_enter().await
}

/// Begins a session by what the browser has answered, and goes to `next`.
#[server(prefix = "/ui", endpoint = "passkey", output = Json)]
pub(crate) async fn enter_by_passkey(answer: String, next: String) -> Result<(), Fault> {
    crate::server::enter_by_passkey(&answer).await?;
    crate::server::go_on(&next);
    Ok(())
}

/// Lets a link be sent that signs in. The way on is the same whether the address has an account.
#[server(prefix = "/ui", endpoint = "ask-link", output = Json)]
pub(crate) async fn ask_link(address: String) -> Result<(), Fault> {
    let lies_in_folder = crate::server::ask_link(address.trim(), false).await?;
    crate::server::go_on(if lies_in_folder { "/sign-in?link=kept" } else { "/sign-in?link=sent" });
    Ok(())
}

/// `/sign-in`. Who is in already goes home.
#[component]
pub(crate) fn SignInPage() -> impl IntoView {
    if use_boot().with_value(|boot| boot.visitor.is_some()) {
        view! { <Redirect path="/"/> }.into_any()
    } else {
        let t = use_texts();
        let lead = use_query_map().with_untracked(|query| match query.get_str("link") {
            Some("sent") => t.sign_in_link_sent,
            Some("kept") => t.sign_in_link_kept,
            Some("join") => t.sign_in_join_sent,
            Some("join-kept") => t.sign_in_join_kept,
            Some("waits") => t.sign_in_waits,
            Some("left") => t.sign_in_left,
            _ => t.sign_in_lead,
        });
        view! { <SignInForm next=|| "/".to_owned() lead/> }.into_any()
    }
}

/// At the address of another page, to which it leads.
#[component]
pub(crate) fn SignInInPlace() -> impl IntoView {
    let (t, next) = (use_texts(), use_here());
    let lead = if use_location().pathname.with_untracked(|path| path == "/") { t.sign_in_lead } else { t.sign_in_lead_next };
    view! { <SignInForm next lead/> }
}

#[component]
fn SignInForm(next: impl Fn() -> String + Copy + Send + Sync + 'static, lead: &'static str) -> impl IntoView {
    let t = use_texts();
    let form = FormState::new(SignIn::PATH);
    let boot = use_boot();
    let (registers, ways, said) = boot.with_value(|boot| (boot.registers, boot.ways.clone(), boot.said.clone()));
    let has_passkeys = boot.with_value(|boot| boot.passkeys.is_some());
    view! {
        <PageTitle page=t.sign_in_title/>
        <section class="door__card">
            <h1>{t.sign_in_title}</h1>
            <p class="muted">{lead}</p>
            {said.map(|said| view! { <p class="form__error" role="alert">{said}</p> })}
            {piece(move || view! {
                <Form state=form>
                    <input r#type="hidden" name="next" value=next/>
                    <FormError text=form.whole(&[FieldFault::Credentials])/>
                    <Field name="email" label=t.sign_in_login kind="text" autocomplete="username" autofocus=true value=form.typed("email") error=Signal::stored(None)/>
                    <Field name="password" label=t.sign_in_password kind="password" autocomplete="current-password" error=form.of(&[FieldFault::Credentials])/>
                    <Submit label=t.sign_in_submit working=t.sign_in_working pending=form.pending()/>
                    <p><a class="link" href="/forgot" rel="external">{t.sign_in_forgot}</a></p>
                </Form>
            })}
            {(!ways.is_empty()).then(|| view! { <Ways ways/> })}
            {has_passkeys.then(|| piece(move || view! { <ByPasskey next/> }))}
            {piece(|| view! { <ByMail/> })}
            {registers.then(|| view! { <p><a class="link" href="/register" rel="external">{t.sign_in_register}</a></p> })}
            <details class="door__more">
                <summary>{t.sign_in_first}</summary>
                <p class="muted small">{t.sign_in_first_how}</p>
                <Command text="vigia setup-link" label=t.device_copy/>
                <p><a class="link" href="/setup" rel="external">{t.sign_in_first_link}</a></p>
            </details>
        </section>
    }
}

/// The ways in by somebody else's sign-in.
#[component]
fn Ways(ways: Vec<Way>) -> impl IntoView {
    let ways =
        ways.into_iter().map(|Way { href, says }| view! { <li><a class="button" href=href rel="external" dir="auto">{says}</a></li> });
    view! { <ul class="door__ways">{ways.collect_view()}</ul> }
}

/// The way in with a passkey, seen where the browser can.
#[component]
fn ByPasskey(next: impl Fn() -> String + Send + Sync + 'static) -> impl IntoView {
    let t = use_texts();
    let form = FormState::new(EnterByPasskey::PATH);
    view! {
        <div class="passkey">
            <Form state=form>
                <input r#type="hidden" name="next" value=next/>
                <FormError text=form.whole(&[])/>
                <PasskeyButton asks=AskToEnter::PATH label=t.sign_in_passkey/>
            </Form>
        </div>
    }
}

/// The way in for who has no password at hand.
#[component]
fn ByMail() -> impl IntoView {
    let t = use_texts();
    let form = FormState::new(AskLink::PATH);
    // What a form without a script is refused for stands in the open.
    #[cfg(not(target_arch = "wasm32"))]
    let open = leptos::attr::custom::custom_attribute("open", form.came_back().then_some(""));
    #[cfg(target_arch = "wasm32")]
    let open = ();
    view! {
        <details class="door__more" {..open}>
            <summary>{t.sign_in_link}</summary>
            <Form state=form>
                <FormError text=form.whole(&[FieldFault::Email])/>
                <Field name="address" label=t.sign_in_email kind="email" autocomplete="username" value=form.typed("address") error=form.of(&[FieldFault::Email])/>
                <Submit label=t.sign_in_link_submit working=t.sign_in_link_working pending=form.pending()/>
            </Form>
        </details>
    }
}
