//! Who changed what: the audit log, searched by links and a form alone.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

use crate::address::address;
use crate::codec::Json;
use crate::components::moment::Moment;
use crate::components::page_head::PageHead;
use crate::components::skeleton::{Of, Skeleton};
use crate::components::title::PageTitle;
use crate::fault::Fault;
use crate::format::Detail;
use crate::i18n::{Texts, use_texts};
use crate::pages::status::FaultPage;
use crate::part::lazy_page;

/// The path of the page.
const PATH: &str = "/audit";

/// What is looked for; what is empty is not asked. Days are those of the reader's zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sought {
    /// Somewhere in the row.
    pub(crate) q: String,
    /// How what was done begins: `user.`.
    pub(crate) kind: String,
    /// First day, `2026-11-23`.
    pub(crate) from: String,
    /// Last day.
    pub(crate) to: String,
    /// By whom, as the log has it.
    pub(crate) actor: String,
    /// On what, likewise.
    pub(crate) target: String,
    /// Older than this row.
    pub(crate) below: Option<i64>,
}

impl Sought {
    /// What is asked for, by the names of the address.
    fn given(&self) -> Vec<(&'static str, String)> {
        let below = self.below.map(|below| below.to_string()).unwrap_or_default();
        let all = [
            ("q", &self.q),
            ("kind", &self.kind),
            ("from", &self.from),
            ("to", &self.to),
            ("actor", &self.actor),
            ("target", &self.target),
            ("below", &below),
        ];
        all.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name, text.clone())).collect()
    }

    /// The address of the page that shows it.
    pub(crate) fn address(&self) -> String {
        address(PATH, &self.given())
    }
}

/// A page of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuditData {
    /// Newest first.
    pub(crate) rows: Vec<AuditRow>,
    /// The address of those before them.
    pub(crate) older: Option<String>,
    /// What was looked for.
    pub(crate) sought: Sought,
    /// Whose days they are: the IANA name of a time zone.
    pub(crate) zone: String,
    /// Whether one of the days is none.
    pub(crate) is_day_wrong: bool,
}

/// A row, in the reader's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuditRow {
    pub(crate) id: i64,
    /// Milliseconds since the epoch.
    pub(crate) at_ms: i64,
    pub(crate) who: Named,
    /// From which network address.
    pub(crate) origin: Option<String>,
    pub(crate) what: String,
    pub(crate) on: Option<Named>,
    pub(crate) changes: Vec<Change>,
    /// What else is known: name and value.
    pub(crate) more: Vec<(String, String)>,
}

/// Somebody or something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) text: String,
    /// Its page.
    pub(crate) href: Option<String>,
}

/// What has become of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) what: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// The rows that fit.
#[server(prefix = "/ui", endpoint = "audit", input = GetUrl, output = Json)]
pub(crate) async fn load_audit(
    #[server(default)] q: String,
    #[server(default)] kind: String,
    #[server(default)] from: String,
    #[server(default)] to: String,
    #[server(default)] actor: String,
    #[server(default)] target: String,
    #[server(default)] below: Option<i64>,
) -> Result<AuditData, Fault> {
    crate::server::audit(Sought { q, kind, from, to, actor, target, below }).await
}

#[cfg_attr(not(target_arch = "wasm32"), expect(clippy::manual_async_fn, reason = "one shape for both sides"))]
fn ask_audit(sought: Sought) -> impl Future<Output = Result<AuditData, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    return {
        let given = sought.given();
        let given: Vec<_> = given.iter().map(|(name, text)| (*name, text.as_str())).collect();
        crate::ask::ask(<LoadAudit as leptos::server_fn::ServerFn>::PATH, &given)
    };
    #[cfg(not(target_arch = "wasm32"))]
    async move {
        let Sought { q, kind, from, to, actor, target, below } = sought;
        load_audit(q, kind, from, to, actor, target, below).await
    }
}

lazy_page!(
    /// `/audit`.
    AuditRoute,
    records,
    audit_code,
    preload_audit,
    AuditPage
);

#[component]
fn AuditPage() -> impl IntoView {
    let (t, query) = (use_texts(), use_query_map());
    let sought = Memo::new(move |_| {
        query.with(|query| {
            let text = |name: &str| query.get_str(name).unwrap_or_default().to_owned();
            Sought {
                q: text("q"),
                kind: text("kind"),
                from: text("from"),
                to: text("to"),
                actor: text("actor"),
                target: text("target"),
                below: query.get_str("below").and_then(|below| below.parse().ok()),
            }
        })
    });
    let found = Resource::new(move || sought.get(), ask_audit);
    view! {
        <PageTitle page=t.audit_title()/>
        <Transition fallback=|| view! { <Skeleton of=Of::Board/> }>
            {move || Suspend::new(async move {
                match found.await {
                    Ok(AuditData { rows, older, sought, zone, is_day_wrong }) => view! {
                        <PageHead title=t.audit_title() lead=t.audit_lead()/>
                        <Search sought=sought.clone() zone is_day_wrong/>
                        <section class="card audit">
                            {if rows.is_empty() {
                                view! { <p class="muted">{t.audit_none()}</p> }.into_any()
                            } else {
                                view! { <ol class="audit__rows">{rows.into_iter().map(row).collect_view()}</ol> }.into_any()
                            }}
                            <nav class="audit__ways">
                                {sought.below.is_some().then(|| view! { <a class="link" href=Sought { below: None, ..sought }.address()>{t.audit_newest()}</a> })}
                                {older.map(|older| view! { <a class="link" href=older>{t.audit_older()}</a> })}
                            </nav>
                        </section>
                    }.into_any(),
                    Err(fault) => view! { <FaultPage fault/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// What is looked for: a form that the browser sends by itself.
#[component]
fn Search(sought: Sought, zone: String, is_day_wrong: bool) -> impl IntoView {
    let t = use_texts();
    let Sought { q, kind, from, to, actor, target, .. } = sought;
    let options = kinds(t).map(|(word, name)| view! { <option value=word selected=word == kind>{name}</option> });
    let hidden = [("actor", actor), ("target", target)].into_iter().filter(|(_, text)| !text.is_empty());
    view! {
        <form class="card audit__search" method="get" action=PATH role="search">
            <div class="field">
                <label for="audit-q">{t.audit_search()}</label>
                <input id="audit-q" name="q" r#type="search" value=q placeholder=t.audit_placeholder() maxlength="200"/>
            </div>
            <div class="field">
                <label for="audit-kind">{t.audit_what()}</label>
                <select id="audit-kind" name="kind">{options.collect_view()}</select>
            </div>
            <div class="field">
                <label for="audit-from">{t.audit_from()}</label>
                <input id="audit-from" name="from" r#type="date" value=from aria-describedby="audit-days"/>
            </div>
            <div class="field">
                <label for="audit-to">{t.audit_to()}</label>
                <input id="audit-to" name="to" r#type="date" value=to aria-describedby="audit-days"/>
            </div>
            {hidden.map(|(name, text)| view! { <input r#type="hidden" name=name value=text/> }).collect_view()}
            <button class="button button--primary" r#type="submit">{t.audit_go()}</button>
            <p class="field__hint audit__days" id="audit-days">{t.audit_days(zone)}</p>
            {is_day_wrong.then(|| view! { <p class="field__error audit__days" role="alert">{t.audit_day_wrong()}</p> })}
        </form>
    }
}

fn kinds(t: &'static Texts) -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        ("", t.audit_any()),
        ("session.", t.audit_kind_session()),
        ("user.", t.audit_kind_user()),
        ("device.", t.audit_kind_device()),
        ("command.", t.audit_kind_command()),
        ("config.", t.audit_kind_config()),
        ("api-key.", t.audit_kind_key()),
        ("gateway.", t.audit_kind_gateway()),
    ]
    .into_iter()
}

fn row(row: AuditRow) -> impl IntoView {
    let AuditRow { at_ms, who, origin, what, on, changes, more, .. } = row;
    let changes = changes.into_iter().map(|Change { what, before, after }| {
        view! { <li><span>{what}": "</span><del dir="auto">{before}</del>" → "<ins dir="auto">{after}</ins></li> }
    });
    let more = more.into_iter().map(|(name, value)| view! { <li><span>{name}": "</span><span dir="auto">{value}</span></li> });
    view! {
        <li class="audit__row">
            <span class="muted small"><Moment at_ms detail=Detail::Second/></span>
            <p class="audit__what"><strong>{what}</strong>{on.map(|on| view! { " · " {named(on)} })}</p>
            <p class="muted small audit__who">{named(who)}{origin.map(|origin| view! { " · " <span class="num">{origin}</span> })}</p>
            <ul class="audit__changes small">{changes.collect_view()}{more.collect_view()}</ul>
        </li>
    }
}

fn named(Named { text, href }: Named) -> AnyView {
    match href {
        Some(href) => view! { <a class="link" href=href dir="auto">{text}</a> }.into_any(),
        None => view! { <span dir="auto">{text}</span> }.into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_stands_in_the_address() {
        assert_eq!(Sought::default().address(), "/audit");
        let sought = Sought { q: "a&b".to_owned(), kind: "user.".to_owned(), below: Some(7), ..Sought::default() };
        assert_eq!(sought.address(), "/audit?q=a%26b&kind=user%2E&below=7");
    }
}
