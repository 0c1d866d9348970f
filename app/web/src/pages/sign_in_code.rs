//! The second step of signing in: a code of the app, or a recovery code, from who has passed the first.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_query_map;

use crate::boot::use_boot;
use crate::codec::Json;
use crate::components::field::{Field, FormError, Submit};
use crate::components::form::{Form, FormState};
use crate::components::title::PageTitle;
use crate::fault::{Fault, FieldFault};
use crate::i18n::use_texts;
use crate::part::lazy_page;

/// Signs in who has passed the first step, and goes to `next`.
#[server(prefix = "/ui", endpoint = "second-step", output = Json)]
pub(crate) async fn finish_sign_in(passcode: String, next: String) -> Result<(), Fault> {
    crate::server::finish_sign_in(passcode.trim()).await?;
    crate::server::go_on(&next);
    Ok(())
}

lazy_page!(
    /// `/sign-in/code`.
    CodeRoute,
    doors,
    step_code,
    preload_step,
    CodePage
);

#[component]
fn CodePage() -> impl IntoView {
    if use_boot().with_value(|boot| boot.visitor.is_some()) {
        view! { <Redirect path="/"/> }.into_any()
    } else {
        let (t, form) = (use_texts(), FormState::new(FinishSignIn::PATH));
        let next = use_query_map().with_untracked(|query| query.get_str("next").unwrap_or("/").to_owned());
        view! {
            <PageTitle page=t.step_title()/>
            <section class="door__card">
                <h1>{t.step_title()}</h1>
                <p class="muted">{t.step_lead()}</p>
                <Form state=form>
                    <input r#type="hidden" name="next" value=next/>
                    <FormError text=form.whole(&[FieldFault::StepCode])/>
                    <Field name="passcode" label=t.step_code() kind="text" autocomplete="one-time-code" autofocus=true hint=Some(t.step_hint())
                        error=form.of(&[FieldFault::StepCode])/>
                    <Submit label=t.step_submit() working=t.step_working() pending=form.pending()/>
                </Form>
                <p><a class="link" href="/sign-in" rel="external">{t.step_again()}</a></p>
            </section>
        }
        .into_any()
    }
}
