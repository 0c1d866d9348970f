//! What an app is given, and the first code that it writes.

use leptos::prelude::*;

use super::{Offer, PATH, Wrong};
use crate::components::copy::Command;
use crate::components::field::Field;
use crate::i18n::use_texts;

#[component]
pub(super) fn BegunCard(offer: Offer, wrong: Wrong) -> impl IntoView {
    let t = use_texts();
    let Offer { secret, link, side, dark } = offer;
    view! {
        <section class="card setting" aria-labelledby="second-begun">
            <h2 id="second-begun">{t.second_begun()}</h2>
            <p class="small">{t.second_begun_lead()}</p>
            <svg class="scan" viewBox=format!("0 0 {side} {side}") role="img" aria-label=t.second_picture()>
                <path d=dark></path>
            </svg>
            <p><a class="link" href=link rel="external">{t.second_open()}</a></p>
            <p class="small">{t.second_typed()}</p>
            <Command text=secret.clone() label=t.second_typed()/>
            <form class="form" method="post" action=PATH>
                <input r#type="hidden" name="act" value="confirm"/>
                <input r#type="hidden" name="secret" value=secret/>
                <p class="form__error" role="alert">{wrong.whole}</p>
                <Field name="passcode" label=t.second_first() kind="text" autocomplete="one-time-code" autofocus=true error=wrong.signal()/>
                <button class="button button--primary" r#type="submit">{t.second_confirm()}</button>
            </form>
        </section>
    }
}
