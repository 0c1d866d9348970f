//! Leaving.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::codec::Json;
use crate::components::icon::{Icon, Shape};
use crate::fault::Fault;
use crate::i18n::use_texts;

/// Ends the session.
#[server(prefix = "/ui", endpoint = "sign-out", output = Json)]
pub(crate) async fn sign_out() -> Result<(), Fault> {
    crate::server::sign_out().await?;
    crate::server::go_on("/sign-in");
    Ok(())
}

/// A plain form: who leaves gets a new page.
#[component]
pub(crate) fn SignOutButton() -> impl IntoView {
    view! {
        <form class="sign-out" method="post" action=SignOut::url()>
            <button class="button button--quiet">
                <Icon shape=Shape::Leave/>
                {use_texts().sign_out_submit}
            </button>
        </form>
    }
}
