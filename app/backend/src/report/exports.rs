//! How many files may be made at once: each holds readings in memory and asks the store for more for as long as somebody fetches it.

use std::sync::Arc;

use axum::body::Body;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vigia_domain::rights::Principal;

use crate::share::{Share, Shares};

/// So many of one person, key or device.
pub const EACH: usize = 2;
/// So many in all.
const ALL: usize = 8;
/// So many of these for customers together: however slowly they fetch theirs, who runs the installation gets some.
const CUSTOMERS: usize = 6;

/// No further file is made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// Whoever asks has others under way.
    #[error("at most {EACH} files at once; ask again when one of yours is done")]
    Own,
    /// The server makes as many as it can.
    #[error("as many files are being made as can be; ask again in a few seconds")]
    All,
}

/// Who has how many under way. Clones are handles to the same count.
#[derive(Clone)]
pub struct Exports {
    each: Shares<String>,
    customers: Arc<Semaphore>,
    all: Arc<Semaphore>,
}

/// A file under way, until it is dropped.
pub struct Export {
    _own: Share<String>,
    _places: [Option<OwnedSemaphorePermit>; 2],
}

impl Default for Exports {
    fn default() -> Self {
        let of = |places| Arc::new(Semaphore::new(places));
        Self { each: Shares::of(EACH), customers: of(CUSTOMERS), all: of(ALL) }
    }
}

impl Exports {
    /// Begins one.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn begin(&self, who: &Principal) -> Result<Export, Busy> {
        let own = self.each.take(who.holder()).ok_or(Busy::Own)?;
        let place = |of: &Arc<Semaphore>| Arc::clone(of).try_acquire_owned().map_err(|_| Busy::All);
        let is_customer = who.only_of().is_some();
        let among_customers = is_customer.then(|| place(&self.customers)).transpose()?;
        Ok(Export { _own: own, _places: [among_customers, Some(place(&self.all)?)] })
    }
}

impl Export {
    /// Counts as under way until this body was sent or nobody wants it any more.
    pub fn until_sent(self, body: Body) -> Body {
        Body::new(body.map_frame(move |frame| {
            let _under_way = &self;
            frame
        }))
    }
}

#[cfg(test)]
mod tests {
    use vigia_domain::ids::UserId;

    use vigia_domain::user::Role;

    use super::*;

    fn begin(exports: &Exports, who: i64) -> Result<Export, Busy> {
        exports.begin(&Principal::user(UserId(who), Role::Staff))
    }

    #[test]
    fn each_has_a_few_and_all_together_a_few_more() {
        let exports = Exports::default();
        let own: Vec<_> = (0..EACH).map(|_| begin(&exports, 1).expect("begun")).collect();
        assert_eq!(begin(&exports, 1).err(), Some(Busy::Own));
        let others: Vec<_> = (2..).map_while(|who| begin(&exports, who).ok()).collect();
        assert_eq!(own.len() + others.len(), ALL);
        assert_eq!(begin(&exports, 99).err(), Some(Busy::All));
        drop(own);
        assert!(begin(&exports, 1).is_ok() && begin(&exports, 99).is_ok(), "who was refused holds nothing");
    }

    #[test]
    fn customers_leave_some_for_who_runs_it() {
        let exports = Exports::default();
        let customer = |id| exports.begin(&Principal::user(UserId(id), Role::Customer));
        let theirs: Vec<_> = (1..).map_while(|id| customer(id).ok()).collect();
        assert_eq!((theirs.len(), customer(99).err()), (CUSTOMERS, Some(Busy::All)));
        let ours: Vec<_> = (100..).map_while(|id| begin(&exports, id).ok()).collect();
        assert_eq!(ours.len(), ALL - CUSTOMERS);
        drop(theirs);
        assert!(customer(99).is_ok());
    }

    #[tokio::test]
    async fn a_file_is_under_way_until_it_was_sent_or_is_not_wanted() {
        let exports = Exports::default();
        let body = || begin(&exports, 1).expect("begun").until_sent(Body::from("a,b\r\n"));
        let (sent, unwanted) = (body(), body());
        assert!(begin(&exports, 1).is_err());
        assert_eq!(sent.collect().await.expect("a body").to_bytes(), "a,b\r\n");
        drop(unwanted);
        assert!(exports.each.are_free());
    }
}
