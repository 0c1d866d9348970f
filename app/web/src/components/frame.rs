//! What stands around every page for who is in: navigation at the side of wide screens and at the bottom of phones.

use leptos::prelude::*;

use crate::components::account::Account;
use crate::components::arrive::follow_arrivals;
use crate::components::ended::Ended;
use crate::components::live_state::LiveState;
use crate::components::mark::Mark;
use crate::components::nav::Navigation;
use crate::components::notice::Notice;
use crate::components::palette::{Palette, PaletteDoor};
use crate::components::toasts::ToastList;
use crate::i18n::use_texts;
use crate::piece::piece;

/// Navigation, and the page in it.
#[component]
pub(crate) fn Frame(children: Children) -> impl IntoView {
    let t = use_texts();
    let is_open = RwSignal::new(false);
    follow_arrivals();
    view! {
        <a class="skip" href="#main" rel="external">{t.nav_skip}</a>
        <div class="frame">
            {piece(move || view! {
                <header class="frame__side">
                    <a class="brand" href="/" aria-label=t.brand_home>
                        <Mark/>
                        <span>{t.brand_name}</span>
                    </a>
                    <PaletteDoor is_open/>
                    <LiveState/>
                    {piece(|| view! { <div class="frame__bar"><Navigation/>{piece(Account)}</div> })}
                </header>
            })}
            <main class="frame__main" id="main" tabindex="-1">
                <Notice/>
                <Ended/>
                {children()}
            </main>
        </div>
        <Palette is_open/>
        <ToastList/>
    }
}
