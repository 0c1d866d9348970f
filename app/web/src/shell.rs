//! The document around the app. The server alone makes it.

use std::sync::Arc;

use axum::http::{HeaderValue, header};
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::MetaTags;
use vigia_backend::http::assets::AssetNames;

use crate::app::App;
use crate::boot::{Boot, Outcome};
use crate::frame_colour;
use crate::part::{NEEDED, Part};
use crate::passkey_script;

/// What a page is read with comes first, and what moves it when it has been painted: on a slow line they would take the room of each other. A
/// page that nobody sees is not painted, and one whose style is late is moved all the same. Each link is a moment's work, and gets one of its own.
const PAINTED: &str = "const painted=new Promise(go=>{\
    document.hidden?go():new PerformanceObserver(go).observe({type:'paint',buffered:true});setTimeout(go,2000)});\
    painted.then(async()=>{for(const link of document.querySelectorAll('[data-rel]')){\
    link.rel=link.dataset.rel;await new Promise(go=>setTimeout(go))}})";

/// Back and forward, before the page is taken over, change the address and not the page: it would be taken over as another one.
const BACK: &str = "{const page=()=>location.pathname+location.search,was=page();\
    addEventListener('popstate',()=>{const {dataset}=document.documentElement;if(!('ready' in dataset)&&page()!==was){dataset.left='';location.reload()}})}";

pub(crate) fn shell() -> impl IntoView {
    let boot = use_context::<Boot>().unwrap_or_default();
    let assets = use_context::<Arc<AssetNames>>().unwrap_or_default();
    let nonce = use_nonce();
    if let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), &nonce)
        && let Ok(policy) = HeaderValue::from_str(&policy(nonce))
    {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    // Two lines of our own instead of Leptos's component, which knows no hashed names of ours. The WASM is compiled
    // while it arrives: the module gets the address, not the bytes.
    let mut start = format!(
        "painted.then(()=>import({:?})).then(({{default:init,hydrate}})=>init({{module_or_path:{:?}}}).then(hydrate))",
        assets.js, assets.wasm
    );
    start.push_str(crate::offline::REGISTER);
    start.push_str(frame_colour::FOLLOW);
    if cfg!(debug_assertions) {
        start.push_str(crate::reload::SCRIPT);
    }
    let mut first = [PAINTED, BACK].join(";");
    if let Some(origin) = &boot.passkeys {
        first.push(';');
        first.push_str(&passkey_script::offer(origin));
    }
    view! {
        <!DOCTYPE html>
        <html lang=boot.lang.as_str() data-theme=boot.theme.as_str()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                <meta name="color-scheme" content="light dark"/>
                {frame_colour::colours(boot.theme)}
                <meta name="description" content=boot.lang.texts().brand_tagline/>
                <script nonce=nonce.clone() inner_html=first></script>
                <link rel="preload" href=assets.font.clone() r#as="font" r#type="font/woff2" crossorigin="anonymous"/>
                <link rel="stylesheet" href=assets.css.clone()/>
                <link data-rel="modulepreload" href=assets.js.clone()/>
                <link data-rel="preload" href=assets.wasm.clone() r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                {part(&boot, &assets).into_iter().enumerate().map(|(at, file)| view! {
                    <link id=(at == 0).then_some(NEEDED) data-rel="preload" href=file r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                }).collect_view()}
                <link rel="icon" href="/favicon.svg" r#type="image/svg+xml"/>
                <link rel="icon" href="/icon-192.png" r#type="image/png" sizes="192x192"/>
                <link rel="apple-touch-icon" href="/apple-touch-icon.png"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <MetaTags/>
                <script r#type="module" nonce=nonce inner_html=start></script>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The files of the part of the browser half that this page needs besides: they come at the same time as the rest.
fn part(boot: &Boot, assets: &AssetNames) -> Vec<String> {
    match Part::of(&boot.path).filter(|part| *part != Part::Mine || boot.is_customer()) {
        Some(part) if boot.outcome == Outcome::Page => assets.part(part.name()).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Nothing but our own files; scripts only with this page's nonce, or fetched by one that had it.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}
