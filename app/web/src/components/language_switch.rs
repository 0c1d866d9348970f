//! The other language, one button away, with or without a script.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::codec::Json;
use crate::components::here::use_here;
use crate::components::icon::{Icon, Shape};
use crate::fault::Fault;
use crate::i18n::{Lang, use_texts};

/// Remembers the language and goes back.
#[server(prefix = "/ui", endpoint = "language", output = Json)]
pub(crate) async fn choose_language(lang: Lang, next: String) -> Result<(), Fault> {
    crate::server::choose_language(lang).await?;
    crate::server::go_on(&next);
    Ok(())
}

/// A plain form: the page in the other language is another page.
#[component]
pub(crate) fn LanguageSwitch() -> impl IntoView {
    let (t, here) = (use_texts(), use_here());
    let other = t.lang.other();
    view! {
        <form class="language" method="post" action=ChooseLanguage::url()>
            <input r#type="hidden" name="lang" value=other.as_str()/>
            <input r#type="hidden" name="next" value=here/>
            <button class="button button--quiet" lang=other.as_str() aria-label=t.language_switch_label>
                <Icon shape=Shape::Globe/>
                {t.language_switch}
            </button>
        </form>
    }
}
