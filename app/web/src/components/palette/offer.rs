//! What the palette offers for some letters.

use leptos_router::location::Url;
use vigia_domain::attention::Found;
use vigia_domain::device::Presence;
use vigia_domain::rights::{Action, Rights};

use crate::boot::Theme;
use crate::components::icon::Shape;
use crate::components::nav::ways;
use crate::i18n::{Lang, Texts};

/// What happens when it is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Go(String),
    Theme(Theme),
    Language(Lang),
    SignOut,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) shape: Shape,
    pub(super) label: String,
    pub(super) detail: Option<String>,
    pub(super) presence: Option<Presence>,
    pub(super) act: Act,
}

/// Devices first, then pages, then what can be done; whatever was typed can be looked for in the whole list.
pub(super) fn offers(t: &'static Texts, text: &str, found: &[Found], rights: Rights) -> Vec<Offer> {
    let plain = |shape, label: &str, act| Offer { shape, label: label.to_owned(), detail: None, presence: None, act };
    let mut offers: Vec<Offer> = Vec::new();
    for Found { id, name, presence } in found {
        let (presence, act) = (Some(*presence), Act::Go(format!("/devices/{id}")));
        let detail = (name != id).then(|| id.clone());
        offers.push(Offer { shape: Shape::Device, label: name.clone(), detail, presence, act });
    }
    let mut more: Vec<Offer> = Vec::new();
    for way in ways(t, rights) {
        more.push(plain(way.shape, way.name, Act::Go(way.path.to_owned())));
    }
    more.push(plain(Shape::Sliders, t.keys_title(), Act::Go("/keys".to_owned())));
    if rights.has(Action::ReadAudit) {
        more.push(plain(Shape::Sliders, t.audit_title(), Act::Go("/audit".to_owned())));
    }
    more.push(plain(Shape::Sun, t.palette_light(), Act::Theme(Theme::Light)));
    more.push(plain(Shape::Moon, t.palette_dark(), Act::Theme(Theme::Dark)));
    more.push(plain(Shape::System, t.palette_system(), Act::Theme(Theme::System)));
    more.push(plain(Shape::Globe, t.language_switch, Act::Language(t.lang.other())));
    more.push(plain(Shape::Leave, t.sign_out_submit, Act::SignOut));
    let wanted = text.trim().to_lowercase();
    offers.extend(more.into_iter().filter(|offer| offer.label.to_lowercase().contains(&wanted)));
    if !wanted.is_empty() {
        let address = format!("/devices?q={}", Url::escape(text.trim()));
        offers.push(plain(Shape::Search, &t.palette_all(text.trim()), Act::Go(address)));
    }
    offers
}

#[cfg(test)]
mod tests {
    use vigia_domain::user::Role;

    use super::*;
    use crate::i18n::EN;

    #[test]
    fn devices_come_first_and_what_was_typed_is_never_lost() {
        let found = [Found { id: "m1".to_owned(), name: "Pump".to_owned(), presence: Presence::Online }];
        let labels = |text: &str| offers(&EN, text, &found, Role::Staff.rights()).into_iter().map(|offer| offer.label).collect::<Vec<_>>();
        assert_eq!(labels("SETT"), ["Pump", EN.nav_settings, &EN.palette_all("SETT")]);
        assert_eq!(labels(" ").len(), 11, "everything, and nothing to look for");
        let Some(Act::Go(address)) = offers(&EN, "a&b ñ", &[], Role::Customer.rights()).pop().map(|offer| offer.act) else {
            panic!("a way")
        };
        assert_eq!(address, "/devices?q=a%26b%20%C3%B1");
    }
}
