//! For which devices a connection speaks, and which of their topics it may use.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use vigia_domain::decode::Decoder;
use vigia_domain::decode::route::{Found, Name, Routes};
use vigia_domain::ids::{DeviceId, DeviceNumber};

use crate::db::gateways::{Gateway, Member};
use crate::mqtt::DeviceIdentity;

/// The number of a gateway, which has no readings of its own: no device's.
pub(super) const GATEWAY: DeviceNumber = DeviceNumber(0);

/// What a connection's message is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<'t> {
    /// A device's, for this decoder.
    Message { device: DeviceIdentity, decoder: Decoder, name: &'t str, rest: &'t str },
    /// It may be said and is nobody's: a greeting, or a device of a gateway that is not registered.
    Unplaced,
}

/// Devices that have another name in topics, and gateways. A device without needs no entry: its id says all.
#[derive(Default)]
pub(super) struct Grants {
    by_user: RwLock<HashMap<DeviceId, Arc<Grant>>>,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    /// Whose grant was read since the last look: it may have been changed while it was on its way here.
    doubtful: HashSet<DeviceId>,
    /// Who lost something of a grant, or the token: a connection may still hear by its subscriptions what is no longer theirs.
    withdrawn: HashSet<DeviceId>,
}

#[derive(Default)]
struct Grant {
    /// By id and by name in topics.
    devices: HashMap<String, DeviceIdentity>,
    base: Option<String>,
    /// The one whom a topic without a name speaks of.
    only: Option<DeviceIdentity>,
}

impl Grants {
    /// A device by its own credential.
    pub(super) fn device(&self, device: &DeviceIdentity, topic: Option<&str>) {
        let Some(topic) = topic else {
            self.forget(&device.id);
            return;
        };
        let named = |name: &str| (name.to_owned(), device.clone());
        let devices = HashMap::from([named(device.id.as_str()), named(topic)]);
        self.put(&device.id, Grant { devices, base: None, only: Some(device.clone()) });
    }

    /// A gateway.
    pub(super) fn gateway(&self, gateway: &Gateway, members: Vec<Member>) {
        let mut grant = Grant { base: gateway.base.clone(), ..Grant::default() };
        for Member { id, number, topic, .. } in members {
            let device = DeviceIdentity { id, number };
            grant.devices.insert(device.id.to_string(), device.clone());
            if let Some(topic) = topic {
                grant.devices.insert(topic, device.clone());
            }
            grant.only = Some(device);
        }
        let numbers: HashSet<_> = grant.devices.values().map(|device| device.number).collect();
        if numbers.len() != 1 {
            grant.only = None;
        }
        self.put(&gateway.name, grant);
    }

    /// Nothing any more.
    pub(super) fn forget(&self, user: &DeviceId) {
        if self.get(user).is_some() {
            self.by_user.write().unwrap_or_else(PoisonError::into_inner).remove(user);
            self.notes().withdrawn.insert(user.clone());
        }
    }

    /// The users that have an entry.
    pub(super) fn users(&self) -> Vec<DeviceId> {
        self.by_user.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// This user's grant was read for a sign-in: it is to be looked at once more.
    pub(super) fn doubt(&self, user: &DeviceId) {
        if self.get(user).is_some() {
            self.notes().doubtful.insert(user.clone());
        }
    }

    /// Whose grants are to be looked at once more.
    pub(super) fn take_doubtful(&self) -> HashSet<DeviceId> {
        std::mem::take(&mut self.notes().doubtful)
    }

    /// This user's token is worthless.
    pub(super) fn withdraw(&self, user: &DeviceId) {
        self.notes().withdrawn.insert(user.clone());
    }

    /// Who lost something since this was asked last.
    pub(super) fn take_withdrawn(&self) -> HashSet<DeviceId> {
        std::mem::take(&mut self.notes().withdrawn)
    }

    fn put(&self, user: &DeviceId, grant: Grant) {
        let grant = Arc::new(grant);
        let before = self.by_user.write().unwrap_or_else(PoisonError::into_inner).insert(user.clone(), Arc::clone(&grant));
        if before.is_some_and(|before| !grant.has_all_of(&before)) {
            self.notes().withdrawn.insert(user.clone());
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, user: &DeviceId) -> Option<Arc<Grant>> {
        self.by_user.read().unwrap_or_else(PoisonError::into_inner).get(user).cloned()
    }

    /// What was given to a client. To whoever nobody has claimed, nothing: their user name is one that they chose.
    fn of(&self, client: &DeviceIdentity) -> Option<Arc<Grant>> {
        if client.number.0 < 0 { None } else { self.get(&client.id) }
    }

    /// What a message on this topic is; `None` when the client may not publish there.
    pub(super) fn place<'t>(&self, routes: &'t Routes, client: &DeviceIdentity, topic: &'t str) -> Option<Place<'t>> {
        let grant = if is_plainly_own(client, topic) { None } else { self.of(client) };
        match routes.find(topic, |name| speaks_for(client, grant.as_deref(), name)) {
            Found::Up { device, decoder, name, rest } => Some(Place::Message { device, decoder, name, rest }),
            Found::Hello => Some(Place::Unplaced),
            Found::Down { .. } => None,
            Found::Nobodys => is_below_base(grant.as_deref(), topic).then_some(Place::Unplaced),
        }
    }

    /// Whether all that a filter takes is of devices that the client speaks for.
    pub(super) fn may_hear(&self, routes: &Routes, client: &DeviceIdentity, filter: &str) -> bool {
        let grant = self.of(client);
        routes.covers(filter, |name| name != Name::Sender && speaks_for(client, grant.as_deref(), name).is_some())
            || is_below_base(grant.as_deref(), filter)
    }
}

impl Grant {
    fn has_all_of(&self, before: &Self) -> bool {
        let same_base = before.base.is_none() || before.base == self.base;
        same_base && before.devices.iter().all(|(name, device)| self.devices.get(name) == Some(device))
    }
}

/// The common case, for which nothing has to be looked up.
fn is_plainly_own(client: &DeviceIdentity, topic: &str) -> bool {
    client.number != GATEWAY
        && topic.strip_prefix("vigia/").and_then(|rest| rest.strip_prefix(client.id.as_str())).is_some_and(|rest| rest.starts_with('/'))
}

fn speaks_for(client: &DeviceIdentity, grant: Option<&Grant>, name: Name<'_>) -> Option<DeviceIdentity> {
    let own = (client.number != GATEWAY).then_some(client);
    match (name, grant) {
        (Name::Id(text) | Name::Topic(text), _) if own.is_some_and(|own| own.id.as_str() == text) => own.cloned(),
        // A native topic holds the id, and a name that happens to look like another's id is none.
        (Name::Id(text), Some(grant)) => grant.devices.get(text).filter(|device| device.id.as_str() == text).cloned(),
        (Name::Topic(text), Some(grant)) => grant.devices.get(text).cloned(),
        (Name::Sender, Some(grant)) => own.or(grant.only.as_ref()).cloned(),
        (Name::Sender, None) => own.cloned(),
        (Name::Id(_) | Name::Topic(_), None) => None,
    }
}

fn is_below_base(grant: Option<&Grant>, topic: &str) -> bool {
    let base = grant.and_then(|grant| grant.base.as_deref());
    base.is_some_and(|base| topic.strip_prefix(base).and_then(|rest| rest.strip_prefix('/')).is_some_and(|leaf| !leaf.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: &str, number: i64) -> DeviceIdentity {
        DeviceIdentity { id: DeviceId::new(id).expect("an id"), number: DeviceNumber(number) }
    }

    fn member(id: &str, number: i64, topic: Option<&str>) -> Member {
        let kind = vigia_domain::device::DeviceKind::Other;
        Member { id: device(id, number).id, number: DeviceNumber(number), kind, topic: topic.map(str::to_owned) }
    }

    fn whose(grants: &Grants, client: &DeviceIdentity, topic: &str) -> Option<String> {
        grants.place(&Routes::built_in(), client, topic).map(|place| match place {
            Place::Message { device, .. } => device.id.to_string(),
            Place::Unplaced => "nobody's".to_owned(),
        })
    }

    #[test]
    fn a_device_speaks_for_itself_by_its_id_and_by_its_name_in_topics() {
        let (grants, oven) = (Grants::default(), device("oven", 7));
        assert_eq!(whose(&grants, &oven, "vigia/oven/telemetry").as_deref(), Some("oven"));
        assert_eq!(whose(&grants, &oven, "shellyplus1pm-a8/events/rpc"), None);
        grants.device(&oven, Some("shellyplus1pm-a8"));
        assert_eq!(whose(&grants, &oven, "shellyplus1pm-a8/events/rpc").as_deref(), Some("oven"));
        assert_eq!(whose(&grants, &oven, "Prueba").as_deref(), Some("oven"));
        assert_eq!(whose(&grants, &oven, "vigia/shellyplus1pm-a8/telemetry"), None, "a native topic holds the id");
        assert!(grants.may_hear(&Routes::built_in(), &oven, "shellyplus1pm-a8/rpc"));
        assert!(!grants.may_hear(&Routes::built_in(), &oven, "Prueba"));
        grants.device(&oven, None);
        assert_eq!(whose(&grants, &oven, "shellyplus1pm-a8/events/rpc"), None);
    }

    #[test]
    fn a_gateway_speaks_for_its_devices_and_for_what_is_below_its_base() {
        let (grants, z2m) = (Grants::default(), device("z2m", 0));
        let gateway = Gateway { name: z2m.id.clone(), base: Some("zigbee2mqtt".to_owned()), token_hash: String::new() };
        grants.gateway(&gateway, vec![member("plug1", 1, Some("kitchen/plug")), member("m1", 2, None)]);
        for (topic, who) in [
            ("zigbee2mqtt/kitchen/plug", Some("plug1")),
            ("zigbee2mqtt/m1/availability", Some("m1")),
            ("tele/m1/SENSOR", Some("m1")),
            ("vigia/m1/telemetry", Some("m1")),
            ("zigbee2mqtt/bridge/state", Some("nobody's")),
            ("zigbee2mqtt/not registered", Some("nobody's")),
            ("zigbee2mqtt/kitchen/plug/set", None),
            ("zigbee2mqtt/", None),
            ("vigia/z2m/telemetry", None),
            ("vigia/m3/telemetry", None),
            ("m3/online", None),
            ("Prueba", None),
        ] {
            assert_eq!(whose(&grants, &z2m, topic).as_deref(), who, "{topic}");
        }
        for (filter, may) in [("zigbee2mqtt/#", true), ("cmnd/m1/#", true), ("#", false), ("cmnd/m3/#", false), ("zigbee2mqtt", false)] {
            assert_eq!(grants.may_hear(&Routes::built_in(), &z2m, filter), may, "{filter}");
        }
        let stranger = device("z2m", -1);
        for topic in ["zigbee2mqtt/kitchen/plug", "zigbee2mqtt/bridge/state", "vigia/m1/telemetry"] {
            assert_eq!(whose(&grants, &stranger, topic), None, "{topic}: the name alone gives nothing");
        }
        assert!(!grants.may_hear(&Routes::built_in(), &stranger, "zigbee2mqtt/#"));
        grants.forget(&z2m.id);
        assert_eq!(whose(&grants, &z2m, "zigbee2mqtt/m1"), None);
    }
}
