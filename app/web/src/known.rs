//! What a page showed last, for when it cannot be asked for again: a line that was down for a moment takes nothing away.

use std::time::Duration;

use leptos::prelude::*;
use vigia_domain::device::DevicePage;

use crate::fault::Fault;
use crate::pages::devices::Wanted;

/// How long to wait before it is asked for once more.
const AGAIN: Duration = Duration::from_secs(5);

/// The last list of devices, and what it is a list of.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    last: StoredValue<Option<(Wanted, DevicePage)>>,
    tries: RwSignal<u32>,
}

impl Known {
    pub(crate) fn nothing() -> Self {
        Self { last: StoredValue::new(None), tries: RwSignal::new(0) }
    }

    /// Moves when it is to be asked for once more.
    pub(crate) fn tries(self) -> u32 {
        self.tries.get()
    }

    /// The answer; or, where none came, the one before to the same question, until there is another.
    pub(crate) fn or_last(self, wanted: &Wanted, answer: Result<DevicePage, Fault>) -> Result<DevicePage, Fault> {
        match answer {
            Ok(page) => {
                // The server is asked once, and by one page.
                if cfg!(target_arch = "wasm32") {
                    self.last.set_value(Some((wanted.clone(), page.clone())));
                }
                Ok(page)
            }
            // It is gone, or belongs to somebody else, or the session has ended.
            Err(fault) if matches!(fault.status, 401..=404) => Err(fault),
            Err(fault) => {
                let last = self.last.with_value(|last| last.as_ref().filter(|(of, _)| of == wanted).map(|(_, page)| page.clone()));
                if last.is_some() {
                    let again = move || {
                        let _ = self.tries.try_update(|n| *n += 1);
                    };
                    set_timeout(again, AGAIN);
                }
                last.ok_or(fault)
            }
        }
    }
}
