//! What the doors that open with a one-time code share: the card, the code out of the link, and the way to sign in instead.

use leptos::prelude::*;

use crate::components::field::{Field, FormError, Submit};
use crate::components::form::{Form, FormState};
use crate::components::title::PageTitle;
use crate::fault::FieldFault;
use crate::i18n::use_texts;
use crate::pages::fragment::take_code;

/// Words of a door.
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    pub(super) hint: Option<&'static str>,
    pub(super) submit: &'static str,
    pub(super) working: &'static str,
}

/// A form that begins with the code; `children` are its further fields. One that asks for nothing else (`at_once`) is sent
/// as soon as the link has brought the code.
#[component]
pub(super) fn CodeDoor(
    words: Words,
    form: FormState,
    /// What can be wrong with the code, and with all fields together.
    faults: (&'static [FieldFault], &'static [FieldFault]),
    #[prop(optional)] at_once: bool,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let t = use_texts();
    let Words { title, lead, hint, submit, working } = words;
    let (of_code, of_all) = faults;
    let input = NodeRef::<leptos::html::Input>::new();
    Effect::new(move || {
        if let (Some(input), Some(code)) = (input.get(), take_code()) {
            input.set_value(&code);
            if at_once {
                form.send("code", &code);
            }
        }
    });
    view! {
        <PageTitle page=title/>
        <section class="door__card">
            <h1>{title}</h1>
            <p class="muted">{lead}</p>
            <Form state=form>
                <FormError text=form.whole(of_all)/>
                <Field name="code" label=t.setup_code() kind="text" autocomplete="one-time-code" value=form.typed("code") hint node=input error=form.of(of_code)/>
                {children.map(|children| children())}
                <Submit label=submit working pending=form.pending()/>
            </Form>
            <p><a class="link" href="/sign-in" rel="external">{t.setup_sign_in()}</a></p>
        </section>
    }
}
