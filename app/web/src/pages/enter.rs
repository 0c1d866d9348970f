//! The demo's door: a link that signs its visitor in, once.

use leptos::prelude::*;

use crate::components::field::{Field, FormError, Submit};
use crate::components::title::PageTitle;
use crate::fault::{Fault, FieldFault};
use crate::i18n::use_texts;
use crate::pages::fragment::take_code;

/// Signs the demo's visitor in.
#[server(prefix = "/ui", endpoint = "enter")]
pub(crate) async fn redeem_entry(code: String) -> Result<(), Fault> {
    crate::server::redeem_entry(code.trim()).await?;
    crate::server::go_on("/");
    Ok(())
}

/// `/enter#code`. With a script the visitor is in without a click.
#[component]
pub(crate) fn EnterPage() -> impl IntoView {
    let t = use_texts();
    let action = ServerAction::<RedeemEntry>::new();
    let fault = move || action.value().with(|v| v.as_ref().and_then(|r| r.as_ref().err().cloned()));
    let wrong = Signal::derive(move || fault().and_then(|f| f.field).filter(|f| *f == FieldFault::Entry).map(|f| f.text(t)));
    let other = Signal::derive(move || fault().and_then(|f| f.form_text(t, &[FieldFault::Entry])));
    let input = NodeRef::<leptos::html::Input>::new();
    Effect::new(move || {
        if let (Some(input), Some(code)) = (input.get(), take_code()) {
            input.set_value(&code);
            action.dispatch(RedeemEntry { code });
        }
    });
    view! {
        <PageTitle page=t.enter_title/>
        <section class="door__card">
            <h1>{t.enter_title}</h1>
            <p class="muted">{t.enter_lead}</p>
            <ActionForm action attr:class="form">
                <FormError text=other/>
                <Field name="code" label=t.enter_code kind="text" autocomplete="one-time-code" node=input error=wrong/>
                <Submit label=t.enter_submit working=t.enter_working pending=action.pending()/>
            </ActionForm>
            <p><a class="link" href="/sign-in" rel="external">{t.setup_sign_in}</a></p>
        </section>
    }
}
