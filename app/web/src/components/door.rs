//! What stands around a page for who is not in yet.

use leptos::prelude::*;

use crate::components::language_switch::LanguageSwitch;
use crate::components::mark::Mark;
use crate::components::theme_switch::ThemeSwitch;
use crate::i18n::use_texts;

/// The night that the lookout watches: hills, tower, lamp, and the trace of a day beneath.
const NIGHT: &str = concat!(
    r#"<defs>"#,
    r#"<linearGradient id="beam">"#,
    r#"<stop offset="0" stop-color="rgb(255 198 92)" stop-opacity=".5"/>"#,
    r#"<stop offset="1" stop-color="rgb(255 198 92)" stop-opacity="0"/>"#,
    r#"</linearGradient>"#,
    r#"</defs>"#,
    r#"<path class="door__hills" d="M0 742c90-34 160-30 240-6s150 22 220-4 100-28 140-24v192H0Z"/>"#,
    r#"<path class="door__beam" fill="url(#beam)" d="M196 300 640 96v470L196 328Z"/>"#,
    r#"<path class="door__trace" d="M0 640h70l14-6 16 6h60l12-64h44l10 14 14-14h52l12-70h92l12 8 14-8h60l14 86h40l10-8 16 8h60"/>"#,
    r#"<path class="door__tower" d="M168 340h52l16 560H152Zm-14-20h80v20h-80Zm14-40h52v40h-52Zm-8-10 34-30 34 30Z"/>"#,
    r#"<circle class="door__lamp" cx="194" cy="302" r="15"/>"#,
);

/// For who is not in yet: one card, one thing to do.
#[component]
pub(crate) fn Door(children: Children) -> impl IntoView {
    let t = use_texts();
    view! {
        <div class="door">
            <aside class="door__view" aria-hidden="true">
                <svg viewBox="0 0 600 900" preserveAspectRatio="xMidYMid slice" inner_html=NIGHT></svg>
            </aside>
            <main class="door__main" id="main">
                <header class="door__head">
                    <a class="brand" href="/" rel="external" aria-label=t.brand_home>
                        <Mark/>
                        <span>{t.brand_name}</span>
                    </a>
                    <LanguageSwitch/>
                </header>
                {children()}
                <footer class="door__foot">
                    <ThemeSwitch/>
                    <p class="muted small">{t.brand_tagline}</p>
                </footer>
            </main>
        </div>
    }
}
