//! A second step that is on: since when, how many recovery codes are left, and what can be done with it.

use leptos::prelude::*;

use super::{PATH, Wrong};
use crate::components::field::Field;
use crate::components::moment::Moment;
use crate::format::Detail;
use crate::i18n::use_texts;

#[component]
pub(super) fn OnCard(since_ms: i64, left: u64, has_password: bool, wrong: Wrong) -> impl IntoView {
    let t = use_texts();
    let (label, hint) =
        if has_password { (t.second_proof(), t.second_proof_hint()) } else { (t.second_proof_code(), t.second_proof_code_hint()) };
    view! {
        <section class="card setting" aria-labelledby="second-on">
            <h2 id="second-on"><span class="badge badge--good"><span class="badge__dot"></span>{t.second_on()}</span></h2>
            <p class="muted small">{t.second_since()} " " <Moment at_ms=since_ms detail=Detail::Minute/></p>
            <p>{t.second_left(left)}</p>
            // One proof for either: whatever is pressed says which.
            <form class="form" method="post" action=PATH>
                <p class="form__error" role="alert">{wrong.whole}</p>
                // Enter presses the first button that sends: none of the two below, of which either costs something.
                <button r#type="submit" disabled=true hidden=true></button>
                <Field name="proof" label kind="password" autocomplete="off" hint=Some(hint) error=wrong.signal()/>
                <button class="button" r#type="submit" name="act" value="codes">{t.second_renew()}</button>
                <button class="button button--danger" r#type="submit" name="act" value="end">{t.second_end()}</button>
            </form>
        </section>
    }
}
