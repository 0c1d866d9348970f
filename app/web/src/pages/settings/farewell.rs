//! What is kept of oneself: taken along, and deleted.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::DeleteAccount;
use crate::components::field::{Field, FormError};
use crate::components::form::{Form, FormState};
use crate::fault::FieldFault;
use crate::i18n::use_texts;

#[component]
pub(super) fn FarewellCard(has_password: bool) -> impl IntoView {
    use FieldFault::PasswordWrong;
    let (t, form) = (use_texts(), FormState::new(DeleteAccount::PATH));
    // What a form without a script is refused for stands in the open.
    #[cfg(not(target_arch = "wasm32"))]
    let open = leptos::attr::custom::custom_attribute("open", form.came_back().then_some(""));
    #[cfg(target_arch = "wasm32")]
    let open = ();
    view! {
        <section class="card setting">
            <h2>{t.settings_data_own()}</h2>
            <p class="muted small">{t.settings_data_lead()}</p>
            <p><a class="link" href="/api/v1/users/me/export" rel="external" download="vigia-my-data.json">{t.settings_data_take()}</a></p>
            <details {..open}>
                <summary>{t.settings_leave()}</summary>
                <p class="small">{t.settings_leave_lead()}</p>
                <Form state=form>
                    <FormError text=form.whole(&[PasswordWrong])/>
                    {has_password.then(|| view! {
                        <Field name="farewell" label=t.settings_password_current() kind="password" autocomplete="current-password"
                            error=form.of(&[PasswordWrong])/>
                    })}
                    <button class="button button--danger" r#type="submit" aria-disabled=move || form.pending().get().then_some("true")>{t.settings_leave_submit()}</button>
                </Form>
            </details>
        </section>
    }
}
