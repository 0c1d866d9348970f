//! Heads of pages, from the usual one to those that are all name.

use leptos::prelude::*;

use super::{Section, given};
use crate::components::crumbs::Crumbs;
use crate::components::page_head::PageHead;
use crate::i18n::use_texts;

#[component]
pub(super) fn Heads() -> impl IntoView {
    let t = use_texts();
    view! {
        <Section id="heads">
            <PageHead title="Medidor Cocina" lead=t.devices_count(1204)>
                <button class="button" r#type="button">{t.devices_export}</button>
                <button class="button button--primary" r#type="button">{t.settings_save()}</button>
            </PageHead>
            <Crumbs ways=vec![("/devices".to_owned(), t.nav_devices.to_owned()), ("/devices?q=pozo".to_owned(), given::long_name())]/>
            <PageHead title=given::long_name() lead=t.home_calm_detail/>
            <PageHead title=given::unbroken()/>
            <PageHead title=given::RIGHT_TO_LEFT/>
            <PageHead title=given::PICTURES/>
            <PageHead title=given::MARKUP/>
        </Section>
    }
}
