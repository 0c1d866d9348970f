//! The audit log in its reader's words.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::Value;
use vigia_backend::db::audit::{self, Noted, Page, Wanted};
use vigia_backend::db::{DbError, keys, users};
use vigia_backend::zone::day_begins;
use vigia_domain::ids::{KeyId, UserId};

use super::keys::scope_word;
use super::people::says;
use super::{Asked, set_status, sign_in, told};
use crate::components::account::role_word;
use crate::fault::Fault;
use crate::format::rfc3339;
use crate::i18n::Texts;
use crate::pages::audit::{AuditData, AuditRow, Change, Named, Sought};
use crate::pages::devices::kind_word;

/// So many rows stand on a page.
const ROWS: usize = 50;

/// A page of the log.
pub(crate) async fn audit(sought: Sought) -> Result<AuditData, Fault> {
    let asked = Asked::here()?;
    let visitor = told(sign_in::visitor(&asked.app, &asked.principal).await.map_err(Into::into))?;
    let zone = visitor.and_then(|visitor| visitor.zone);
    let day = |text: &str, later| (!text.is_empty()).then(|| day_begins(text, later, zone.as_deref()).ok_or(())).transpose();
    let days = (day(&sought.from, 0), day(&sought.to, 1));
    let zone = zone.clone().unwrap_or_else(|| "UTC".to_owned());
    let (Ok(from_ms), Ok(to_ms)) = days else {
        // What was asked for cannot be: nothing is shown as if it were the answer.
        set_status(StatusCode::UNPROCESSABLE_ENTITY);
        return Ok(AuditData { rows: Vec::new(), older: None, sought, zone, is_day_wrong: true });
    };
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let wanted = Wanted {
        actor: some(&sought.actor),
        target: some(&sought.target),
        action: some(&sought.kind),
        text: some(&sought.q),
        from_ms,
        to_ms,
        below: sought.below,
    };
    let Page { rows, next } = told(audit::search(asked.app.registry(), &wanted, ROWS).await.map_err(Into::into))?;
    let names = told(Names::of(&asked, &rows).await.map_err(Into::into))?;
    let older = next.map(|below| Sought { below: Some(below), ..sought.clone() }.address());
    let t = asked.lang.texts();
    let rows = rows.into_iter().map(|row| told_row(t, &names, row)).collect();
    Ok(AuditData { rows, older, sought, zone, is_day_wrong: false })
}

/// What those are called whose numbers stand in the rows.
#[derive(Default)]
struct Names {
    people: HashMap<UserId, String>,
    keys: HashMap<KeyId, String>,
}

impl Names {
    async fn of(asked: &Asked, rows: &[Noted]) -> Result<Self, DbError> {
        let both = || {
            rows.iter().flat_map(|row| {
                [row.actor.as_str(), row.target.as_str()].into_iter().chain(row.detail.get("owner").and_then(Value::as_str))
            })
        };
        let numbers = |kind: &str| {
            let mut numbers: Vec<i64> = both().filter_map(|text| text.strip_prefix(kind)?.parse().ok()).collect();
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        };
        let people = users::called(asked.app.registry(), &numbers("user:").into_iter().map(UserId).collect::<Vec<_>>()).await?;
        let keys = keys::called(asked.app.registry(), &numbers("key:").into_iter().map(KeyId).collect::<Vec<_>>()).await?;
        Ok(Self { people, keys })
    }

    /// Whoever stands there, in words; with a way to their page where they have one.
    fn tell(&self, t: &'static Texts, text: &str) -> Option<Named> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        Some(match kind {
            "user" => {
                let name = rest.parse().ok().and_then(|id| self.people.get(&UserId(id)));
                let href = name.is_some().then(|| format!("/people/{rest}"));
                Named { text: name.cloned().unwrap_or_else(|| t.log_w_somebody(rest)), href }
            }
            "key" => {
                let name = rest.parse().ok().and_then(|id| self.keys.get(&KeyId(id))).map_or(rest, String::as_str);
                Named { text: t.log_w_key(name), href: None }
            }
            "device" => Named { text: t.log_w_device(rest), href: Some(format!("/devices/{rest}")) },
            "nobody" => Named { text: t.log_w_nobody.to_owned(), href: None },
            "system" | "change-over" => Named { text: t.log_w_system.to_owned(), href: None },
            "command-line" => Named { text: t.log_w_command_line.to_owned(), href: None },
            _ => return None,
        })
    }
}

fn told_row(t: &'static Texts, names: &Names, row: Noted) -> AuditRow {
    let Noted { id, at_ms, actor, origin, action, target, detail } = row;
    let who = names.tell(t, &actor).unwrap_or(Named { text: actor, href: None });
    let is_session = action == "session.begin";
    let is_of_device = ["device.", "config.", "command."].iter().any(|kind| action.starts_with(kind));
    // A device may be called whatever it likes, `user:1` too: what a target is follows from what was done.
    let is_of_people = ["user.", "session.", "api-key."].iter().any(|kind| action.starts_with(kind));
    let on = match names.tell(t, &target).filter(|_| is_of_people) {
        // One's own: it stands there already.
        Some(named) if named == who => None,
        Some(named) => Some(named),
        None if is_session => way(t, &target).map(|text| Named { text, href: None }),
        None if is_of_device => Some(Named { href: Some(format!("/devices/{target}")), text: target }),
        None => Some(Named { text: target, href: None }),
    };
    let (changes, more) = details(t, names, &detail);
    AuditRow { id, at_ms, who, origin, what: what(t, &action).map_or(action, str::to_owned), on, changes, more }
}

/// The sentence for an action; none for one of a later version.
fn what(t: &'static Texts, action: &str) -> Option<&'static str> {
    Some(match action {
        "session.begin" => t.log_a_session_begin,
        "session.end" => t.log_a_session_end,
        "session.end-others" => t.log_a_session_end_others,
        "session.reuse" => t.log_a_session_reuse,
        "user.add" => t.log_a_user_add,
        "user.setup" => t.log_a_user_setup,
        "user.register" => t.log_a_user_register,
        "user.invite" => t.log_a_user_invite,
        "user.join" => t.log_a_user_join,
        "user.confirm" => t.log_a_user_confirm,
        "user.identity.add" => t.log_a_user_identity_add,
        "user.identity.remove" => t.log_a_user_identity_remove,
        "user.approve" => t.log_a_user_approve,
        "user.refuse" => t.log_a_user_refuse,
        "user.disable" => t.log_a_user_disable,
        "user.enable" => t.log_a_user_enable,
        "user.password" => t.log_a_user_password,
        "user.reset" => t.log_a_user_reset,
        "user.passkey.add" => t.log_a_passkey_add,
        "user.passkey.rename" => t.log_a_passkey_rename,
        "user.passkey.remove" => t.log_a_passkey_remove,
        "user.profile" => t.log_a_user_profile,
        "user.rights" => t.log_a_user_rights,
        "user.delete" => t.log_a_user_delete,
        "user.second_step.on" => t.log_a_second_on,
        "user.second_step.off" => t.log_a_second_off,
        "user.second_step.codes" => t.log_a_second_codes,
        "user.second_step.recovery" => t.log_a_second_recovery,
        "api-key.add" => t.log_a_key_add,
        "api-key.revoke" => t.log_a_key_revoke,
        "provisioning-key.add" => t.log_a_provisioning_add,
        "provisioning-key.revoke" => t.log_a_provisioning_revoke,
        "device.add" => t.log_a_device_add,
        "device.claim" => t.log_a_device_claim,
        "device.token" => t.log_a_device_token,
        "device.token.add" => t.log_a_device_token_add,
        "device.topic" => t.log_a_device_topic,
        "device.telemetry.delete" => t.log_a_device_erase,
        "unclaimed.add" => t.log_a_unclaimed_add,
        "config.set" => t.log_a_config_set,
        "command.give" => t.log_a_command_give,
        "gateway.add" => t.log_a_gateway_add,
        "gateway.set" => t.log_a_gateway_set,
        "gateway.remove" => t.log_a_gateway_remove,
        _ => return None,
    })
}

/// How somebody came in.
fn way(t: &'static Texts, word: &str) -> Option<String> {
    let (first, second) = word.split_once('+').unwrap_or((word, ""));
    let second = match second {
        "" => None,
        "totp" => Some(t.log_w_way_totp),
        "recovery" => Some(t.log_w_way_recovery),
        _ => return None,
    };
    if let Some(provider) = first.strip_prefix("oidc:") {
        let first = t.log_w_way_oidc(provider);
        return Some(second.map_or_else(|| first.clone(), |second| format!("{first} {second}")));
    }
    let first = match first {
        "sign-in" => t.log_w_way_sign_in,
        "link" => t.log_w_way_link,
        "setup" => t.log_w_way_setup,
        "reset" => t.log_w_way_reset,
        "join" => t.log_w_way_join,
        "app" => t.log_w_way_app,
        "passkey" => t.log_w_way_passkey,
        _ => return None,
    };
    Some(second.map_or_else(|| first.to_owned(), |second| format!("{first} {second}")))
}

/// What has become of what, and what else is known.
fn details(t: &'static Texts, names: &Names, detail: &Value) -> (Vec<Change>, Vec<(String, String)>) {
    let empty = serde_json::Map::new();
    let part = |name: &str| detail.get(name).and_then(Value::as_object).unwrap_or(&empty);
    let (before, after) = (part("before"), part("after"));
    let mut fields: Vec<&String> = before.keys().chain(after.keys()).collect();
    fields.sort_unstable();
    fields.dedup();
    let changed = fields.into_iter().filter(|name| before.get(*name) != after.get(*name));
    let changes = changed.map(|name| Change {
        what: field(t, name),
        before: value(t, names, name, before.get(name)),
        after: value(t, names, name, after.get(name)),
    });
    let rest = detail.as_object().unwrap_or(&empty).iter();
    let rest = rest.filter(|(name, value)| !matches!(name.as_str(), "before" | "after") && !value.is_null());
    (changes.collect(), rest.map(|(name, found)| (field(t, name), value(t, names, name, Some(found)))).collect())
}

fn field(t: &'static Texts, name: &str) -> String {
    match name {
        "name" => t.log_w_f_name,
        "role" => t.log_w_f_role,
        "enabled" => t.log_w_f_enabled,
        "granted" => t.log_w_f_granted,
        "withdrawn" => t.log_w_f_withdrawn,
        "scopes" => t.log_w_f_scopes,
        "kind" => t.log_w_f_kind,
        "topic" => t.log_w_f_topic,
        "owner" => t.log_w_f_owner,
        "app_session" => t.log_w_f_app,
        "subject" => t.log_w_f_subject,
        "unclaimed" => t.log_w_f_unclaimed,
        "base" => t.log_w_f_base,
        "version" => t.log_w_f_version,
        "sessions_ended" => t.log_w_f_sessions_ended,
        "expires_ms" => t.log_w_f_expires,
        "keys_ended" => t.log_w_f_keys_ended,
        "issuer" => t.log_w_f_issuer,
        "codes_left" => t.log_w_f_codes_left,
        "passkeys_ended" => t.log_w_f_passkeys_ended,
        "identities_ended" => t.log_w_f_identities_ended,
        "devices" => t.log_w_f_devices,
        "from_ms" => t.log_w_f_from,
        "to_ms" => t.log_w_f_to,
        other => other,
    }
    .to_owned()
}

/// The reader's word for one of ours.
fn word(t: &'static Texts, name: &str, text: &str) -> Option<&'static str> {
    match name {
        "role" => text.parse().ok().map(|role| role_word(t, role)),
        "granted" | "withdrawn" => text.parse().ok().map(|action| says(t, action)),
        "scopes" => text.parse().ok().map(|scope| scope_word(t, scope)),
        "kind" => text.parse().ok().map(|kind| kind_word(t, kind)),
        _ => None,
    }
}

fn value(t: &'static Texts, names: &Names, name: &str, found: Option<&Value>) -> String {
    match found {
        None | Some(Value::Null) => t.log_w_was_nothing.to_owned(),
        Some(Value::Bool(truth)) => (if *truth { t.log_w_yes } else { t.log_w_no }).to_owned(),
        Some(Value::String(text)) if text.is_empty() => t.log_w_was_nothing.to_owned(),
        Some(Value::String(text)) if name == "owner" => names.tell(t, text).map_or_else(|| super::visible(text), |named| named.text),
        Some(Value::String(text)) => word(t, name, text).map_or_else(|| super::visible(text), str::to_owned),
        Some(Value::Array(items)) if items.is_empty() => t.log_w_was_nothing.to_owned(),
        Some(Value::Array(items)) => items.iter().map(|item| value(t, names, name, Some(item))).collect::<Vec<_>>().join(", "),
        Some(Value::Number(number)) if name.ends_with("_ms") => number.as_i64().map_or_else(|| number.to_string(), rfc3339),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::i18n::EN;

    #[test]
    fn what_has_become_of_what_is_told_and_the_rest_beside_it() {
        let names = Names { people: HashMap::from([(UserId(4), "Eva <b>".to_owned())]), ..Names::default() };
        let (changes, more) = details(
            &EN,
            &names,
            &json!({ "before": { "role": "staff", "granted": [] }, "after": { "role": "viewer", "granted": ["audit:read"] }, "x": true, "y": null, "owner": "user:4", "kind": "energy_meter" }),
        );
        let told: Vec<_> = changes.iter().map(|c| format!("{}: {} > {}", c.what, c.before, c.after)).collect();
        assert_eq!(told, ["Permissions granted: nothing > Read the audit log", "Role: Operations > Viewer"]);
        let more: Vec<_> = more.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(more, ["Kind: Meter", "Owner: Eva <b>", "x: yes"]);
    }
}
