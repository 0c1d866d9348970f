//! Who hears what: single sessions, and groups whose members share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use vigia_domain::ids::DeviceId;

use super::message::Message;
use super::session::Session;
use super::tree::Tree;
use super::wire::Options;

/// How a session hears what its filter covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subscription {
    pub(super) options: Options,
    pub(super) id: Option<u32>,
}

/// A group. The device is a part of its name: no other can join it and take a part of its messages.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GroupName {
    pub(super) device: DeviceId,
    pub(super) group: Box<str>,
    pub(super) filter: Box<str>,
}

/// A session that is to get a message.
pub(super) struct Hit {
    pub(super) session: Arc<Session>,
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) subscription_ids: Vec<u32>,
    pub(super) group: Option<Arc<GroupName>>,
}

struct Member {
    session: Arc<Session>,
    subscription: Subscription,
}

enum Listener {
    Single(Member),
    Group { name: Arc<GroupName>, members: Vec<Member>, next: AtomicUsize },
}

#[derive(Default)]
pub(super) struct Subscriptions {
    tree: RwLock<Tree<Listener>>,
}

impl Subscriptions {
    /// Whether it is new for this session; an old one is replaced.
    pub(super) fn add(&self, session: &Arc<Session>, filter: &str, subscription: Subscription) -> bool {
        let mut tree = self.changed();
        let listeners = tree.at(filter);
        let member = Member { session: Arc::clone(session), subscription };
        for listener in listeners.iter_mut() {
            if let Listener::Single(old) = listener
                && old.session.number == session.number
            {
                *old = member;
                return false;
            }
        }
        listeners.push(Listener::Single(member));
        true
    }

    /// The same as a member of a group.
    pub(super) fn join(&self, session: &Arc<Session>, group: &str, filter: &str, subscription: Subscription) -> bool {
        let member = Member { session: Arc::clone(session), subscription };
        let device = &session.device.id;
        let mut tree = self.changed();
        let listeners = tree.at(filter);
        for listener in listeners.iter_mut() {
            if let Listener::Group { name, members, .. } = listener
                && name.device == *device
                && *name.group == *group
            {
                if let Some(old) = members.iter_mut().find(|old| old.session.number == session.number) {
                    *old = member;
                    return false;
                }
                members.push(member);
                return true;
            }
        }
        let name = Arc::new(GroupName { device: device.clone(), group: group.into(), filter: filter.into() });
        listeners.push(Listener::Group { name, members: vec![member], next: AtomicUsize::new(0) });
        true
    }

    /// Ends what the session had at this filter, alone or in this group.
    pub(super) fn remove(&self, session: &Session, group: Option<&str>, filter: &str) {
        self.changed().retain(filter, |listener| match (listener, group) {
            (Listener::Single(member), None) => member.session.number != session.number,
            (Listener::Group { name, members, .. }, Some(group)) if *name.group == *group && name.device == session.device.id => {
                members.retain(|member| member.session.number != session.number);
                !members.is_empty()
            }
            _ => true,
        });
    }

    /// Whether anybody hears this topic.
    pub(super) fn any(&self, topic: &str) -> bool {
        let mut any = false;
        self.read().covering(topic, &mut |_| any = true);
        any
    }

    /// Who gets this message. Of several subscriptions of one session that cover it, the best quality counts and it comes once.
    pub(super) fn hits(&self, message: &Message) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        self.read().covering(&message.topic, &mut |listener| match listener {
            Listener::Single(Member { session, subscription }) => {
                let Subscription { options, id } = *subscription;
                if options.no_local && message.from == Some(session.number) {
                    return;
                }
                let (qos, retain) = (options.qos.min(message.qos), options.as_published && message.retain);
                match hits.iter_mut().find(|hit| hit.group.is_none() && hit.session.number == session.number) {
                    Some(hit) => {
                        hit.qos = hit.qos.max(qos);
                        hit.retain |= retain;
                        hit.subscription_ids.extend(id);
                    }
                    None => {
                        let session = Arc::clone(session);
                        hits.push(Hit { session, qos, retain, subscription_ids: Vec::from_iter(id), group: None });
                    }
                }
            }
            Listener::Group { name, members, next } => hits.extend(choose(name, members, next, message, None)),
        });
        hits
    }

    /// Another member of the group for a message that `gone` did not take.
    pub(super) fn another(&self, name: &GroupName, message: &Message, gone: u64) -> Option<Hit> {
        let tree = self.read();
        tree.find(&name.filter).iter().find_map(|listener| match listener {
            Listener::Group { name: this, members, next } if **this == *name => choose(this, members, next, message, Some(gone)),
            _ => None,
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, Tree<Listener>> {
        self.tree.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) -> RwLockWriteGuard<'_, Tree<Listener>> {
        self.tree.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next member in turn that is there and keeps up; else one that is remembered.
fn choose(name: &Arc<GroupName>, members: &[Member], next: &AtomicUsize, message: &Message, gone: Option<u64>) -> Option<Hit> {
    let first = next.fetch_add(1, Ordering::Relaxed);
    let in_turn = || (0..members.len()).map(|n| &members[(first.wrapping_add(n)) % members.len()]);
    let others = || in_turn().filter(|member| Some(member.session.number) != gone);
    let member = others().find(|member| member.session.keeps_up()).or_else(|| others().next())?;
    let Subscription { options, id } = member.subscription;
    Some(Hit {
        session: Arc::clone(&member.session),
        qos: options.qos.min(message.qos),
        retain: options.as_published && message.retain,
        subscription_ids: Vec::from_iter(id),
        group: Some(Arc::clone(name)),
    })
}
