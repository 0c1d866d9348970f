//! What each client may do, asked by rmqtt's hooks: sign in, publish, subscribe, leave a will. A message is acknowledged
//! after the gate has returned, because rmqtt awaits the rights hook before it answers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rmqtt::codec::types::MQTT_LEVEL_5;
use rmqtt::codec::v5::{PublishAckReason, SubscribeAckReason};
use rmqtt::hook::{Handler, HookResult, Parameter, ReturnType, Type};
use rmqtt::session::Session;
use rmqtt::types::{
    AuthResult, ConnectInfo, From, FromType, LastWill, Publish, PublishAclResult, PublishResult, QoS, Subscribe, SubscribeAclResult,
};
use tokio::time::Instant;

use super::house::House;
use super::limits::{WILL_ATTEMPTS, WILL_PAUSE};
use super::names::separable;
use crate::mqtt::{DeviceIdentity, Offence, Unavailable};

#[derive(Clone)]
pub(super) struct Door {
    house: Arc<House>,
}

/// The hooks that [`Door`] answers.
pub(super) const HOOKS: [Type; 6] = [
    Type::ClientAuthenticate,
    Type::ClientConnected,
    Type::ClientDisconnected,
    Type::ClientSubscribeCheckAcl,
    Type::MessagePublish,
    Type::MessagePublishCheckAcl,
];

impl Door {
    pub(super) fn new(house: Arc<House>) -> Self {
        Self { house }
    }

    async fn authenticate(&self, connect: &ConnectInfo) -> AuthResult {
        if connect.id().remote_addr.is_none_or(|peer| !self.house.peers.admits(peer.ip())) {
            return AuthResult::NotAuthorized;
        }
        let (Some(user), Some(password)) = (connect.username(), connect.password()) else {
            return AuthResult::BadUsernameOrPassword;
        };
        if !separable(user) {
            return AuthResult::BadUsernameOrPassword;
        }
        // Allowed but not expected means "server unavailable"; see `sessions`.
        let unavailable = AuthResult::Allow(false, None);
        if self.house.is_stopping() {
            return unavailable;
        }
        let device = match self.house.gate.authenticate(user, password).await {
            Ok(Some(device)) => device,
            Ok(None) => return AuthResult::BadUsernameOrPassword,
            Err(Unavailable) => return unavailable,
        };
        if let Some(will) = connect.last_will() {
            let (topic, message) = match &will {
                LastWill::V3(will) => (&will.topic, &will.message),
                LastWill::V5(will) => (&will.topic, &will.message),
            };
            if !self.house.gate.may_publish(&device, topic) {
                self.house.gate.refused(&device, Offence::Will, topic, message).await;
                return AuthResult::NotAuthorized;
            }
        }
        if !self.house.expect(connect.id().clone(), device.clone(), Instant::now()) {
            self.house.gate.refused(&device, Offence::Connections, "connect", &[]).await;
            return unavailable;
        }
        AuthResult::Allow(false, None)
    }

    async fn published(&self, session: &Session, publish: &Publish) -> PublishAclResult {
        let Some(device) = House::device(session).await else { return PublishAclResult::rejected(true, None) };
        if !self.house.gate.may_publish(&device, &publish.topic) {
            let offence = if publish.retain { Offence::Retain } else { Offence::Publish };
            self.house.gate.refused(&device, offence, &publish.topic, &publish.payload).await;
            // Only an acknowledgement of MQTT 5 can say no; everybody else hears it by losing the connection.
            let can_be_told = publish.qos != QoS::AtMostOnce && session.protocol().await.is_ok_and(|level| level == MQTT_LEVEL_5);
            return PublishAclResult::rejected(!can_be_told, Some("not one of this device's topics".into()));
        }
        match self.house.gate.accept(&device, &publish.topic, publish.payload.clone()).await {
            Ok(()) => PublishAclResult::allow(),
            Err(Unavailable) => {
                PublishAclResult(PublishResult::reason_code(PublishAckReason::ImplementationSpecificError, Some("not stored".into()), true))
            }
        }
    }

    async fn subscribed(&self, session: &Session, subscribe: &Subscribe) -> SubscribeAclResult {
        let device = House::device(session).await;
        if let Some(device) = &device {
            if self.house.gate.may_subscribe(device, &subscribe.topic_filter) {
                return SubscribeAclResult::new_success(subscribe.opts.qos(), None);
            }
            self.house.gate.refused(device, Offence::Subscribe, &subscribe.topic_filter, &[]).await;
        }
        SubscribeAclResult::new_failure(SubscribeAckReason::NotAuthorized)
    }

    /// Runs before the rights of an ordinary message are asked, and alone for a last will, whose rights were asked at CONNECT.
    async fn passing(&self, session: Option<&Session>, from: &From, publish: &Publish) -> Option<Publish> {
        if let (FromType::LastWill, Some(session)) = (from.typ(), session)
            && let Some(device) = House::device(session).await
        {
            self.will(&device, publish).await;
        }
        // An alias counts on the sender's connection alone; rmqtt would hand it on to MQTT 5 subscribers.
        publish.properties.as_ref().filter(|p| p.topic_alias.is_some())?;
        let mut plain = publish.clone();
        if let Some(properties) = plain.properties.as_mut() {
            properties.topic_alias = None;
        }
        Some(plain)
    }

    /// Stores a last will. While we stop it is we who left, so the will says nothing about its device.
    async fn will(&self, device: &DeviceIdentity, publish: &Publish) {
        let mut pause: Duration = WILL_PAUSE;
        for attempt in 1..=WILL_ATTEMPTS {
            if self.house.is_stopping() {
                return;
            }
            match self.house.gate.accept(device, &publish.topic, publish.payload.clone()).await {
                Ok(()) => return,
                Err(Unavailable) if attempt == WILL_ATTEMPTS => break,
                Err(Unavailable) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        tracing::warn!(device = %device.id, "a last will could not be stored");
    }
}

#[async_trait]
impl Handler for Door {
    async fn hook(&self, asked: &Parameter, so_far: Option<HookResult>) -> ReturnType {
        let answer = match asked {
            Parameter::ClientAuthenticate(connect) => HookResult::AuthResult(self.authenticate(connect).await),
            Parameter::MessagePublishCheckAcl(session, publish) => HookResult::PublishAclResult(self.published(session, publish).await),
            Parameter::ClientSubscribeCheckAcl(session, subscribe) => {
                HookResult::SubscribeAclResult(self.subscribed(session, subscribe).await)
            }
            Parameter::MessagePublish(session, from, publish) => match self.passing(*session, from, publish).await {
                Some(changed) => HookResult::Publish(changed),
                None => return (true, so_far),
            },
            Parameter::ClientConnected(session) => {
                self.house.connected(session).await;
                return (true, so_far);
            }
            Parameter::ClientDisconnected(session, _) => {
                self.house.disconnected(&session.id).await;
                return (true, so_far);
            }
            _ => return (true, so_far),
        };
        (false, Some(answer))
    }
}
