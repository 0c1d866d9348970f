//! Invites somebody: a mail brings them the link.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vigia_domain::user::Role;

use super::Invite;
use crate::components::account::role_word;
use crate::components::field::{Field, FormError, Submit};
use crate::components::form::{Form, FormState};
use crate::fault::FieldFault;
use crate::i18n::use_texts;

#[component]
pub(super) fn InviteCard(roles: Vec<Role>) -> impl IntoView {
    use FieldFault::{Email, EmailTaken, Name};
    let (t, form) = (use_texts(), FormState::new(Invite::PATH));
    // The least is offered first: who may do more is chosen knowingly.
    let options = roles.into_iter().rev().map(|role| view! { <option value=role.as_str()>{role_word(t, role)}</option> }).collect_view();
    view! {
        <details class="card people__invite">
            <summary>{t.people_invite()}</summary>
            <Form state=form>
                <FormError text=form.whole(&[Email, EmailTaken, Name])/>
                <div class="setting__pair">
                    <Field name="email" label=t.setup_email() kind="email" autocomplete="off" value=form.typed("email") error=form.of(&[Email, EmailTaken])/>
                    <Field name="name" label=t.setup_name() kind="text" autocomplete="off" value=form.typed("name") error=form.of(&[Name])/>
                    <div class="field">
                        <label for="invite-role">{t.people_role()}</label>
                        <select id="invite-role" name="role">{options}</select>
                    </div>
                </div>
                <Submit label=t.people_invite_submit() working=t.people_invite_working() pending=form.pending()/>
            </Form>
        </details>
    }
}
