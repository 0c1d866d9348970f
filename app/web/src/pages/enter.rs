//! The demo's door: a link that signs its visitor in, once.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::codec::Json;
use crate::components::form::FormState;
use crate::fault::{Fault, FieldFault};
use crate::i18n::use_texts;
use crate::pages::code_door::{CodeDoor, Words};
use crate::part::lazy_page;

/// Signs the demo's visitor in.
#[server(prefix = "/ui", endpoint = "enter", output = Json)]
pub(crate) async fn redeem_entry(code: String) -> Result<(), Fault> {
    let way = crate::server::redeem_entry(code.trim()).await?;
    crate::server::go_on(&way);
    Ok(())
}

lazy_page!(
    /// `/enter#code`. With a script the visitor is in without a click.
    EnterRoute,
    doors,
    enter_code,
    preload_enter,
    EnterPage
);

#[component]
fn EnterPage() -> impl IntoView {
    const FAULTS: &[FieldFault] = &[FieldFault::Entry];
    let t = use_texts();
    let words = Words { title: t.enter_title(), lead: t.enter_lead(), hint: None, submit: t.enter_submit(), working: t.enter_working() };
    view! { <CodeDoor words form=FormState::new(RedeemEntry::PATH) faults=(FAULTS, FAULTS) at_once=true/> }
}
