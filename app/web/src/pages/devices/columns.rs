//! Which columns the list shows: remembered in a cookie, so that the server makes it right at once.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::boot::use_boot;
use crate::codec::Json;
use crate::columns::{Column, Columns};
use crate::components::here::use_here;
use crate::components::menu::Menu;
use crate::fault::Fault;
use crate::i18n::{Texts, use_texts};

/// Remembers the columns and goes back: for a browser without a script.
#[server(prefix = "/ui", endpoint = "columns", output = Json)]
pub(crate) async fn choose_columns(
    #[server(default)] owner: bool,
    #[server(default)] kind: bool,
    #[server(default)] state: bool,
    #[server(default)] value: bool,
    #[server(default)] hour: bool,
    #[server(default)] seen: bool,
    next: String,
) -> Result<(), Fault> {
    let columns = Columns::of(|column| match column {
        Column::Owner => owner,
        Column::Kind => kind,
        Column::State => state,
        Column::Value => value,
        Column::Hour => hour,
        Column::Seen => seen,
    });
    crate::server::remember(Columns::COOKIE, &columns.cookie());
    crate::server::go_on(&next);
    Ok(())
}

const fn label(column: Column, t: &'static Texts) -> &'static str {
    match column {
        Column::Owner => t.devices_owner,
        Column::Kind => t.devices_kind,
        Column::State => t.devices_state,
        Column::Value => t.devices_value,
        Column::Hour => t.devices_hour,
        Column::Seen => t.devices_seen,
    }
}

/// A box for each column. With a script each is obeyed at once.
#[component]
pub(super) fn ColumnChooser(columns: RwSignal<Columns>) -> impl IntoView {
    let (t, here, boot) = (use_texts(), use_here(), use_boot());
    let choose = move |column, is_shown| {
        columns.update(|columns| columns.show(column, is_shown));
        let chosen = columns.get_untracked();
        boot.update_value(|boot| boot.columns = chosen);
        remember(&chosen.cookie());
    };
    let boxes = Column::ALL.into_iter().map(|column| {
        view! {
            <label class="check">
                <input r#type="checkbox" name=column.word() value="true" checked=columns.get_untracked().shows(column)
                    on:change=move |event| choose(column, event_target_checked(&event))/>
                {label(column, t)}
            </label>
        }
    });
    let boxes = boxes.collect_view();
    view! {
        <Menu label=t.devices_columns_label class="filters__columns">
            <form method="post" action=ChooseColumns::url()>
                <input r#type="hidden" name="next" value=here/>
                {boxes}
                <button class="button columns__save">{t.devices_columns_save}</button>
            </form>
        </Menu>
    }
}

#[cfg(target_arch = "wasm32")]
fn remember(value: &str) {
    let cookie = format!("{}={value}; Path=/; Max-Age=31536000; SameSite=Lax", Columns::COOKIE);
    let _ = js_sys::Reflect::set(&document(), &"cookie".into(), &cookie.into());
}

#[cfg(not(target_arch = "wasm32"))]
const fn remember(_value: &str) {}
