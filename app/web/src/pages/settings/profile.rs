//! Name, language and colours, kept in the profile: they are the same in every browser.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vigia_domain::user::Visitor;

use super::SaveProfile;
use crate::boot::Theme;
use crate::components::field::{FormError, Submit};
use crate::components::form::{Form, FormState};
use crate::components::theme_switch::{theme_word, use_theme};
use crate::fault::FieldFault;
use crate::i18n::{Lang, use_texts};

#[component]
pub(super) fn ProfileCard(visitor: Visitor) -> impl IntoView {
    let (t, form, theme) = (use_texts(), FormState::new(SaveProfile::PATH), use_theme());
    let error = form.of(&[FieldFault::Name]);
    // What came back with a refusal stands before what is kept.
    let name = form.typed("name").unwrap_or_else(|| visitor.name.clone());
    let (typed_lang, typed_theme) = (form.typed("lang"), form.typed("theme"));
    let langs = [Lang::Es, Lang::En].map(|lang| {
        let is_chosen = typed_lang.as_deref().map_or(lang == t.lang, |typed| typed == lang.as_str());
        view! { <option value=lang.as_str() lang=lang.as_str() selected=is_chosen>{lang.texts().language_name}</option> }
    });
    let themes = [Theme::System, Theme::Light, Theme::Dark].map(|choice| {
        let typed = typed_theme.as_deref().map(|typed| typed == choice.as_str());
        let is_chosen = move || {
            let is_now = theme.get() == choice;
            typed.unwrap_or(is_now)
        };
        view! { <option value=choice.as_str() selected=is_chosen>{theme_word(t, choice)}</option> }
    });
    // What the form comes with: the language that it shows, which another tab may have changed, and the colours that are kept, which may not
    // be those that a switch shows. What nobody chose for good is kept when it is sent.
    let zone_wrong = form.of(&[FieldFault::Zone]);
    let zone = form.typed("zone").or_else(|| visitor.zone.clone());
    let was_lang = visitor.lang.is_some().then_some(t.lang.as_str());
    view! {
        <section class="card setting">
            <h2>{t.settings_profile()}</h2>
            <Form state=form>
                <input r#type="hidden" name="of" value=visitor.email/>
                <input r#type="hidden" name="was[name]" value=visitor.name/>
                <input r#type="hidden" name="was[lang]" value=was_lang/>
                <input r#type="hidden" name="was[theme]" value=visitor.theme/>
                <input r#type="hidden" name="was[zone]" value=visitor.zone/>
                <FormError text=form.whole(&[FieldFault::Name, FieldFault::Zone])/>
                <div class="field">
                    <label for="profile-name">{t.settings_name()}</label>
                    <input id="profile-name" name="name" r#type="text" value=name autocomplete="name" required=true maxlength="300" dir="auto"
                        aria-invalid=move || error.get().is_some().then_some("true") aria-describedby="profile-name-error"/>
                    <p class="field__error" id="profile-name-error" role="alert">{move || error.get()}</p>
                </div>
                <div class="setting__pair">
                    <div class="field">
                        <label for="profile-lang">{t.settings_language()}</label>
                        <select id="profile-lang" name="lang">{langs}</select>
                    </div>
                    <div class="field">
                        <label for="profile-theme">{t.theme_label}</label>
                        <select id="profile-theme" name="theme">{themes}</select>
                    </div>
                </div>
                <div class="field">
                    <label for="profile-zone">{t.settings_zone()}</label>
                    <input id="profile-zone" name="zone" r#type="text" value=zone maxlength="64" autocomplete="off" spellcheck="false" autocapitalize="none"
                        aria-invalid=move || zone_wrong.get().is_some().then_some("true") aria-describedby="profile-zone-error profile-zone-hint"/>
                    <p class="field__error" id="profile-zone-error" role="alert">{move || zone_wrong.get()}</p>
                    <p class="field__hint" id="profile-zone-hint">{t.settings_zone_hint()}</p>
                </div>
                <Submit label=t.settings_save() working=t.settings_saving() pending=form.pending()/>
            </Form>
        </section>
    }
}
