//! One's own second step of signing in: switched on, given other recovery codes, switched off.

mod begun;
mod codes;
mod on;

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use crate::codec::Json;
use crate::components::crumbs::Crumbs;
use crate::components::field::Field;
use crate::components::page_head::PageHead;
use crate::components::skeleton::{Of, Skeleton};
use crate::components::title::PageTitle;
use crate::fault::{Fault, FieldFault};
use crate::i18n::use_texts;
use crate::pages::status::FaultPage;
use crate::part::lazy_page;
use begun::BegunCard;
use codes::CodesCard;
use on::OnCard;

/// The path of the page; its forms come here, too, so that secret and codes are in the answer and in no address.
const PATH: &str = "/settings/second-step";

/// What the page starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecondStepData {
    pub(crate) has_password: bool,
    pub(crate) stage: Stage,
    /// Recovery codes that were made now; else none.
    pub(crate) codes: Vec<String>,
    /// Whether it was switched off now.
    pub(crate) is_ended: bool,
    /// Why a form has changed nothing.
    pub(crate) refused: Option<Fault>,
}

/// How far one is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    Off,
    /// It waits for its first code.
    Begun(Offer),
    On {
        /// Milliseconds since the epoch.
        since_ms: i64,
        /// Recovery codes that still work.
        left: u64,
    },
}

/// What an app is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offer {
    /// To type.
    pub(crate) secret: String,
    /// To open on the same machine.
    pub(crate) link: String,
    /// Squares of a side of the picture.
    pub(crate) side: usize,
    /// Its dark squares, as the path of an SVG.
    pub(crate) dark: String,
}

/// How far one is with it.
#[server(prefix = "/ui", endpoint = "own-second-step", input = GetUrl, output = Json)]
pub(crate) async fn load_second_step() -> Result<SecondStepData, Fault> {
    crate::server::second_step().await
}

fn ask_second_step() -> impl Future<Output = Result<SecondStepData, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    return crate::ask::ask(<LoadSecondStep as leptos::server_fn::ServerFn>::PATH, &[]);
    #[cfg(not(target_arch = "wasm32"))]
    load_second_step()
}

lazy_page!(
    /// `/settings/second-step`.
    SecondStepRoute,
    account,
    second_step_code,
    preload_second_step,
    SecondStepPage
);

#[component]
fn SecondStepPage() -> impl IntoView {
    let t = use_texts();
    let data = Resource::new(|| (), |()| ask_second_step());
    view! {
        <PageTitle page=t.second_title()/>
        <Transition fallback=|| view! { <Skeleton of=Of::Board/> }>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(SecondStepData { has_password, stage, codes, is_ended, refused }) => {
                        let wrong = Wrong::of(refused);
                        let card = match stage {
                            Stage::Off => view! { <OffCard has_password wrong/> }.into_any(),
                            Stage::Begun(offer) => view! { <BegunCard offer wrong/> }.into_any(),
                            Stage::On { since_ms, left } => view! { <OnCard since_ms left has_password wrong/> }.into_any(),
                        };
                        view! {
                            <Crumbs ways=vec![("/settings".to_owned(), t.nav_settings.to_owned())]/>
                            <PageHead title=t.second_title() lead=t.second_lead()/>
                            {is_ended.then(|| view! { <p class="settings__done" role="status">{t.second_done_end()}</p> })}
                            {(!codes.is_empty()).then(|| view! { <CodesCard codes/> })}
                            <div class="settings">{card}</div>
                        }.into_any()
                    }
                    Err(fault) => view! { <FaultPage fault/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// What is wrong with the form that came: beside its field, or with the whole.
#[derive(Clone, Copy)]
pub(crate) struct Wrong {
    field: Option<&'static str>,
    whole: Option<&'static str>,
}

impl Wrong {
    fn of(refused: Option<Fault>) -> Self {
        const OF_FIELD: &[FieldFault] = &[FieldFault::PasswordWrong, FieldFault::StepCode];
        let t = use_texts();
        let field = refused.as_ref().and_then(|fault| fault.field).filter(|field| OF_FIELD.contains(field));
        Self { field: field.map(|field| field.text(t)), whole: refused.and_then(|fault| fault.form_text(t, OF_FIELD)) }
    }

    fn signal(self) -> Signal<Option<&'static str>> {
        Signal::stored(self.field)
    }
}

/// The way to begin. The browser sends it by itself: what it brings is in the page that answers.
#[component]
fn OffCard(has_password: bool, wrong: Wrong) -> impl IntoView {
    let t = use_texts();
    view! {
        <section class="card setting" aria-labelledby="second-off">
            <h2 id="second-off">{t.second_off()}</h2>
            <p class="small">{t.second_off_lead()}</p>
            <form class="form" method="post" action=PATH>
                <input r#type="hidden" name="act" value="begin"/>
                <p class="form__error" role="alert">{wrong.whole}</p>
                {has_password.then(|| view! {
                    <Field name="proof" label=t.settings_password_current() kind="password" autocomplete="current-password" error=wrong.signal()/>
                })}
                <button class="button button--primary" r#type="submit">{t.second_begin()}</button>
            </form>
        </section>
    }
}
