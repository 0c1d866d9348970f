//! Why something was not taken, in the visitor's words, with what to do about it.

use vigia_domain::reason::{Kind, Reason};

use super::count;
use crate::i18n::Texts;

/// A sentence or two. What the device itself wrote stands in it as text.
pub(crate) fn reason(t: &'static Texts, why: &Reason) -> String {
    match why {
        Reason::Empty => t.reason_empty.to_owned(),
        Reason::TooLarge { bytes } => t.reason_too_large(count(*bytes)),
        Reason::NotJson { line, column, .. } => t.reason_not_json(column, line),
        Reason::WrongType { field, wanted, found } if field.is_empty() => t.reason_wrong_payload(kind(t, *found), kind(t, *wanted)),
        Reason::WrongType { field, wanted, found } => t.reason_wrong_type(field, kind(t, *found), kind(t, *wanted)),
        Reason::UnknownMethod { method } => t.reason_unknown_method(method),
        Reason::UnknownComponent { component } => t.reason_unknown_component(component),
        Reason::OtherDevice { named } => t.reason_other_device(named),
        Reason::OutOfRange { name, value, least, most } => t.reason_out_of_range(least, most, name, value),
        Reason::TooFast { name, value, before, most } => t.reason_too_fast(before, most, name, value),
        Reason::TooManyReadings { count: n } => t.reason_too_many_readings(count(*n)),
        Reason::UnknownTopic => t.reason_unknown_topic.to_owned(),
        Reason::TimeUnreadable { time } => t.reason_time_unreadable(time),
        Reason::TimeTooEarly { time } => t.reason_time_too_early(time),
        Reason::TimeTooLate { time } => t.reason_time_too_late(time),
        Reason::BadName { name } => t.reason_bad_name(name),
        Reason::NotFinite { name } => t.reason_not_finite(name),
        Reason::TooManyValues => t.reason_too_many_values.to_owned(),
        Reason::TextTooLong { name } => t.reason_text_too_long(name),
        Reason::TooManyMetrics => t.reason_too_many_metrics.to_owned(),
        Reason::TooManyAttributes { count: n } => t.reason_too_many_attributes(count(*n)),
        Reason::TooManyAttributeNames => t.reason_too_many_attribute_names.to_owned(),
        Reason::TooManyEvents { count: n } => t.reason_too_many_events(count(*n)),
        Reason::Element { index, reason: own } => t.reason_element(count(index + 1), reason(t, own)),
        Reason::More { count } => t.reason_more(*count),
        Reason::WrongPassword => t.reason_wrong_password.to_owned(),
        Reason::ForeignPublish => t.reason_foreign_publish.to_owned(),
        Reason::ForeignSubscribe => t.reason_foreign_subscribe.to_owned(),
        Reason::TooManyConnections { most } => t.reason_too_many_connections(count(*most)),
        Reason::ForeignWill => t.reason_foreign_will.to_owned(),
        Reason::ForeignRetain => t.reason_foreign_retain.to_owned(),
        Reason::Told { text } => text.clone(),
    }
}

const fn kind(t: &'static Texts, kind: Kind) -> &'static str {
    match kind {
        Kind::Nothing => t.reason_nothing,
        Kind::Boolean => t.reason_boolean,
        Kind::Number => t.reason_number,
        Kind::Text => t.reason_text,
        Kind::List => t.reason_list,
        Kind::Object => t.reason_object,
        Kind::Time => t.reason_time,
        Kind::Value => t.reason_value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{EN, ES};

    #[test]
    fn a_reason_is_told_in_both_languages_and_the_devices_words_stay_as_they_are() {
        let name = "<b>{name}</b> ñ";
        let bad = Reason::Element { index: 1, reason: Box::new(Reason::BadName { name: name.to_owned() }) };
        assert!(reason(&ES, &bad).starts_with(&format!("Lectura 2 de la lista: «{name}» no puede ser un nombre.")));
        assert!(reason(&EN, &bad).starts_with(&format!("Reading 2 of the list: “{name}” cannot be a name.")));
        let list = Reason::wrong_type("power_w", Kind::Value, Kind::List);
        assert_eq!(reason(&ES, &list), "power_w: llegó una lista donde va un número, true, false o un texto.");
        let json = Reason::NotJson { parser: "expected value".into(), line: 1, column: 7 };
        assert!(reason(&EN, &json).contains("line 1, column 7"));
        let old = Reason::from_stored("published outside its own topics".to_owned());
        assert_eq!(reason(&ES, &old), "published outside its own topics");
    }
}
