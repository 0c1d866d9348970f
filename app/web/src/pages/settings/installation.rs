//! What the installation is made of.

use leptos::prelude::*;

use super::Installation;
use crate::format::value;
use crate::i18n::use_texts;

#[component]
pub(super) fn InstallationCard(installation: Installation) -> impl IntoView {
    let t = use_texts();
    let Installation { version, database, has_own_broker, broker_trouble, data_bytes } = installation;
    let broker = if has_own_broker { t.settings_broker_own() } else { t.settings_broker_external() };
    #[expect(clippy::cast_precision_loss, reason = "of bytes the first digits are shown")]
    let megabytes = value(data_bytes as f64 / 1e6, "MB").text();
    view! {
        <section class="card setting">
            <h2>{t.settings_installation()}</h2>
            <dl class="facts">
                <div><dt>{t.settings_version()}</dt><dd class="num">{version}</dd></div>
                <div><dt>{t.settings_database()}</dt><dd>{database}</dd></div>
                <div><dt>{t.settings_broker()}</dt><dd>{broker} {broker_trouble.map(|words| view! { <code class="setting__trouble" lang="en">{words}</code> })}</dd></div>
                <div><dt>{t.settings_data()}</dt><dd class="num">{megabytes}</dd></div>
            </dl>
            <p class="small"><a class="link" href="/api/v1/docs" rel="external">{t.settings_api()}</a></p>
        </section>
    }
}
