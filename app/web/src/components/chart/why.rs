//! Why there is a gap, in words.

use vigia_domain::gap::{Cause, Explained};

use crate::i18n::Texts;

/// The cause of the gap that begins then; `None` where nobody looked into it.
pub(super) fn cause(causes: &[Explained], from_ms: i64) -> Option<Cause> {
    causes.iter().find(|explained| explained.from_ms == from_ms).map(|explained| explained.cause)
}

/// A few words behind a stretch of time.
pub(super) fn told(t: &'static Texts, cause: Cause) -> String {
    match cause {
        Cause::Goodbye => t.gap_goodbye().to_owned(),
        Cause::Clock { messages } => t.gap_clock(messages),
        Cause::Refused { messages } => t.gap_refused(messages),
        Cause::OtherValues => t.gap_other().to_owned(),
        Cause::Silent => t.gap_silent().to_owned(),
        Cause::Unknown => t.gap_unknown().to_owned(),
    }
}

/// What stands in the band itself; `None`: only that there is nothing.
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "only the drawing has bands"))]
pub(super) const fn word(t: &'static Texts, cause: Cause) -> Option<&'static str> {
    Some(match cause {
        Cause::Goodbye => t.gap_goodbye_short(),
        Cause::Clock { .. } => t.gap_clock_short(),
        Cause::Refused { .. } => t.gap_refused_short(),
        Cause::OtherValues => t.gap_other_short(),
        Cause::Silent => t.gap_silent_short(),
        Cause::Unknown => return None,
    })
}
