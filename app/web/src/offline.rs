//! What a browser keeps for the time without a line: one page that says so, and the worker that shows it. Of what belongs to anybody
//! nothing is kept.
//!
//! Both are made here and not files of `public/`: the page has its words from the locales, and the worker names the files of this very
//! bundle and what the page says, so that another page is another worker.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse};
use leptos::nonce::Nonce;
use leptos::prelude::*;
use vigia_backend::http::assets::{AssetNames, NamesNow};
use vigia_backend::http::{Right, Route};

use crate::components::mark::Mark;
use crate::i18n::Lang;

const PAGE: &str = "/offline";

/// Chooses language and colours, which the page finds in the cookies, and goes on when the line is back.
const CHOOSE: &str = include_str!("offline/choose.js");
const WORKER: &str = include_str!("offline/worker.js");

/// For the script of every page, after whatever that page needs itself. A browser that keeps nothing (no TLS, a private window) goes without.
pub(crate) const REGISTER: &str = ";addEventListener('load',()=>{navigator.serviceWorker?.register('/sw.js').catch(()=>{})})";

/// The page and the worker.
pub(crate) fn routes(names: NamesNow) -> [Route; 2] {
    let page = move || async move { page(&names()) };
    let worker = move || async move { worker(&names()) };
    [
        Route::get(PAGE, Right::Public, page).answers_text("text/html", "the page for the time without a line"),
        Route::get("/sw.js", Right::Public, worker).answers_text("text/javascript", "the worker that shows it"),
    ]
}

fn worker(names: &AssetNames) -> impl IntoResponse + use<> {
    let headers = [
        (CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; connect-src 'self'"),
    ];
    (headers, script(names))
}

fn script(names: &AssetNames) -> String {
    let kept = [PAGE, &names.css, &names.font];
    // The page names the style sheet, and that the font.
    let mut page = DefaultHasher::new();
    document(names, "").hash(&mut page);
    format!("const VERSION = \"{:x}\";\nconst KEPT = {kept:?};\n{WORKER}", page.finish())
}

fn page(names: &AssetNames) -> impl IntoResponse + use<> {
    let nonce = Nonce::new();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    ([(CACHE_CONTROL, "no-cache".to_owned()), (CONTENT_SECURITY_POLICY, policy)], Html(document(names, &nonce.to_string())))
}

/// In both languages: which one is wanted is known where it is shown.
fn document(names: &AssetNames, nonce: &str) -> String {
    let words = |lang: Lang| {
        let t = lang.texts();
        view! {
            <section class="status" lang=lang.as_str()>
                <Mark/>
                <h1>{t.offline_title}</h1>
                <p class="muted">{t.offline_lead}</p>
                <p class="muted">{t.offline_then}</p>
                <p class="status__ways"><a class="button button--primary" href="">{t.offline_again}</a></p>
            </section>
        }
    };
    let body = || {
        view! {
            <!DOCTYPE html>
            <html lang="es" data-theme="system">
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                    <meta name="color-scheme" content="light dark"/>
                    <title>{Lang::Es.texts().offline_title}</title>
                    <link rel="stylesheet" href=names.css.clone()/>
                    <link rel="icon" href="/favicon.svg" r#type="image/svg+xml"/>
                </head>
                <body>
                    <main class="offline">{[Lang::Es, Lang::En].map(words)}</main>
                    <script nonce=nonce.to_owned() inner_html=CHOOSE></script>
                </body>
            </html>
        }
    };
    Owner::new().with(|| body().to_html())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(css: &str) -> AssetNames {
        let mut names = AssetNames::default();
        (names.css, names.font) = (css.to_owned(), "/assets/inter-1.woff2".to_owned());
        names
    }

    #[test]
    fn a_worker_is_another_one_when_its_page_is() {
        let (one, two) = (script(&bundle("/assets/vigia-1.css")), script(&bundle("/assets/vigia-2.css")));
        assert_eq!(one, script(&bundle("/assets/vigia-1.css")));
        let version = |script: &str| script.lines().next().map(str::to_owned);
        assert_ne!(version(&one), version(&two));
        assert!(two.contains(r#"const KEPT = ["/offline", "/assets/vigia-2.css", "/assets/inter-1.woff2"];"#), "{two}");
    }

    #[test]
    fn the_page_speaks_both_languages_and_the_worker_keeps_what_it_is_drawn_with() {
        let html = document(&bundle("/assets/vigia-1.css"), "n");
        for lang in [Lang::Es, Lang::En] {
            assert!(html.contains(lang.texts().offline_title), "{html}");
        }
        assert!(html.starts_with("<!DOCTYPE html>") && html.contains("/assets/vigia-1.css"), "{html}");
    }
}
