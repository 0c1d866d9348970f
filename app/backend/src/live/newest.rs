//! When the values were taken that followers of a device were last told of: no number on a page goes back, though what several processes
//! store and tell need not come in the order of its instants.

use std::collections::HashMap;
use std::sync::Arc;

use vigia_domain::live::Update;

/// The most metrics that are remembered of a device; beyond, all are forgotten.
const METRICS: usize = 1_000;

/// Metric and instant. Instants are texts of one form, which sort as they follow each other.
#[derive(Default)]
pub(super) struct Newest(HashMap<String, Arc<str>>);

impl Newest {
    /// Takes note of what is told. `Some`: the same without the values that are older than what was told before.
    pub(super) fn note(&mut self, update: &Update) -> Option<Update> {
        let at: Arc<str> = update.at.as_str().into();
        let mut older = 0;
        for name in update.values.keys() {
            match self.0.get_mut(name) {
                Some(known) if **known > *at => older += 1,
                Some(known) => *known = Arc::clone(&at),
                None => {
                    if self.0.len() >= METRICS {
                        self.0.clear();
                    }
                    self.0.insert(name.clone(), Arc::clone(&at));
                }
            }
        }
        (older > 0).then(|| {
            let is_newest = |name: &String| self.0.get(name).is_none_or(|known| **known <= *at);
            let values = update.values.iter().filter(|(name, _)| is_newest(name)).map(|(name, value)| (name.clone(), *value)).collect();
            Update { values, ..update.clone() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(at: &str, names: &[&str]) -> Update {
        let values = names.iter().map(|name| ((*name).to_owned(), 1.0)).collect();
        Update { topic: "device/m1".into(), at: at.into(), values, online: None, seen_at: None }
    }

    #[test]
    fn each_metric_goes_on_from_where_it_was() {
        let mut newest = Newest::default();
        assert_eq!(newest.note(&update("2026-01-01T00:00:02.000Z", &["power_w"])), None);
        assert_eq!(newest.note(&update("2026-01-01T00:00:02.000Z", &["power_w"])), None, "corrected");
        let rest = newest.note(&update("2026-01-01T00:00:01.000Z", &["power_w", "voltage_v"])).expect("one is old");
        assert_eq!(rest, update("2026-01-01T00:00:01.000Z", &["voltage_v"]));
        assert_eq!(newest.note(&update("2026-01-01T00:00:03.000Z", &["power_w", "voltage_v"])), None);
    }

    #[test]
    fn a_device_of_many_names_is_forgotten_and_not_kept_without_end() {
        let mut newest = Newest::default();
        for n in 0..3 * METRICS {
            newest.note(&update("2026-01-01T00:00:02.000Z", &[&format!("m{n}")]));
            assert!(newest.0.len() <= METRICS);
        }
    }
}
