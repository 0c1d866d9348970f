//! Fields: empty, filled, wrong; a form that was refused as a whole, and one that is on its way.

use leptos::prelude::*;

use super::{Section, given};
use crate::components::field::{Field, FormError, Submit};
use crate::fault::{Fault, FieldFault};
use crate::i18n::use_texts;

#[component]
pub(super) fn Forms() -> impl IntoView {
    let t = use_texts();
    let none = || Signal::stored(None);
    let wrong = |fault: FieldFault| Signal::stored(Some(fault.text(t)));
    let filled = [given::long_name(), given::RIGHT_TO_LEFT.to_owned(), given::MARKUP.to_owned()];
    let filled = filled.into_iter().enumerate().map(|(at, text)| {
        let id = format!("filled-{at}");
        view! { <div class="field"><label for=id.clone()>{t.settings_name()}</label><input id=id r#type="text" dir="auto" value=text/></div> }
    });
    view! {
        <Section id="forms">
            <div class="settings">
                <div class="card form">
                    <Field name="design-email" label=t.sign_in_email kind="email" autocomplete="off" error=none()/>
                    <Field name="design-password" label=t.sign_in_password kind="password" autocomplete="off" hint=Some(t.setup_password_hint()) error=none()/>
                    <div class="field">
                        <label for="design-lang">{t.settings_language()}</label>
                        <select id="design-lang"><option>{t.language_name}</option></select>
                    </div>
                    <Submit label=t.settings_save() working=t.settings_saving() pending=Signal::stored(false)/>
                </div>
                <div class="card form">
                    <FormError text=Signal::stored(Fault::UNREACHABLE.form_text(t, &[]))/>
                    <Field name="design-taken" label=t.sign_in_email kind="email" autocomplete="off" error=wrong(FieldFault::EmailTaken)/>
                    <Field name="design-short" label=t.sign_in_password kind="password" autocomplete="off" hint=Some(t.setup_password_hint())
                        error=wrong(FieldFault::PasswordShort)/>
                    <Submit label=t.settings_save() working=t.settings_saving() pending=Signal::stored(true)/>
                </div>
                <div class="card form">{filled.collect_view()}</div>
            </div>
        </Section>
    }
}
