//! What is on its way.

use leptos::prelude::*;

use super::{Section, given};
use crate::components::progress::Progress;
use crate::components::skeleton::{Of, Skeleton};
use crate::i18n::use_texts;

#[component]
pub(super) fn Waiting() -> impl IntoView {
    let t = use_texts();
    let bar = |share: Option<f64>| view! { <Progress label=t.devices_export share=Signal::stored(share)/> };
    view! {
        <Section id="waiting">
            <div class="card design__stack">
                {[Some(0.0), Some(0.64), Some(1.0), None].map(bar)}
                <Progress label=given::long_name() share=Signal::stored(Some(0.004))/>
                <Progress label=given::RIGHT_TO_LEFT share=Signal::stored(Some(0.5))/>
            </div>
            {[Of::Board, Of::List, Of::Device].map(|of| view! { <Skeleton of/> })}
        </Section>
    }
}
