//! The ways to every page there is, with how much waits behind them.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use vigia_domain::attention::Attention;
use vigia_domain::rights::{Action, Rights};

use crate::boot::{Boot, use_boot};
use crate::components::icon::{Icon, Shape};
use crate::format::count;
use crate::i18n::{Texts, use_texts};
use crate::pages::home::ask_attention;

/// How much waits behind the ways; nothing until it is known. The page that knows it says it here.
#[derive(Clone, Copy)]
pub(crate) struct Counts {
    /// What needs attention.
    pub(crate) attention: RwSignal<Option<Count>>,
    /// All devices.
    pub(crate) devices: RwSignal<Option<Count>>,
}

/// How often a page that stays open asks for them.
const AGAIN: Duration = Duration::from_secs(60);

/// How much it is, and whether it may be more.
pub(crate) type Count = (u64, bool);

impl Counts {
    /// Nothing is known.
    pub(crate) fn unknown() -> Self {
        Self { attention: RwSignal::new(None), devices: RwSignal::new(None) }
    }

    /// Says what is known now, to a page that may be gone.
    pub(crate) fn learn(self, known: &Attention) {
        let _ = self.attention.try_set(Some((known.count(), known.is_at_least())));
        let _ = self.devices.try_set(Some((known.figures.devices, false)));
    }
}

/// The page's counts.
pub(crate) fn use_counts() -> Counts {
    use_context().unwrap_or_else(Counts::unknown)
}

/// A page that one can go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    /// Its address.
    pub(crate) path: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// Its picture.
    pub(crate) shape: Shape,
}

/// The pages of a visitor.
pub(crate) fn ways(t: &'static Texts, rights: Rights) -> Vec<Way> {
    let home = if !rights.has(Action::Watch) { t.nav_home } else { t.nav_attention };
    let mut ways =
        vec![Way { path: "/", name: home, shape: Shape::Home }, Way { path: "/devices", name: t.nav_devices, shape: Shape::Device }];
    if rights.has(Action::ManagePeople) {
        ways.push(Way { path: "/people", name: t.nav_people, shape: Shape::Person });
    }
    ways.push(Way { path: "/settings", name: t.nav_settings, shape: Shape::Sliders });
    ways
}

/// Whether the visitor sees their own devices alone.
pub(crate) fn is_customer() -> bool {
    use_boot().with_value(Boot::is_customer)
}

/// What the visitor may.
pub(crate) fn rights() -> Rights {
    use_boot().with_value(Boot::rights)
}

/// Whether a page belongs to a way.
fn is_below(path: &str, way: &str) -> bool {
    path == way || (way != "/" && path.strip_prefix(way).is_some_and(|rest| rest.starts_with('/')))
}

#[component]
pub(crate) fn Navigation() -> impl IntoView {
    let (t, location, counts, is_customer) = (use_texts(), use_location(), use_counts(), is_customer());
    if !is_customer {
        Effect::new(move || {
            let ask = move || {
                leptos::task::spawn_local(async move {
                    if let Ok(found) = ask_attention().await {
                        counts.learn(&found);
                    }
                });
            };
            if counts.devices.with_untracked(Option::is_none) {
                ask();
            }
            if let Ok(handle) = set_interval_with_handle(
                move || {
                    if !document().hidden() {
                        ask()
                    }
                },
                AGAIN,
            ) {
                on_cleanup(move || handle.clear());
            }
        });
    }
    let way = move |Way { path, name, shape }: Way| {
        let of = match path {
            "/" if !is_customer => Some(counts.attention),
            "/devices" if !is_customer => Some(counts.devices),
            _ => None,
        };
        view! {
            <a href=path aria-current=move || location.pathname.with(|at| is_below(at, path)).then_some("page")>
                <Icon shape/>
                <span>{name}</span>
                {of.map(|of| view! {
                    <span class="nav__count num">{move || of.get().filter(|(n, _)| *n > 0).map(written)}</span>
                })}
            </a>
        }
    };
    view! { <nav class="nav" aria-label=t.nav_main>{ways(t, rights()).into_iter().map(way).collect_view()}</nav> }
}

/// Short, as there is little room: `1,003+` for at least so many.
fn written((n, is_at_least): Count) -> String {
    count(n) + if is_at_least { "+" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_may_be_more_says_so() {
        assert_eq!([(3, false), (1_003, true)].map(written), ["3", "1,003+"]);
    }

    #[test]
    fn a_page_belongs_to_one_way() {
        let of = |path| ["/", "/devices", "/settings"].into_iter().filter(|way| is_below(path, way)).collect::<Vec<_>>();
        assert_eq!((of("/"), of("/devices"), of("/devices/m1"), of("/devicesx")), (vec!["/"], vec!["/devices"], vec!["/devices"], vec![]));
    }
}
