//! Devices and gateways at somebody else's broker: what they are called in topics, what is heard of them, and what each may.

use std::collections::BTreeMap;

use vigia_domain::decode::route::Routes;
use vigia_domain::decode::route::elsewhere::{Named, Rights, is_below};
use vigia_domain::ids::{DeviceId, DeviceNumber};

use crate::db::gateways::{self, Gateway, Member};
use crate::db::{Db, DbError};
use crate::mqtt::DeviceIdentity;

/// What the registry has of names in topics and of gateways.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abroad {
    /// Devices that are not called by their id alone, by that name.
    named: BTreeMap<String, Member>,
    gateways: BTreeMap<DeviceId, (Gateway, Vec<Member>)>,
}

impl Abroad {
    /// As it is now.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn read(registry: &Db) -> Result<Self, DbError> {
        let named = gateways::named(registry).await?;
        let mut read = Self { named: named.into_iter().filter_map(|one| Some((one.topic.clone()?, one))).collect(), ..Self::default() };
        for gateway in gateways::list(registry).await? {
            let members = gateways::members(registry, &gateway.name).await?;
            read.gateways.insert(gateway.name.clone(), (gateway, members));
        }
        Ok(read)
    }

    /// What is to be subscribed to.
    #[must_use]
    pub fn filters(&self, routes: &Routes) -> Vec<String> {
        routes.filters(self.named.keys().map(String::as_str))
    }

    /// The gateways.
    pub fn gateways(&self) -> impl Iterator<Item = &DeviceId> {
        self.gateways.keys()
    }

    /// What a device or gateway may.
    #[must_use]
    pub fn rights(&self, routes: &Routes, user: &DeviceId) -> Rights {
        let named = |id: &DeviceId, topic: Option<&String>| Named { id: id.to_string(), topic: topic.cloned() };
        match self.gateways.get(user) {
            Some((gateway, members)) => {
                let members: Vec<_> = members.iter().map(|member| named(&member.id, member.topic.as_ref())).collect();
                routes.rights(&members, gateway.base.as_deref())
            }
            None => {
                let topic = self.named.iter().find(|(_, device)| device.id == *user).map(|(topic, _)| topic);
                routes.rights(&[named(user, topic)], None)
            }
        }
    }

    /// What a gateway may that speaks for these devices, with this base, or with its own when it is there.
    #[must_use]
    pub fn rights_with(&self, routes: &Routes, gateway: &DeviceId, members: &[DeviceId], base: Option<&str>) -> Rights {
        let topic = |id: &DeviceId| self.named.iter().find(|(_, device)| device.id == *id).map(|(topic, _)| topic.clone());
        let members: Vec<_> = members.iter().map(|id| Named { id: id.to_string(), topic: topic(id) }).collect();
        let own = self.gateways.get(gateway).and_then(|(gateway, _)| gateway.base.as_deref());
        routes.rights(&members, base.or(own))
    }

    /// The device that is called so, beside its id.
    pub(super) fn called(&self, name: &str) -> Option<DeviceIdentity> {
        self.named.get(name).map(|device| DeviceIdentity { id: device.id.clone(), number: device.number })
    }

    /// Devices with another name than their id.
    pub(super) fn named(&self) -> impl Iterator<Item = &Member> {
        self.named.values()
    }

    /// Whether a topic may be this device's: what is below a gateway's base is that of its devices alone.
    pub(super) fn may_be(&self, topic: &str, device: DeviceNumber) -> bool {
        let mut above = self.gateways.values().filter(|(gateway, _)| gateway.base.as_deref().is_some_and(|base| is_below(topic, base)));
        above.all(|(_, members)| members.iter().any(|member| member.number == device))
    }
}
