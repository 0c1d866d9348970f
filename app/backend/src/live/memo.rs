//! Answers that many connections need at about the same time: asked once, shared by all.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// An answer is forgotten when it is this old, in milliseconds; nobody takes one that is older than their own last question.
const KEPT_MS: i64 = 60_000;
/// From how many answers on it is looked for old ones.
const MANY: usize = 1_024;

/// Answers by what was asked, each with its instant in milliseconds since the epoch. Clones are handles to the same ones.
pub struct Memo<K, V>(Arc<Mutex<Kept<K, V>>>);

struct Kept<K, V> {
    answers: HashMap<K, (i64, V)>,
    /// How many there may be until old ones are looked for again.
    most: usize,
}

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Kept { answers: HashMap::new(), most: MANY })))
    }
}

impl<K, V> Clone for Memo<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash, V: Clone> Memo<K, V> {
    /// The answer that somebody else got after `asked_ms`, with its instant. One from after now was got before the clock was set back:
    /// it may be older than any.
    #[must_use]
    pub fn since(&self, key: &K, asked_ms: i64, now_ms: i64) -> Option<(i64, V)> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.answers.get(key).filter(|(at_ms, _)| *at_ms > asked_ms && *at_ms <= now_ms).cloned()
    }

    /// Forgets every answer: they are not true any more.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).answers.clear();
    }

    /// Keeps an answer for those who ask next.
    pub fn keep(&self, key: K, at_ms: i64, value: V) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.answers.insert(key, (at_ms, value));
        if kept.answers.len() > kept.most {
            kept.answers.retain(|_, (kept_ms, _)| at_ms - *kept_ms < KEPT_MS);
            kept.most = MANY.max(2 * kept.answers.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_shared_but_never_an_older_one_than_ones_own() {
        let memo = Memo::default();
        memo.keep("key", 1_000, true);
        assert_eq!(memo.since(&"key", 999, 1_000), Some((1_000, true)));
        assert_eq!((memo.since(&"key", 1_000, 2_000), memo.since(&"other", 0, 2_000)), (None, None));
        assert_eq!(memo.since(&"key", 0, 999), None, "the clock was set back since");
    }

    #[test]
    fn old_answers_are_forgotten() {
        let memo = Memo::default();
        (0..5_000).for_each(|n| memo.keep(n, i64::from(n) * 1_000, ()));
        let kept = memo.0.lock().expect("no panic").answers.len();
        assert!(kept <= MANY + 1, "{kept}");
    }
}
