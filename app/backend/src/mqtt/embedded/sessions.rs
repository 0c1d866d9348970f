//! The sessions: rmqtt's map of them, with two things of ours. Each is kept under a name of its own device, and a session
//! begins only when the device has been let in by [`super::door`].

use std::sync::Arc;

use async_trait::async_trait;
use rmqtt::context::ServerContext;
use rmqtt::session::Session;
use rmqtt::shared::{DefaultShared, Entry, RetainLoadCallback, Shared};
use rmqtt::types::{
    ForwardedCount, ForwardedRecipients, From, Id, IsAdmin, MsgID, NodeId, OfflineSession, Publish, Reason, SessionStatus, SubRelations,
    SubRelationsMap, SubsSearchParams, SubsSearchResult, Subscribe, SubscribeReturn, To, TopicFilter, Tx, Unsubscribe,
};
use rmqtt::{Error, Result};

use super::house::House;
use super::names::kept_id;

type Undelivered = Vec<(To, From, Publish, Reason)>;

pub(super) struct Sessions {
    map: DefaultShared,
    context: ServerContext,
    house: Arc<House>,
}

impl Sessions {
    pub(super) fn new(context: ServerContext, house: Arc<House>) -> Self {
        Self { map: DefaultShared::new(Some(context.clone())), context, house }
    }
}

/// One client's place in the map, whether a session is there or not.
struct Place {
    /// The client as it called itself.
    id: Id,
    /// The same place in rmqtt's map, by the kept name.
    entry: Box<dyn Entry>,
    /// Whether this is a handshake's: its client is expected until it is set or this is dropped.
    is_handshake: bool,
    context: ServerContext,
    house: Arc<House>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_handshake {
            self.house.forget(&self.id);
        }
    }
}

#[async_trait]
impl Entry for Place {
    /// The last step before a session begins, so the answer to CONNECT is made here: who was not let in by the door, because
    /// the registry could not be asked, gets "server unavailable", which rmqtt's own hooks cannot say.
    async fn try_lock(&self) -> Result<Box<dyn Entry>> {
        if !self.house.is_expected(&self.id) {
            return Err(Error::msg("the device registry cannot be asked now"));
        }
        let locked = self.entry.try_lock().await.inspect_err(|_| self.house.forget(&self.id))?;
        let (context, house) = (self.context.clone(), Arc::clone(&self.house));
        Ok(Box::new(Self { id: self.id.clone(), entry: locked, is_handshake: true, context, house }))
    }

    fn id(&self) -> Id {
        self.id.clone()
    }

    fn id_same(&self) -> Option<bool> {
        self.entry.session().map(|session| session.id == self.id)
    }

    async fn set(&mut self, session: Session, tx: Tx) -> Result<()> {
        self.house.begin(&session, &tx).await.ok_or_else(|| Error::msg("a session without a device"))?;
        self.entry.set(session, tx).await?;
        for client in self.house.shares.begin(&self.id) {
            let id = Id::new(self.id.node_id, self.id.lid, None, None, client, self.id.username.clone());
            let mut remembered = self.context.extends.shared().await.entry(id);
            if let Err(reason) = remembered.kick(true, true, true).await {
                tracing::debug!(client = %remembered.id(), %reason, "a remembered session was already ending");
            }
        }
        Ok(())
    }

    async fn remove(&mut self) -> Result<Option<(Session, Tx)>> {
        let removed = self.entry.remove().await?;
        self.house.shares.end(&self.id);
        Ok(removed)
    }

    async fn remove_with(&mut self, id: &Id) -> Result<Option<(Session, Tx)>> {
        let removed = self.entry.remove_with(id).await?;
        if removed.is_some() {
            self.house.shares.end(&self.id);
        }
        Ok(removed)
    }

    async fn kick(&mut self, clean_start: bool, clear_subscriptions: bool, is_admin: IsAdmin) -> Result<OfflineSession> {
        let kicked = self.entry.kick(clean_start, clear_subscriptions, is_admin).await?;
        self.house.shares.end(&self.id);
        Ok(kicked)
    }

    async fn online(&self) -> bool {
        self.entry.online().await
    }

    async fn is_connected(&self) -> bool {
        self.entry.is_connected().await
    }

    fn session(&self) -> Option<Session> {
        self.entry.session()
    }

    fn exist(&self) -> bool {
        self.entry.exist()
    }

    fn tx(&self) -> Option<Tx> {
        self.entry.tx()
    }

    // Not handed on: rmqtt's would enter the kept name into the table of subscriptions, and could not remove it again.
    async fn subscribe(&self, sub: &Subscribe) -> Result<SubscribeReturn> {
        let session = self.entry.session().ok_or_else(|| Error::msg("no such session"))?;
        self.context.extends.router().await.add(&sub.topic_filter, self.id.clone(), sub.opts.clone()).await?;
        let before = session.subscriptions_add(sub.topic_filter.clone(), sub.opts.clone()).await?;
        Ok(SubscribeReturn::new_success(sub.opts.qos(), before))
    }

    async fn unsubscribe(&self, unsub: &Unsubscribe) -> Result<bool> {
        let session = self.entry.session().ok_or_else(|| Error::msg("no such session"))?;
        self.context.extends.router().await.remove(&unsub.topic_filter, self.id.clone()).await?;
        Ok(session.subscriptions_remove(&unsub.topic_filter).await?.is_some())
    }

    async fn publish(&self, from: From, p: Publish) -> std::result::Result<(), (From, Publish, Reason)> {
        self.entry.publish(from, p).await
    }

    async fn subscriptions(&self) -> Option<Vec<SubsSearchResult>> {
        self.entry.subscriptions().await
    }
}

#[async_trait]
impl Shared for Sessions {
    fn entry(&self, id: Id) -> Box<dyn Entry> {
        let entry = self.map.entry(kept_id(&id));
        Box::new(Place { id, entry, is_handshake: false, context: self.context.clone(), house: Arc::clone(&self.house) })
    }

    fn exist(&self, client_id: &str) -> bool {
        self.map.exist(client_id)
    }

    async fn forwards(
        &self,
        msg_id: Option<MsgID>,
        from: From,
        publish: Publish,
    ) -> std::result::Result<ForwardedCount, (ForwardedCount, Undelivered)> {
        self.map.forwards(msg_id, from, publish).await
    }

    async fn forwards_and_get_shareds(
        &self,
        from: From,
        publish: Publish,
    ) -> std::result::Result<(SubRelationsMap, ForwardedRecipients), (ForwardedRecipients, Undelivered)> {
        self.map.forwards_and_get_shareds(from, publish).await
    }

    async fn forwards_to(
        &self,
        from: From,
        publish: &Publish,
        relations: SubRelations,
        msg_id: Option<MsgID>,
    ) -> std::result::Result<ForwardedRecipients, (ForwardedRecipients, Undelivered)> {
        self.map.forwards_to(from, publish, relations, msg_id).await
    }

    fn iter(&self) -> Box<dyn Iterator<Item = Box<dyn Entry>> + Sync + Send + '_> {
        Box::new(self.map.iter().map(|entry| self.entry(entry.id())))
    }

    fn random_session(&self) -> Option<Session> {
        self.map.random_session()
    }

    async fn session_status(&self, client_id: &str) -> Option<SessionStatus> {
        self.map.session_status(client_id).await
    }

    async fn client_states_count(&self) -> usize {
        self.map.client_states_count().await
    }

    fn sessions_count(&self) -> usize {
        self.map.sessions_count()
    }

    async fn query_subscriptions(&self, q: &SubsSearchParams) -> Vec<SubsSearchResult> {
        self.map.query_subscriptions(q).await
    }

    async fn subscriptions_count(&self) -> usize {
        self.map.subscriptions_count().await
    }

    fn node_name(&self, id: NodeId) -> String {
        self.map.node_name(id)
    }

    async fn retain_load_with(&self, filter: &TopicFilter, found: Arc<dyn RetainLoadCallback>) -> Result<Vec<(NodeId, MsgID)>> {
        let retained = self.context.extends.retain().await.get(filter).await?;
        found.on_retains(retained).await
    }
}
