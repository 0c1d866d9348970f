//! Whose a session is. rmqtt knows sessions by client id alone, so a device could take over another's connection by
//! using its client id. Here each has its own space of client ids: `<user name>/<client id>`.

use rmqtt::types::{ClientId, Id};

/// The name below which a session is kept. A name that is one already stays as it is.
pub(super) fn kept_as(id: &Id) -> ClientId {
    let user = id.username_ref();
    match id.client_id.strip_prefix(user) {
        Some(rest) if rest.starts_with('/') => id.client_id.clone(),
        _ => ClientId::from(format!("{user}/{}", id.client_id)),
    }
}

/// The same client under the name that its session is kept by. Not equal to the first: an [`Id`] holds the time it was made.
pub(super) fn kept_id(id: &Id) -> Id {
    Id::new(id.node_id, id.lid, id.local_addr, id.remote_addr, kept_as(id), id.username.clone())
}

/// Whether a user name keeps these spaces apart.
pub(super) fn separable(user: &str) -> bool {
    !user.is_empty() && !user.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(user: &str, client: &str) -> Id {
        Id::new(1, 1, None, None, client.into(), Some(user.into()))
    }

    #[test]
    fn two_devices_never_share_a_name() {
        assert_eq!(kept_as(&id("m1", "meter")), "m1/meter");
        assert_ne!(kept_as(&id("m1", "meter")), kept_as(&id("m2", "meter")));
        assert_eq!(kept_as(&id("m2", "m1/meter")), "m2/m1/meter");
        assert_eq!(kept_as(&id("m1", "m1")), "m1/m1");
        assert!(!separable("m1/x") && !separable(""));
    }

    #[test]
    fn naming_twice_changes_nothing() {
        let once = kept_id(&id("m1", "meter"));
        assert_eq!(kept_as(&once), once.client_id);
    }
}
