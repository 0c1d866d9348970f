//! The state of a device: a colour and always a word.

use leptos::prelude::*;
use vigia_domain::device::Presence;

use crate::i18n::{Texts, use_texts};

/// Word of a presence.
pub(crate) fn presence_word(t: &'static Texts, presence: Presence) -> &'static str {
    match presence {
        Presence::Online => t.state_online,
        Presence::Offline => t.state_offline,
        Presence::Never => t.state_never,
    }
}

/// Online, without signal, or never heard of.
#[component]
pub(crate) fn PresenceBadge(#[prop(into)] presence: Signal<Presence>) -> impl IntoView {
    let t = use_texts();
    let class = move || match presence.get() {
        Presence::Online => "badge badge--good",
        Presence::Offline => "badge badge--bad",
        Presence::Never => "badge",
    };
    let hint = move || match presence.get() {
        Presence::Online => t.state_online_hint,
        Presence::Offline => t.state_offline_hint,
        Presence::Never => t.state_never_hint,
    };
    view! {
        <span class=class title=hint>
            <span class="badge__dot"></span>
            {move || presence_word(t, presence.get())}
        </span>
    }
}
