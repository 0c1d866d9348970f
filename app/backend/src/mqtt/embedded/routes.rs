//! Who subscribed to what: rmqtt's table, with sessions under the names that [`super::names`] gives them.

use std::str::FromStr as _;

use async_trait::async_trait;
use rmqtt::Result;
use rmqtt::context::ServerContext;
use rmqtt::router::{DefaultRouter, Router};
use rmqtt::topic::Topic;
use rmqtt::types::{
    AllRelationsMap, HashMap, Id, NodeId, Route, SubRelationsMap, SubsSearchParams, SubsSearchResult, SubscriptionOptions, TopicFilter,
    TopicName,
};
use rmqtt::utils::Counter;

use super::names::kept_as;

pub(super) struct Routes {
    table: DefaultRouter,
}

impl Routes {
    pub(super) fn new(context: ServerContext) -> Self {
        Self { table: DefaultRouter::new(Some(context)) }
    }
}

#[async_trait]
impl Router for Routes {
    /// The key is the kept name, the value the client's own id: that is what "no local" of MQTT 5 compares with the sender.
    async fn add(&self, filter: &str, id: Id, opts: SubscriptionOptions) -> Result<()> {
        let topic = Topic::from_str(filter)?;
        self.table.topics.write().await.insert(&topic, ());
        let mut subscribers = self.table.relations.entry(TopicFilter::from(filter)).or_insert_with(|| {
            self.table.topics_count.inc();
            HashMap::default()
        });
        if subscribers.insert(kept_as(&id), (id, opts)).is_none() {
            self.table.relations_count.inc();
        }
        Ok(())
    }

    async fn remove(&self, filter: &str, id: Id) -> Result<bool> {
        let key = kept_as(&id);
        let empty = {
            let Some(mut subscribers) = self.table.relations.get_mut(filter) else { return Ok(false) };
            // Another connection of the same client may have subscribed since.
            if subscribers.get(&key).is_none_or(|(subscribed, _)| *subscribed != id) {
                return Ok(false);
            }
            subscribers.remove(&key);
            self.table.relations_count.dec();
            subscribers.is_empty()
        };
        if empty && self.table.relations.remove_if(filter, |_, subscribers| subscribers.is_empty()).is_some() {
            self.table.topics_count.dec();
            self.table.topics.write().await.remove(&Topic::from_str(filter)?, &());
        }
        Ok(true)
    }

    async fn matches(&self, id: Id, topic: &TopicName) -> Result<SubRelationsMap> {
        self.table.matches(id, topic).await
    }

    async fn is_online(&self, node_id: NodeId, client_id: &str) -> bool {
        self.table.is_online(node_id, client_id).await
    }

    async fn gets(&self, limit: usize) -> Vec<Route> {
        self.table.gets(limit).await
    }

    async fn get(&self, topic: &str) -> Result<Vec<Route>> {
        self.table.get(topic).await
    }

    async fn query_subscriptions(&self, q: &SubsSearchParams) -> Vec<SubsSearchResult> {
        self.table.query_subscriptions(q).await
    }

    async fn topics_tree(&self) -> usize {
        self.table.topics_tree().await
    }

    fn topics(&self) -> Counter {
        self.table.topics()
    }

    fn routes(&self) -> Counter {
        self.table.routes()
    }

    fn merge_topics(&self, topics: &HashMap<NodeId, Counter>) -> Counter {
        self.table.merge_topics(topics)
    }

    fn merge_routes(&self, routes: &HashMap<NodeId, Counter>) -> Counter {
        self.table.merge_routes(routes)
    }

    async fn list_topics(&self, top: usize) -> Vec<String> {
        self.table.list_topics(top).await
    }

    async fn list_relations(&self, top: usize) -> Vec<serde_json::Value> {
        self.table.list_relations(top).await
    }

    fn relations(&self) -> &AllRelationsMap {
        &self.table.relations
    }
}
