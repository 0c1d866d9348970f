//! Another password, for who knows the one before.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::ChangePassword;
use crate::components::field::{Field, FormError, Submit};
use crate::components::form::{Form, FormState};
use crate::fault::FieldFault;
use crate::i18n::use_texts;

#[component]
pub(super) fn PasswordCard() -> impl IntoView {
    use FieldFault::{PasswordLong, PasswordShort, PasswordWeak, PasswordWrong};
    let (t, form) = (use_texts(), FormState::new(ChangePassword::PATH));
    view! {
        <section class="card setting">
            <h2>{t.settings_password()}</h2>
            <p class="muted small">{t.settings_password_lead()}</p>
            <Form state=form>
                <FormError text=form.whole(&[PasswordWrong, PasswordShort, PasswordLong, PasswordWeak])/>
                <Field name="current" label=t.settings_password_current() kind="password" autocomplete="current-password" error=form.of(&[PasswordWrong])/>
                <Field name="password" label=t.settings_password_new() kind="password" autocomplete="new-password" hint=Some(t.setup_password_hint())
                    error=form.of(&[PasswordShort, PasswordLong, PasswordWeak])/>
                <Submit label=t.settings_password_change() working=t.settings_saving() pending=form.pending()/>
            </Form>
        </section>
    }
}
