//! The demo's door: a link that signs its visitor in, once.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::codec::Json;
use crate::components::field::{Field, FormError, Submit};
use crate::components::form::{Form, FormState};
use crate::components::title::PageTitle;
use crate::fault::{Fault, FieldFault};
use crate::i18n::use_texts;
use crate::pages::fragment::take_code;

/// Signs the demo's visitor in.
#[server(prefix = "/ui", endpoint = "enter", output = Json)]
pub(crate) async fn redeem_entry(code: String) -> Result<(), Fault> {
    crate::server::redeem_entry(code.trim()).await?;
    crate::server::go_on("/");
    Ok(())
}

/// `/enter#code`. With a script the visitor is in without a click.
#[component]
pub(crate) fn EnterPage() -> impl IntoView {
    let t = use_texts();
    let form = FormState::new(RedeemEntry::PATH);
    let input = NodeRef::<leptos::html::Input>::new();
    Effect::new(move || {
        if let (Some(input), Some(code)) = (input.get(), take_code()) {
            input.set_value(&code);
            form.send("code", &code);
        }
    });
    view! {
        <PageTitle page=t.enter_title/>
        <section class="door__card">
            <h1>{t.enter_title}</h1>
            <p class="muted">{t.enter_lead}</p>
            <Form state=form>
                <FormError text=form.whole(&[FieldFault::Entry])/>
                <Field name="code" label=t.enter_code kind="text" autocomplete="one-time-code" node=input error=form.of(&[FieldFault::Entry])/>
                <Submit label=t.enter_submit working=t.enter_working pending=form.pending()/>
            </Form>
            <p><a class="link" href="/sign-in" rel="external">{t.setup_sign_in}</a></p>
        </section>
    }
}
